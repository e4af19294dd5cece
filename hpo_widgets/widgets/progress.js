// The live panel of a study. Names and values are data: they only ever become text nodes and attributes.
// One feed a model holds the chart's points; every view of the model draws from it.

const SVG = "http://www.w3.org/2000/svg";
const COUNTED = new Set(["completed", "aborted"]);
const DOING = { pause: "Pausing…", resume: "Resuming…", stop: "Stopping…" };
const PAD = { left: 46, right: 10, top: 8, bottom: 18 };
const HEIGHT = 132;

function make(tag, name, text) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  return node;
}

function draw(tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

function clock(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}`
    : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

const short = (value) => Number(value.toPrecision(4)).toString();

// ---- the points of one model: a snapshot, then changes; a gap in their numbering asks for a new snapshot ----------
class Feed {
  constructor(model) {
    this.model = model;
    this.views = new Set();
    this.skew = 0;
    this.dead = false;
    const chart = model.get("chart");
    this.take(chart);
    model.on("msg:custom", (message) => this.hear(message));
    model.on("comm_live_update", () => { this.dead = true; this.tell(); });
    model.send({ op: "resend" });
  }
  take({ version, width, points }) {
    this.version = version;
    this.width = width;
    this.points = new Map(points.map((point) => [point[0], point]));
  }
  hear(message) {
    if (message.op !== "points") {
      for (const view of this.views) view.answered();
      return;
    }
    if (message.now) this.skew = Date.now() / 1000 - message.now;
    if (message.whole) {
      if (message.version >= this.version) this.take(message);
    } else if (message.version === this.version + 1) {
      this.version = message.version;
      for (const point of message.points) this.points.set(point[0], point);
    } else if (message.version > this.version) {
      this.model.send({ op: "resend" });
    }
    this.tell();
  }
  tell() { for (const view of this.views) view.later(); }
}

// ---- the chart -----------------------------------------------------------------------------------------------------
// The scale belongs to the trials that count, with some room on the bad side; what lies beyond is drawn at the edge, so
// that neither a diverged trial nor one that has only begun flattens all others.
function range(points, minimize) {
  const counted = points.filter((point) => COUNTED.has(point[3]));
  const values = Float64Array.from((counted.length > 2 ? counted : points).map((point) => point[2])).sort();
  const at = (share) => values[Math.round((values.length - 1) * share)];
  let low = at(0);
  let high = at(1);
  if (minimize) high = Math.min(high, at(0.9) + 1.5 * (at(0.9) - low));
  else low = Math.max(low, at(0.1) - 1.5 * (high - at(0.1)));
  if (!(high > low)) { const room = Math.abs(low) * 0.05 || 0.5; low -= room; high += room; }
  const span = high - low;
  if (minimize) high = Math.min(high + span / 2, Math.max(high, ...points.map((point) => point[2])));
  else low = Math.max(low - span / 2, Math.min(low, ...points.map((point) => point[2])));
  const room = (high - low) * 0.06;
  return [low - room, high + room];
}

const MARKS = {
  completed: (x, y) => `M${x} ${y}h0`,
  aborted: (x, y) => `M${x} ${y}h0`,
  running: (x, y) => `M${x - 2.5} ${y}a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0 -5 0`,
  pruned: (x, y) => `M${x - 2.5} ${y}h5`,
  failed: (x, y) => `M${x - 2.5} ${y - 2.5}l5 5m0 -5l-5 5`,
};

class Chart {
  constructor() {
    this.svg = draw("svg", { class: "hpo-progress-chart", role: "img", height: HEIGHT, width: "100%" });
    this.node = make("figure", "hpo-progress-figure");
    this.caption = make("figcaption", "hpo-progress-caption", "");
    this.node.append(this.svg, this.caption);
    this.spots = [];
    this.svg.addEventListener("pointermove", (event) => this.point(event));
    this.svg.addEventListener("pointerleave", () => this.describe(null));
  }
  show(feed, head) {
    const width = Math.max(160, this.svg.clientWidth || 320);
    this.head = head;
    this.width = feed.width;
    this.svg.setAttribute("aria-label", head.label);
    const points = [...feed.points.values()].sort((a, b) => a[0] - b[0]);
    const valued = points.filter((p) => p[2] !== null);
    const parts = [];
    this.spots = [];
    if (valued.length) {
      const [low, high] = range(valued, head.minimize);
      const last = Math.max(1, points[points.length - 1][0]);
      const span = width - PAD.left - PAD.right;
      const inner = HEIGHT - PAD.top - PAD.bottom;
      const x = (group) => +(PAD.left + (span * group) / last).toFixed(1);
      const y = (value) => +(PAD.top + inner * (1 - (Math.min(high, Math.max(low, value)) - low) / (high - low))).toFixed(1);
      parts.push(...this.axes(width, low, high, y, points[points.length - 1]), ...this.marks(points, x, y), this.best(valued, x, y, width));
    }
    this.svg.replaceChildren(...parts);
    this.describe(null);
  }
  axes(width, low, high, y, last) {
    const parts = [];
    const room = (high - low) * 0.06;
    for (const value of [low + room, (low + high) / 2, high - room]) {
      const at = y(value);
      parts.push(draw("line", { class: "hpo-progress-grid", x1: PAD.left, x2: width - PAD.right, y1: at, y2: at }));
      parts.push(draw("text", { class: "hpo-progress-tick", x: PAD.left - 6, y: at + 3.5, "text-anchor": "end" }, short(value)));
    }
    parts.push(draw("text", { class: "hpo-progress-tick", x: PAD.left, y: HEIGHT - 4 }, "trial 0"));
    parts.push(draw("text", { class: "hpo-progress-tick", x: width - PAD.right, y: HEIGHT - 4, "text-anchor": "end" }, String(last[1])));
    return parts;
  }
  marks(points, x, y) {
    const paths = {};
    for (const point of points) {
      const [group, , value, kind] = point;
      if (!MARKS[kind] || (value === null && kind !== "failed")) continue;
      const spot = [x(group), value === null ? HEIGHT - PAD.bottom - 3 : y(value), point];
      paths[kind] = (paths[kind] || "") + MARKS[kind](spot[0], spot[1]);
      this.spots.push(spot);
    }
    return Object.entries(paths).map(([kind, d]) => draw("path", { class: `hpo-progress-dots hpo-progress-${kind}`, d }));
  }
  best(points, x, y, width) {
    let best = null;
    let d = "";
    for (const [group, , value, kind] of points) {
      if (!COUNTED.has(kind) || (best !== null && (this.head.minimize ? value >= best : value <= best))) continue;
      d += best === null ? `M${x(group)} ${y(value)}` : `H${x(group)}V${y(value)}`;
      best = value;
    }
    return draw("path", { class: "hpo-progress-best", d: d && `${d}H${width - PAD.right}` });
  }
  point(event) {
    const box = this.svg.getBoundingClientRect();
    const at = [event.clientX - box.left, event.clientY - box.top];
    let found = null;
    let least = 30 * 30;
    for (const spot of this.spots) {
      const far = (spot[0] - at[0]) ** 2 + (spot[1] - at[1]) ** 2;
      if (far < least) { least = far; found = spot[2]; }
    }
    this.describe(found);
  }
  describe(point) {
    const each = this.width > 1 ? `, best of each ${this.width} trials` : "";
    this.caption.textContent = point
      ? `trial ${point[1]}: ${point[2] === null ? "no value" : Number(point[2].toPrecision(6))} (${point[3]})`
      : this.spots.length ? `${this.head.objective[0]} per trial${each}; the line is the best so far` : "";
  }
}

// ---- the panel -----------------------------------------------------------------------------------------------------
class View {
  constructor(model, feed, el) {
    Object.assign(this, { model, feed, parts: {}, doing: null });
    this.root = make("section", "hpo-progress");
    this.build();
    el.append(this.root);
    this.onHead = () => this.later();
    for (const name of ["change:head", "change:fault", "change:refusal"]) model.on(name, this.onHead);
    feed.views.add(this);
    this.sizes = new ResizeObserver(() => this.later());
    this.sizes.observe(this.root);
    this.ticker = setInterval(() => this.tick(), 1000);
    this.show();
  }
  remove() {
    for (const name of ["change:head", "change:fault", "change:refusal"]) this.model.off(name, this.onHead);
    this.feed.views.delete(this);
    this.sizes.disconnect();
    clearInterval(this.ticker);
  }
  build() {
    const p = this.parts;
    const top = make("header", "hpo-progress-top");
    p.name = make("strong", "hpo-progress-name");
    p.state = make("span", "hpo-progress-state");
    p.buttons = make("div", "hpo-progress-buttons");
    for (const [op, text] of [["pause", "Pause"], ["resume", "Resume"], ["stop", "Stop"]]) {
      const button = p[op] = make("button", `hpo-progress-button hpo-progress-${op}`, text);
      button.type = "button";
      button.addEventListener("click", () => this.click(op));
      p.buttons.append(button);
    }
    top.append(p.name, p.state, p.buttons);
    p.notices = make("div", "hpo-progress-notices");
    p.notices.setAttribute("role", "status");
    p.advice = make("p", "hpo-progress-advice");
    p.track = make("div", "hpo-progress-track");
    p.track.setAttribute("role", "progressbar");
    p.track.setAttribute("aria-label", "Progress of the study");
    p.fill = p.track.appendChild(make("div", "hpo-progress-fill"));
    p.time = make("p", "hpo-progress-time");
    p.counts = make("ul", "hpo-progress-counts");
    p.best = make("div", "hpo-progress-leader");
    p.chart = new Chart();
    const middle = make("div", "hpo-progress-middle");
    middle.append(p.best, p.chart.node);
    p.table = make("div", "hpo-progress-scroll");
    this.root.append(top, p.notices, p.advice, p.track, p.time, p.counts, middle, p.table);
  }
  click(op) {
    this.doing = { op, state: this.model.get("head").state };
    this.model.send({ op });
    this.later();
  }
  answered() {
    if (this.model.get("refusal")) this.doing = null;
    this.later();
  }
  later() {
    this.pending ??= requestAnimationFrame(() => { this.pending = undefined; this.show(); });
  }
  show() {
    const head = this.model.get("head");
    const p = this.parts;
    if (!head.name) return;
    if (this.doing && this.doing.state !== head.state) this.doing = null;
    this.root.setAttribute("role", "region");
    this.root.setAttribute("aria-label", `Study ${head.name}`);
    this.once(p.name, head.name, () => { p.name.textContent = head.name; p.name.title = head.name; });
    this.once(p.state, [head.state, head.reason], () => {
      p.state.textContent = head.reason ? `${head.state} (${head.reason})` : head.state;
      p.state.dataset.state = head.state;
    });
    this.showButtons(head);
    this.once(p.notices, [head.notices, this.model.get("fault"), this.model.get("refusal"), this.feed.dead], () => this.showNotices(head));
    this.once(p.advice, head.advice, () => { p.advice.textContent = head.advice; });
    this.once(p.counts, head.counts, () => p.counts.replaceChildren(...head.counts.map(([state, count]) => {
      const item = make("li", "", `${count} ${state}`);
      item.dataset.state = state;
      return item;
    })));
    this.once(p.best, [head.best, head.objective], () => this.showBest(head));
    this.once(p.table, head.top, () => this.showTable(head.top));
    this.once(p.chart.node, [this.feed.version, head.label, p.chart.svg.clientWidth], () => p.chart.show(this.feed, head));
    this.tick();
  }
  once(node, data, change) {
    const text = JSON.stringify(data);
    if (node.hpoShown !== text) { node.hpoShown = text; change(); }
  }
  showButtons(head) {
    for (const op of ["pause", "resume", "stop"]) {
      const button = this.parts[op];
      const busy = this.doing?.op === op;
      button.hidden = op === "stop" ? false : op === "resume" ? !head.buttons.resume : head.buttons.resume;
      button.disabled = this.feed.dead || !!this.doing || !head.buttons[op];
      button.textContent = busy ? DOING[op] : op[0].toUpperCase() + op.slice(1);
      if (op !== "resume" && !head.buttons.stop) button.hidden = true;
    }
  }
  showNotices(head) {
    const dead = this.feed.dead ? ["The kernel that brought this up to date is gone; hpo.attach(name) finds the study again."] : [];
    const texts = [...dead, this.model.get("fault"), this.model.get("refusal"), ...head.notices].filter(Boolean);
    this.parts.notices.replaceChildren(...texts.map((text) => make("p", "", text)));
  }
  showBest(head) {
    const nodes = [make("div", "hpo-progress-label", `Best ${head.objective.join(", ")}`)];
    nodes.push(make("div", "hpo-progress-value", head.best ? head.best.values.join(", ") : "–"));
    if (head.best) {
      nodes.push(make("div", "hpo-progress-label", `trial ${head.best.trial ?? "–"}`));
      const list = make("dl", "hpo-progress-parameters");
      for (const [name, value] of head.best.parameters) {
        for (const node of [make("dt", "", name), make("dd", "", value)]) {
          node.title = `${name} = ${value}`;
          list.append(node);
        }
      }
      nodes.push(list);
    }
    this.parts.best.replaceChildren(...nodes);
  }
  showTable({ columns, rows }) {
    const frame = this.parts.table;
    frame.hidden = !rows.length;
    const table = make("table", "hpo-progress-table");
    table.append(make("caption", "", "Best trials"));
    const titles = table.createTHead().insertRow();
    for (const name of columns) {
      const cell = make("th", "", name);
      cell.scope = "col";
      cell.title = name;
      titles.append(cell);
    }
    const body = table.createTBody();
    for (const row of rows) {
      const line = body.insertRow();
      for (const text of row) { const cell = line.insertCell(); cell.textContent = text; cell.title = text; }
    }
    frame.replaceChildren(table);
  }
  tick() {
    const head = this.model.get("head");
    if (!head.name) return;
    const p = this.parts;
    const since = head.clock.ticks && !this.feed.dead ? Math.max(0, Date.now() / 1000 - this.feed.skew - head.now) : 0;
    const { unit, limit } = head.bar;
    const done = unit === "time" ? head.clock.elapsed + since : head.bar.done;
    const parts = [unit === "trials" ? (limit ? `${done} of ${limit} trials` : `${done} trials`) : `${head.bar.trials} trials`];
    parts.push(unit === "compute" ? `${clock(done)} of ${clock(limit)} computing time` : `${clock(head.clock.elapsed + since)}${head.clock.limit ? ` of ${clock(head.clock.limit)}` : ""} elapsed`);
    if (head.left !== null) parts.push(`about ${clock(head.left - since)} left`);
    const text = parts.join(" · ");
    if (p.time.textContent !== text) p.time.textContent = text;
    const share = limit ? Math.min(1, done / limit) : null;
    p.track.hidden = share === null;
    p.fill.style.width = `${(share ?? 0) * 100}%`;
    p.track.dataset.state = head.state;
    if (share !== null) {
      const values = { valuemin: 0, valuemax: Math.round(limit), valuenow: Math.min(Math.round(limit), Math.floor(done)), valuetext: text };
      for (const [key, value] of Object.entries(values)) p.track.setAttribute(`aria-${key}`, value);
    }
  }
}

export default () => {
  let feed;
  return {
    initialize({ model }) { feed = new Feed(model); },
    render({ model, el }) {
      const view = new View(model, feed, el);
      return () => view.remove();
    },
  };
};
