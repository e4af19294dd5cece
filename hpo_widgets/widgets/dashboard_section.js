// One panel in one place: its heading, sentence, tools and table; draws only when somebody can see it.
import { button, colors, csv, make, save } from "./dashboard_kit.js";
import { Pace } from "./dashboard_turns.js";

const LONGEST_TABLE = 500;

export class Section {
  constructor(app, { name, title, place }, places) {
    Object.assign(this, { app, name, title });
    this.node = make("section", `hpo-dash-panel hpo-dash-${place}`);
    this.node.dataset.panel = name;
    this.node.dataset.undrawn = ""; // keeps room for what comes: what is below stays where it is
    this.node.setAttribute("role", "region");
    this.node.setAttribute("aria-label", title);
    this.body = make("div", "hpo-dash-body");
    this.fault = make("p", "hpo-dash-fault");
    this.fault.setAttribute("role", "status");
    if (place === "half" || place === "wide") this.dress();
    this.node.append(this.body, this.fault);
    (places[place] ?? places.grid).append(this.node);
    this.view = app.module(name).create(this.body, this.context());
    this.pace = new Pace(this.node, () => this.draw(), place === "top");
    this.sizes = new ResizeObserver(() => this.resized());
    this.sizes.observe(this.body);
  }
  context() {
    const { app, name, body } = this;
    return {
      data: app.data[name], trials: app.trials, shared: app.shared, head: () => app.head(), dead: () => app.dead,
      ask: (message) => app.ask(name, message), plotly: app.plotly, hiplot: app.hiplot, colors: () => (this.palette ??= colors(body)),
      update: () => this.tell("update"), open: (key) => app.shared.open(key),
      sentence: () => this.describe(),
    };
  }
  dress() {
    const head = make("header", "hpo-dash-head");
    this.fold = button(this.title, "hpo-dash-fold", () => this.folding(!this.body.hidden));
    this.fold.setAttribute("aria-expanded", "true");
    const heading = make("h3", "hpo-dash-title");
    heading.append(this.fold);
    this.tools = make("div", "hpo-dash-tools");
    head.append(heading, this.tools);
    this.sentence = make("p", "hpo-dash-sentence");
    this.behind = make("div", "hpo-dash-behind");
    this.behind.hidden = true;
    this.node.append(head, this.sentence);
  }
  tooled() {
    this.isTooled = true;
    const { view } = this;
    const add = (text, label, act) => {
      const node = button(text, "hpo-dash-tool", act);
      node.setAttribute("aria-label", `${label} of ${this.title}`);
      node.title = label;
      this.tools.append(node);
      return node;
    };
    if (view.table) {
      const shown = add("Table", "Table", () => {
        this.behind.hidden = !this.behind.hidden;
        shown.setAttribute("aria-pressed", String(!this.behind.hidden));
        this.lay();
      });
      shown.setAttribute("aria-pressed", "false");
      add("CSV", "CSV", () => save(`${this.name}.csv`, URL.createObjectURL(new Blob(["\ufeff", csv((view.csv ?? view.table).call(view))], { type: "text/csv" }))));
    }
    if (view.image) add("PNG", "PNG", () => view.image().then((url) => save(`${this.name}.png`, url)).catch((error) => this.fail(error)));
    this.node.append(this.behind);
  }
  folding(folded) {
    this.body.hidden = folded;
    this.sentence.hidden = folded;
    this.fold.setAttribute("aria-expanded", String(!folded));
    if (!folded) this.tell("resize");
  }
  // What is drawn may change the height of the body itself: only another width wants another drawing.
  resized() {
    const width = this.body.clientWidth;
    if (width === this.width) return;
    this.width = width;
    this.tell(this.view.resize ? "resize" : "update");
  }
  // `news`: nobody did anything, it can wait for its turn.
  tell(what, news = false) {
    this.due = this.due && this.due !== what ? "update" : what;
    if (what === "theme") {
      this.themed = true;
      this.palette = undefined;
    }
    this.pace?.want(!news);
  }
  async draw() {
    const what = this.due && this.due !== "theme" ? this.due : "update";
    this.due = undefined;
    if (this.body.hidden) return;
    try {
      if (this.themed) await this.view.theme?.();
      this.themed = false;
      await (this.view[what] ?? this.view.update).call(this.view);
      if (this.gone) return;
      delete this.node.dataset.undrawn;
      this.fail(null);
      if (this.tools && !this.isTooled) this.tooled();
      this.describe();
      if (this.behind && !this.behind.hidden) this.lay();
    } catch (error) { if (!this.gone) this.fail(error); }
  }
  describe() {
    const text = this.view.describe?.() ?? "";
    if (this.sentence && this.sentence.textContent !== text) this.sentence.textContent = text;
  }
  fail(error) {
    if (error) console.error(error);
    this.fault.textContent = error ? `This panel cannot be drawn: ${error.message}` : "";
  }
  lay() {
    if (this.behind.hidden) return;
    const { columns, rows } = this.view.table();
    const table = make("table", "hpo-dash-table");
    const more = rows.length > LONGEST_TABLE ? `; the first ${LONGEST_TABLE} of ${rows.length} rows, all are in the CSV` : "";
    table.append(make("caption", "", `${this.title}${more}`));
    const titles = table.createTHead().insertRow();
    for (const name of columns) {
      const cell = make("th", "", name);
      cell.scope = "col";
      titles.append(cell);
    }
    const lines = table.createTBody();
    for (const row of rows.slice(0, LONGEST_TABLE)) {
      const line = lines.insertRow();
      for (const value of row) line.insertCell().textContent = value ?? "–";
    }
    this.behind.replaceChildren(table);
  }
  dispose() {
    this.pace.stop();
    this.sizes.disconnect();
    this.view.dispose?.();
    // The browser may keep the observers for long: then not what they saw.
    Object.assign(this, { gone: true, view: null, app: null });
  }
}
