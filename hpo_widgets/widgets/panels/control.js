// The head of a dashboard: where the study stands, and what can be asked of it. A press sends one request.
import { clock, make } from "../dashboard_kit.js";
import { deskOf } from "./desk.js";
import { FORMS } from "./forms.js";
import { Menu, press } from "./kit.js";

const LIVE = new Set(["running", "paused", "draining"]);
const ASKED = { pause: "pausing", resume: "resuming", drain: "draining", stop: "stopping", set_limits: "new limits", set_space: "new ranges", enqueue: "a trial by hand" };

class Header {
  constructor(root, ctx) {
    Object.assign(this, { root, ctx, desk: deskOf(ctx), head: null, form: null });
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
    this.remark = make("p", "hpo-faint hpo-remark");
    left.append(top, this.track, this.time, this.counts, this.advice, this.remark);
    line.append(left, this.best);
    this.notices = make("div", "hpo-notices");
    this.notices.setAttribute("role", "status");
    root.append(line, this.bar, this.notices, this.place);
    this.unsay = this.desk.on("notice", () => this.showNotices());
    this.unclone = this.desk.on("clone", (fields) => this.show("trial", fields));
    this.ticker = setInterval(() => this.tick(), 1000);
    this.desk.setClock(ctx).catch(() => {});
  }
  dispose() {
    clearInterval(this.ticker);
    this.unclone();
    this.unsay();
  }
  buildControls() {
    this.buttons = {};
    const add = (op, text, title, act) => {
      this.buttons[op] = press(text, title, act, `hpo-${op}`);
      this.bar.append(this.buttons[op]);
    };
    const ask = (op) => (button) => this.desk.act(this.ctx, { op }, button);
    add("pause", "Pause", "Starts no new trials; running ones go on to their end", ask("pause"));
    add("resume", "Resume", "Goes on with the study", ask("resume"));
    add("drain", "Drain", "Starts no new trials and stops when the running ones have ended", ask("drain"));
    add("stop", "Stop now", "Ends the running trials and the study; it can be resumed", ask("stop"));
    for (const [kind, text, title] of [
      ["limits", "Limits…", "Concurrency and all other limits"],
      ["trial", "Add a trial…", "Runs a trial with parameters of your own"],
      ["space", "Ranges…", "Narrows or widens what is searched"],
    ]) {
      add(kind, text, title, () => (this.form === kind ? this.closeForm() : this.show(kind)));
      this.buttons[kind].setAttribute("aria-expanded", "false");
    }
    this.exports = new Menu("Export");
    this.selection = make("div", "hpo-bar hpo-selection");
    this.selection.hidden = true;
    this.bar.append(this.exports.node, this.selection);
  }
  update() {
    const more = this.ctx.data.value;
    if (!more.can) return;
    const head = this.head = { ...this.ctx.head(), ...more };
    head.buttons = { ...this.ctx.head().buttons, ...more.buttons };
    this.name.textContent = head.name;
    this.name.title = head.name;
    // Of a study that went on when its kernel ended nobody here knows how it stands.
    const lost = this.lost = this.ctx.dead() && LIVE.has(head.state);
    if (lost) this.stopped ??= this.desk.now();
    this.state.textContent = lost ? "kernel gone" : head.reason ? `${head.state} (${head.reason})` : head.state;
    this.state.dataset.state = lost ? "gone" : head.state;
    this.asked.textContent = head.asked.length && !lost ? `asked: ${[...new Set(head.asked.map((kind) => ASKED[kind] ?? kind))].join(", ")}` : "";
    this.advice.textContent = lost ? "" : head.advice;
    this.remark.textContent = head.remark;
    const counts = lost ? head.counts.map(([state, count]) => [state === "running" ? "unfinished" : state, count]) : head.counts;
    this.counts.replaceChildren(...counts.map(([state, count]) => {
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
      if (!this.buttons[op].disabled) this.buttons[op].hidden = !on;
    }
    if (this.ctx.dead()) for (const node of Object.values(this.buttons)) node.disabled = true;
    this.buttons.limits.hidden = !head.buttons.limits;
    this.buttons.trial.hidden = !head.buttons.trial;
    this.buttons.space.hidden = !head.can.includes("space");
    this.showNotices();
    const exports = JSON.stringify(head.exports);
    if (exports !== this.exportsKey) {
      this.exportsKey = exports;
      this.exports.node.hidden = !head.exports.length;
      this.exports.fill(head.exports.map(([kind, text]) => ({ text: `${text}…`, click: () => this.show("export", { kind }) })));
    }
    this.select();
    this.tick();
  }
  showNotices() {
    const notes = [...(this.head?.notices ?? []), ...(this.head?.refused ?? [])].map((text) => ({ text, kind: "bad" }));
    const { said } = this.desk;
    const all = [...notes, ...(said ? [said] : [])];
    const key = JSON.stringify(all);
    if (key === this.noticed) return;
    this.noticed = key;
    this.notices.replaceChildren(...all.map((each, at) => {
      const node = make("div", "hpo-notice");
      node.dataset.kind = each.kind;
      node.append(make("span", "", each.text));
      if (at >= notes.length) {
        const close = press("✕", "Dismiss", () => this.desk.say(null));
        close.setAttribute("aria-label", "Dismiss");
        node.append(close);
      }
      return node;
    }));
  }
  chosen() { return [...this.ctx.shared.selected].map((key) => this.ctx.trials.get(key)?.id).filter(Boolean); }
  select() {
    const ids = this.chosen();
    this.selection.hidden = !ids.length || !this.head;
    if (this.selection.hidden) return;
    const { can, buttons } = this.head;
    const key = JSON.stringify([ids.length, can, buttons]);
    if (key === this.selectionKey) return;
    this.selectionKey = key;
    const act = (op, more = {}) => (node) => this.desk.act(this.ctx, { op, tasks: this.chosen(), ...more }, node);
    const nodes = [make("span", "hpo-faint", `${ids.length} selected:`)];
    if (can.includes("space")) nodes.push(press("Narrow to them…", "Fills the ranges with the smallest that hold them", () => this.show("space", { tasks: this.chosen() })));
    if (can.includes("retry") && buttons.trial) nodes.push(press("Retry", "Runs their parameters again", act("retry")));
    if (can.includes("archive")) nodes.push(press("Archive", "Puts them out of sight; what they found counts as before", act("archive", { archived: true })));
    this.selection.replaceChildren(...nodes, press("Clear", "Selects nothing", () => this.ctx.shared.select([])));
  }

  // -- forms: their fields are asked of the kernel, which knows the space and the limits in force
  show(kind, more = {}) {
    this.closeForm();
    this.form = kind;
    this.buttons[kind]?.setAttribute("aria-expanded", "true");
    this.returnTo = document.activeElement;
    if (Array.isArray(more)) this.open({ kind, fields: more }); // a clone brings its own
    else if (kind === "export") this.open({ kind, fields: this.head.exports.find(([each]) => each === more.kind) });
    else this.ask(kind, more);
  }
  async ask(kind, more) {
    const token = this.token = {};
    this.place.replaceChildren(make("p", "hpo-faint", "Asking the kernel…"));
    try {
      const { fields } = await this.ctx.ask({ op: "fields", kind, ...more });
      if (token === this.token) this.open({ kind, fields });
    } catch (error) {
      if (token !== this.token) return;
      this.closeForm();
      this.desk.say(error.message, "bad");
    }
  }
  open({ kind, fields }) {
    const form = FORMS[kind](fields, {
      cancel: () => this.closeForm(true),
      send: async (message, button) => {
        if (await this.desk.act(this.ctx, message, button)) this.closeForm(true);
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
    const since = head.clock.ticks ? Math.max(0, (this.stopped ?? this.desk.now()) - head.now) : 0;
    const { unit, limit } = head.bar;
    const done = unit === "time" ? head.clock.elapsed + since : head.bar.done;
    const parts = [unit === "trials" ? (limit ? `${done} of ${limit} trials` : `${done} trials`) : `${head.bar.trials} trials`];
    parts.push(unit === "compute" ? `${clock(done)} of ${clock(limit)} computing time` : `${clock(head.clock.elapsed + since)}${head.clock.limit ? ` of ${clock(head.clock.limit)}` : ""} elapsed`);
    if (head.left !== null && !this.lost) parts.push(`about ${clock(head.left - since)} left`);
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
  root.classList.add("hpo-panel", "hpo-header");
  const header = new Header(root, ctx);
  return { update: () => header.update(), select: () => header.select(), resize() {}, dispose: () => header.dispose() };
}
