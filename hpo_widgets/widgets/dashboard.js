// The dashboard: one app a model (data, shared state), one frame a place in which it is shown. Panels are modules.
import { attachLine, make } from "./dashboard_kit.js";
import { Shared } from "./dashboard_shared.js";
import { Trials } from "./dashboard_trials.js";
import { Section } from "./dashboard_section.js";

const GONE = "the kernel is gone.";
const BUILT_IN = new Set(["trials"]);

// What a panel was told, laid over what it was told before.
class Value {
  constructor() { this.value = {}; }
  take(content, buffers, whole) { this.value = whole ? content : { ...this.value, ...content }; }
}

export class App {
  constructor(model, modules, plotly, hiplot) {
    Object.assign(this, { model, modules, plotly, hiplot, frames: new Set(), asked: new Map(), count: 0, dead: false, version: -1 });
    this.trials = new Trials();
    this.shared = new Shared(model, () => this.tell("select"));
    this.data = { trials: this.trials };
    this.panels = model.get("panels");
    for (const { name } of this.panels) {
      const make = this.module(name).data;
      this.data[name] ??= make ? make(this) : new Value();
    }
    this.take(model.get("whole"));
    this.listening = [];
    this.listen("msg:custom", (message, buffers) => this.hear(message, buffers));
    this.listen("change:head change:fault", () => this.tell("update", null, true));
    this.listen("comm_live_update", () => this.leave());
    model.send({ op: "hello", version: this.version });
  }
  listen(event, act) {
    this.model.on(event, act);
    this.listening.push([event, act]);
  }
  module(name) { return this.modules[`panels/${name}`] ?? {}; }
  head() { return this.model.get("head"); }
  take({ version, parts }) {
    if (version === undefined) return;
    this.version = version;
    for (const [name, [content, buffers]] of Object.entries(parts)) this.data[name]?.take(content, buffers, true);
  }
  hear(message, buffers) {
    if (message.op === "answer") return this.answered(message);
    const parts = {};
    let at = 0;
    for (const [name, content, count] of message.parts) parts[name] = [content, buffers.slice(at, at += count)];
    if (message.op === "whole") {
      if (message.version <= this.version) return;
      this.take({ version: message.version, parts });
      return this.tell("update");
    }
    if (message.version <= this.version) return;
    if (message.version > this.version + 1) return this.model.send({ op: "hello", version: this.version });
    this.version = message.version;
    for (const [name, [content, given]] of Object.entries(parts)) this.data[name]?.take(content, given, false);
    this.tell("update", BUILT_IN.has(message.parts[0]?.[0]) ? null : new Set(Object.keys(parts)), true);
  }
  // The kernel is gone: nobody answers any more.
  leave() {
    this.dead = true;
    this.trials.leave();
    for (const { failed } of this.asked.values()) failed(new Error(GONE));
    this.asked.clear();
    this.tell("update");
  }
  // Asks the producer of a panel; the promise fails with the text of why it had no effect.
  ask(panel, message) {
    if (this.dead) return Promise.reject(new Error(GONE));
    const id = `${this.model.get("page") || ""}${Date.now()}-${this.count += 1}`;
    this.model.send({ op: "ask", id, panel, message });
    return new Promise((done, failed) => this.asked.set(id, { done, failed }));
  }
  answered({ id, value, error }) {
    const waiting = this.asked.get(id);
    this.asked.delete(id);
    if (error !== undefined) waiting?.failed(new Error(error));
    else waiting?.done(value);
  }
  // `only`: names of panels that were told something; all of them when the trials changed.
  // `news`: it came by itself and can wait for its turn.
  tell(what, only = null, news = false) { for (const frame of this.frames) frame.tell(what, only, news); }
  show(el) {
    const frame = new Frame(this, el);
    this.frames.add(frame);
    return () => { this.frames.delete(frame); frame.dispose(); };
  }
  // The widget was closed. Its model may live on, kept by those who made it: nothing of the study stays with it.
  dispose() {
    for (const [event, act] of this.listening) this.model.off(event, act);
    this.shared.dispose();
    for (const frame of this.frames) frame.dispose();
    this.frames.clear();
    this.asked.clear();
    this.trials.clear();
    this.data = {};
    this.model.set("whole", {});
    this.model.set("whole", null); // a model remembers what it held before its last change
  }
}

class Frame {
  constructor(app, el) {
    this.app = app;
    this.root = make("section", "hpo-dash");
    this.root.setAttribute("role", "region");
    this.notices = make("div", "hpo-dash-notices");
    this.notices.setAttribute("role", "status");
    const places = { top: make("div", "hpo-dash-top"), grid: make("div", "hpo-dash-grid"), drawer: make("aside", "hpo-dash-drawer") };
    this.drawer = places.drawer;
    this.drawer.hidden = true;
    this.root.append(this.notices, places.top, places.grid, places.drawer);
    el.append(this.root);
    this.sections = app.panels.filter(({ name }) => app.module(name).create).map((panel) => new Section(app, panel, places));
    this.onTheme = new MutationObserver(() => this.tell("theme"));
    this.onTheme.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name"] });
    this.tell("update");
  }
  tell(what, only = null, news = false) {
    const { name } = this.app.head();
    this.root.setAttribute("aria-label", `Dashboard of ${name ?? "a study"}`);
    this.root.dataset.version = this.app.version;
    this.showDrawer(this.app.shared.opened);
    const dead = this.app.dead ? `The kernel that brought the study ${JSON.stringify(name ?? "")} up to date is gone: this is how it stood then. ${attachLine(name ?? "")} in a cell shows it as it is now.` : "";
    const texts = [dead, this.app.model.get("fault")].filter(Boolean);
    if (texts.join() !== this.noticed) this.notices.replaceChildren(...texts.map((text) => make("p", "", text)));
    this.noticed = texts.join();
    for (const section of this.sections) if (!only || only.has(section.name)) section.tell(what, news);
  }
  // What is opened comes into sight: panels out of sight are not drawn.
  showDrawer(opened) {
    if (opened === this.opened) return;
    this.opened = opened;
    this.drawer.hidden = !opened;
    if (opened) this.drawer.scrollIntoView({ block: "nearest" });
  }
  dispose() {
    this.onTheme.disconnect();
    for (const section of this.sections.splice(0)) section.dispose();
    this.root.remove();
  }
}
