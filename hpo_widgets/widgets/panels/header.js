// The head of a dashboard: where the study stands, and what can be asked of it. A press sends one request.
import { Menu, clock, make, number } from "./kit.js";
import { FORMS } from "./forms.js";

const ASKED = { pause: "pausing", resume: "resuming", drain: "draining", stop: "stopping", set_limits: "new limits", set_space: "new ranges", enqueue: "a trial by hand" };

class Header {
  constructor(root, ctx) {
    Object.assign(this, { root, ctx, skew: 0, head: null, form: null });
    this.name = make("strong", "hpo-name");
    this.state = make("span", "hpo-state");
    this.asked = make("span", "hpo-faint hpo-asked");
    this.best = make("div", "hpo-best-value");
    const top = make("div", "hpo-head-top");
    top.append(this.name, this.state, this.asked);
    this.track = make("div", "hpo-track");
    this.track.setAttribute("role", "progressbar");
    this.track.setAttribute("aria-label", "Progress of the study");
    this.fill = this.track.appendChild(make("div", "hpo-fill"));
    this.time = make("p", "hpo-faint hpo-time");
    this.counts = make("ul", "hpo-counts");
    this.advice = make("p", "hpo-faint");
    this.bar = make("div", "hpo-bar hpo-controls");
    this.bar.setAttribute("role", "toolbar");
    this.bar.setAttribute("aria-label", "Steer the study");
    this.buildControls();
    this.place = make("div", "hpo-form-place");
    const line = make("div", "hpo-head-line");
    const left = make("div", "hpo-head-left");
    left.append(top, this.track, this.time, this.counts, this.advice);
    line.append(left, this.best);
    root.append(line, this.bar, ctx.acting.node, this.place);
    this.unclone = ctx.onClone((fields) => this.show("trial", fields));
    this.unselect = ctx.selection.subscribe((ids) => this.showSelection(ids));
    this.ticker = setInterval(() => this.tick(), 1000);
  }
  dispose() {
    clearInterval(this.ticker);
    this.unclone?.();
    this.unselect?.();
  }
  buildControls() {
    this.buttons = {};
    const press = (op, text, title) => {
      const button = this.buttons[op] = make("button", `hpo-button hpo-${op}`, text);
      button.title = title;
      button.addEventListener("click", () => this.ctx.acting.act({ op }, button));
      this.bar.append(button);
    };
    press("pause", "Pause", "Starts no new trials; running ones go on to their end");
    press("resume", "Resume", "Goes on with the study");
    press("drain", "Drain", "Starts no new trials and stops when the running ones have ended");
    press("stop", "Stop now", "Ends the running trials and the study; it can be resumed");
    for (const [kind, text, title] of [
      ["limits", "Limits…", "Concurrency and all other limits"],
      ["trial", "Add a trial…", "Runs a trial with parameters of your own"],
      ["space", "Ranges…", "Narrows or widens what is searched"],
    ]) {
      const button = this.buttons[kind] = make("button", "hpo-button", text);
      button.title = title;
      button.setAttribute("aria-expanded", "false");
      button.addEventListener("click", () => (this.form === kind ? this.closeForm() : this.show(kind)));
      this.bar.append(button);
    }
    this.exports = new Menu("Export");
    this.selection = make("div", "hpo-bar hpo-selection");
    this.selection.hidden = true;
    this.bar.append(this.exports.node, this.selection);
  }
  update(message) {
    if (message.now) this.skew = Date.now() / 1000 - message.now;
    if (message.answers) this.ctx.acting.answered(message.answers);
    if (message.fields) this.open(message.fields);
    if (!message.head) return;
    const head = this.head = message.head;
    this.name.textContent = head.name;
    this.name.title = head.name;
    this.state.textContent = head.reason ? `${head.state} (${head.reason})` : head.state;
    this.state.dataset.state = head.state;
    this.asked.textContent = head.asked.length ? `asked: ${[...new Set(head.asked.map((kind) => ASKED[kind] ?? kind))].join(", ")}` : "";
    this.advice.textContent = head.advice;
    this.counts.replaceChildren(...head.counts.map(([state, count]) => {
      const item = make("li", "", `${count} ${state}`);
      item.dataset.state = state;
      return item;
    }));
    const best = [make("div", "hpo-faint", `Best ${head.objective.join(", ")}`)];
    best[0].title = head.objective.join(", ");
    best.push(make("div", "hpo-best-number", head.best ? head.best.values.join(", ") : "–"));
    best.push(make("div", "hpo-faint", head.best ? `trial ${head.best.trial ?? "–"}` : "no result yet"));
    this.best.replaceChildren(...best);
    for (const [op, on] of [["pause", head.buttons.pause], ["resume", head.buttons.resume], ["drain", head.buttons.drain], ["stop", head.buttons.stop]]) {
      // A button that waits for its answer stays as it is.
      if (this.buttons[op].textContent !== "Sent…") this.buttons[op].hidden = !on;
    }
    this.buttons.limits.hidden = !head.buttons.limits;
    this.buttons.trial.hidden = !head.buttons.trial;
    this.buttons.space.hidden = !(head.can.includes("space") && head.buttons.space);
    this.ctx.acting.keep(head.notices);
    const exports = JSON.stringify(head.exports);
    if (exports !== this.exportsKey) {
      this.exportsKey = exports;
      this.exports.node.hidden = !head.exports.length;
      this.exports.fill(head.exports.map(([kind, text]) => ({ text: `${text}…`, click: () => this.show("export", { kind }) })));
    }
    this.showSelection(this.ctx.selection.get());
    this.tick();
  }
  showSelection(ids) {
    const can = this.head?.can ?? [];
    this.selection.hidden = !ids.length || !this.head;
    if (!ids.length || !this.head) return;
    const key = JSON.stringify([ids.length, can, this.head.buttons]);
    if (key === this.selectionKey) return;
    this.selectionKey = key;
    const chosen = () => this.ctx.selection.get();
    const button = (text, title, click) => {
      const node = make("button", "hpo-button", text);
      node.title = title;
      node.addEventListener("click", () => click(node));
      return node;
    };
    const act = (op, more = {}) => (node) => this.ctx.acting.act({ op, tasks: chosen(), ...more }, node);
    this.selection.replaceChildren(make("span", "hpo-faint", `${ids.length} selected:`));
    if (can.includes("space") && this.head.buttons.space) this.selection.append(button("Narrow to them…", "Fills the ranges with the smallest that hold them", () => this.show("space", { tasks: chosen() })));
    if (can.includes("retry") && this.head.buttons.trial) this.selection.append(button("Retry", "Runs their parameters again", act("retry")));
    if (can.includes("archive")) this.selection.append(button("Archive", "Puts them out of sight; what they found counts", act("archive", { archived: true })));
    this.selection.append(button("Clear", "Selects nothing", () => this.ctx.selection.set([])));
  }

  // -- forms: their fields are asked of the kernel, which knows the space and the limits in force
  show(kind, more = {}) {
    this.closeForm();
    this.form = kind;
    this.buttons[kind]?.setAttribute("aria-expanded", "true");
    this.returnTo = document.activeElement;
    if (Array.isArray(more)) this.open({ kind, fields: more }); // a clone brings its own
    else if (kind === "export") this.open({ kind, fields: this.head.exports.find(([each]) => each === more.kind) });
    else {
      this.place.replaceChildren(make("p", "hpo-faint", "Asking the kernel…"));
      this.token = `${Date.now().toString(36)}${Math.random().toString(36).slice(2)}`;
      this.ctx.send({ op: "fields", kind, token: this.token, ...more });
    }
  }
  open({ kind, fields, token, problem }) {
    if (kind !== this.form || (token && token !== this.token)) return;
    if (problem) {
      this.closeForm();
      this.ctx.acting.say(problem, "bad");
      return;
    }
    const form = FORMS[kind](fields, {
      cancel: () => this.closeForm(true),
      send: async (message, button) => {
        const answer = await this.ctx.acting.act(message, button);
        if (answer.ok) this.closeForm(true);
      },
    });
    this.place.replaceChildren(form.node);
    form.focus();
  }
  closeForm(back = false) {
    if (this.form) this.buttons[this.form]?.setAttribute("aria-expanded", "false");
    this.form = null;
    this.token = null;
    this.place.replaceChildren();
    if (back) this.returnTo?.focus?.({ preventScroll: true });
  }
  tick() {
    const { head } = this;
    if (!head) return;
    const since = head.clock.ticks ? Math.max(0, Date.now() / 1000 - this.skew - head.now) : 0;
    const { unit, limit } = head.bar;
    const done = unit === "time" ? head.clock.elapsed + since : head.bar.done;
    const parts = [unit === "trials" ? (limit ? `${done} of ${limit} trials` : `${done} trials`) : `${head.bar.trials} trials`];
    parts.push(unit === "compute" ? `${clock(done)} of ${clock(limit)} computing time` : `${clock(head.clock.elapsed + since)}${head.clock.limit ? ` of ${clock(head.clock.limit)}` : ""} elapsed`);
    if (head.left !== null) parts.push(`about ${clock(head.left - since)} left`);
    const said = parts.join(" · ");
    if (this.time.textContent !== said) this.time.textContent = said;
    const share = limit ? Math.min(1, done / limit) : null;
    this.track.hidden = share === null;
    this.fill.style.width = `${(share ?? 0) * 100}%`;
    this.track.dataset.state = head.state;
    if (share === null) return;
    const values = { valuemin: 0, valuemax: Math.round(limit), valuenow: Math.min(Math.round(limit), Math.floor(done)), valuetext: said };
    for (const [key, value] of Object.entries(values)) this.track.setAttribute(`aria-${key}`, value);
  }
}

export function create(root, ctx) {
  root.classList.add("hpo-header");
  const header = new Header(root, ctx);
  return { update: (message) => header.update(message), resize() {}, theme() {}, dispose: () => header.dispose() };
}
