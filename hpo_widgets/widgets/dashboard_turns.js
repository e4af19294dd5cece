// Who draws when: the panels of all dashboards of a page take turns, and what news costs together keeps the page free.
const SHORTEST_MS = 100; // between two drawings of one panel for news
const SHARE = 6; // for every moment of drawing, so many without: a seventh of the time
const LONGEST_MS = 2000; // of drawing that is waited out
const PATIENCE_MS = 300; // with a drawing that waits for something itself

const frame = () => new Promise(requestAnimationFrame);
const moment = (ms) => new Promise((done) => setTimeout(done, ms));
// Resolves when what was drawn in this frame has been laid out and painted.
const painted = () => new Promise((done) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => { port1.close(); done(); };
  port2.postMessage(0);
});

class Turns {
  constructor() { Object.assign(this, { waiting: new Set(), free: 0, busy: false }); }
  ask(pace) {
    this.waiting.add(pace);
    this.plan();
  }
  leave(pace) { this.waiting.delete(pace); }
  // People are answered at once, and a panel is first drawn at once; for news the one that has waited longest is next.
  next() {
    let first = null;
    for (const pace of this.waiting) {
      if (pace.hurried) return [pace, 0];
      first ??= pace;
    }
    return [first, first ? Math.max(this.free, first.last + SHORTEST_MS) : 0];
  }
  plan() {
    clearTimeout(this.timer);
    if (this.busy || !this.waiting.size) return;
    const [pace, at] = this.next();
    this.timer = setTimeout(() => this.run(pace), Math.max(0, at - performance.now()));
  }
  async run(pace) {
    this.busy = true;
    try {
      await frame();
      if (!this.waiting.delete(pace)) return;
      const began = performance.now();
      await Promise.race([pace.run(), moment(PATIENCE_MS)]);
      await painted();
      this.free = performance.now() + SHARE * Math.min(LONGEST_MS, performance.now() - began);
    } finally {
      this.busy = false;
      this.plan();
    }
  }
}

const turns = new Turns();

// One panel's place in the queue: it is drawn when somebody can see it, unless it is `light`: a few words of text, which
// somebody may have read to them from anywhere.
export class Pace {
  constructor(node, draw, light) {
    Object.assign(this, { draw, wanted: false, hurried: true, seen: light, last: -1e9 });
    this.watch = new IntersectionObserver((entries) => { this.seen = light || entries[entries.length - 1].isIntersecting; this.plan(); }, { rootMargin: "100px" });
    this.watch.observe(node);
    this.onShown = () => this.plan();
    document.addEventListener("visibilitychange", this.onShown);
  }
  // `hurry`: somebody did something and looks.
  want(hurry) {
    this.wanted = true;
    this.hurried ||= hurry;
    this.plan();
  }
  plan() {
    if (this.wanted && !this.drawing && this.seen && !document.hidden) turns.ask(this);
    else turns.leave(this);
  }
  async run() {
    Object.assign(this, { wanted: false, hurried: false, drawing: true });
    try { await this.draw(); }
    finally {
      Object.assign(this, { last: performance.now(), drawing: false });
      this.plan();
    }
  }
  stop() {
    this.watch.disconnect();
    turns.leave(this);
    Object.assign(this, { wanted: false, draw: () => {} });
    document.removeEventListener("visibilitychange", this.onShown);
  }
}
