// Parallel coordinates: a line a trial. A brush selects for all panels; what others select is shown here.
import { button, cut, make, number } from "../dashboard_kit.js";
import { Axes, bare, FEASIBLE, thinned } from "./parallel_rows.js";
import { HiPlot } from "./parallel_hiplot.js";
import { Parcoords } from "./parallel_plotly.js";
import { SelectionBar } from "./selection_bar.js";

const LEAST = 2; // trials
const KINDS = [["hiplot", "HiPlot", HiPlot], ["plotly", "ClearML axes", Parcoords]];

class View {
  constructor(root, ctx) {
    Object.assign(this, { ctx, objective: 0, charts: {}, held: 0 });
    this.axes = new Axes(ctx.trials);
    this.bar = make("div", "hpo-par-bar");
    this.choices = make("div", "hpo-par-choices");
    this.choices.setAttribute("role", "group");
    this.choices.setAttribute("aria-label", "Kind of parallel coordinates");
    for (const [kind, title] of KINDS) {
      const choice = button(title, "hpo-par-choice", () => this.choose(kind));
      choice.dataset.kind = kind;
      this.choices.append(choice);
    }
    this.color = make("select", "hpo-par-select");
    this.color.setAttribute("aria-label", "Colour by objective");
    this.color.addEventListener("change", () => { this.objective = Number(this.color.value); this.fresh = false; ctx.update(); });
    this.color.addEventListener("keydown", (event) => event.stopPropagation());
    this.more = button("", "hpo-sel-act", () => { this.release(); });
    this.more.hidden = true;
    this.bar.append(this.choices, this.color, this.more);
    this.body = make("div", "hpo-par-body");
    this.body.setAttribute("role", "group");
    this.empty = make("p", "hpo-par-empty");
    root.append(this.bar, this.body, this.empty);
    this.selection = new SelectionBar(root, ctx);
    this.selection.brushed = () => this.chart?.names() ?? [];
    this.choose("hiplot");
  }
  get chart() { return this.charts[this.kind]; }
  choose(kind) {
    this.kind = kind;
    const [, , Chart] = KINDS.find(([name]) => name === kind);
    this.charts[kind] ??= new Chart(this.body, this.ctx, (keys) => this.brush(keys));
    for (const [name, chart] of Object.entries(this.charts)) chart.node.hidden = name !== kind;
    for (const choice of this.choices.children) choice.setAttribute("aria-pressed", String(choice.dataset.kind === kind));
    this.fresh = false;
    this.ctx.update();
  }
  brush(keys) {
    this.own = true;
    try { this.ctx.shared.select(keys ?? []); } finally { this.own = false; }
    if (keys === null) this.ctx.update();
  }
  release() {
    this.ctx.shared.select([]);
    this.chart.extents = {};
    this.chart.ranges?.clear();
    this.fresh = false;
    this.ctx.update();
  }
  // What was put out of sight is drawn only while it is selected.
  rows() {
    const { trials, shared } = this.ctx;
    return trials.rows.filter((row) => row.state !== "queued" && row.state !== "created" && (!row.archived || shared.selected.has(row.key)));
  }
  async update() {
    const { trials } = this.ctx;
    this.shape();
    const all = this.rows();
    // HiPlot leaves out what is the same in all trials, and fails when that is everything.
    const enough = all.length >= LEAST;
    this.empty.textContent = enough ? "" : `${all.length ? "One trial" : "No trial"} has begun; lines are drawn from the second one on.`;
    this.body.hidden = !enough;
    this.selection.update();
    if (!enough) return;
    const signature = `${trials.version}|${this.kind}|${this.objective}`;
    if (this.fresh && signature === this.signature) { await this.follow(); return; }
    // A drawing would take the brush away: what is new waits.
    this.held = this.fresh && this.kind === "hiplot" && this.chart.isBrushed ? all.length - this.count : 0;
    this.hold();
    if (this.fresh && this.kind === "hiplot" && this.chart.isBrushed) return;
    await this.draw(all);
    this.signature = signature;
    this.count = all.length;
    this.fresh = true;
  }
  hold() {
    this.more.hidden = this.held <= 0;
    this.more.textContent = `${this.held} new ${this.held === 1 ? "trial" : "trials"}: clear the brush and show`;
  }
  draw(all) {
    const { trials, shared } = this.ctx;
    const value = (row) => trials.value(row, this.objective);
    const keep = (row) => row.state === "running" || shared.selected.has(row.key);
    this.shown = thinned(all, keep, value, (a, b) => trials.better(a, b, this.objective));
    Object.assign(this.axes, { trials, log: new Set(this.ctx.data.value.log ?? []) });
    this.axes.of(this.shown);
    const colored = this.axes.list.find((axis) => axis.objective === this.objective && axis.numeric);
    this.body.setAttribute("aria-label", this.describe());
    return this.chart.draw(this.shown, this.axes, colored, this.isDark());
  }
  isDark() { return document.body.dataset.jpThemeLight === "false"; }
  shape() {
    const names = this.ctx.trials.objectives.map((each) => cut(each.name, 40));
    if (this.named === names.join("\n")) return;
    this.named = names.join("\n");
    this.color.replaceChildren(...names.map((name, i) => Object.assign(make("option", "", `colour: ${name}`), { value: String(i) })));
    this.color.value = String(this.objective);
    this.color.hidden = names.length < 2;
  }
  select() { return this.update(); }
  // Shows what others have selected.
  async follow() {
    if (this.own) return;
    const chosen = [...this.ctx.shared.selected].join();
    if (chosen === this.selected) return;
    this.selected = chosen;
    if (this.kind === "plotly") { if (!this.chart.isBrushed) await this.draw(this.rows()); } else this.chart.mark();
  }
  theme() {
    this.fresh = false;
  }
  resize() {
    if (this.width === this.body.clientWidth) return undefined;
    this.width = this.body.clientWidth;
    if (this.kind === "plotly" || !this.chart.isBrushed) this.fresh = false;
    return this.update();
  }
  describe() {
    const { trials } = this.ctx;
    const rows = this.rows();
    if (!rows.length) return "Parallel coordinates: no trial yet.";
    const best = trials.best(this.objective);
    const name = cut(trials.objectives[this.objective]?.name ?? "objective", 40);
    const drawn = this.shown && this.shown.length < rows.length
      ? ` Drawn are ${this.shown.length.toLocaleString()} of them: the best, the newest, what runs or is selected, and an even sample; a brush selects among all.` : "";
    const said = best ? `the best ${name} is ${number(trials.reached(best)[this.objective])} in ${trials.label(best)}` : "no result counts yet";
    const count = trials.parameters.length;
    return `${rows.length.toLocaleString()} ${rows.length === 1 ? "trial" : "trials"} over ${count} ${count === 1 ? "parameter" : "parameters"}, coloured by ${name}; ${said}.${drawn}`;
  }
  table() {
    const { trials, shared } = this.ctx;
    const columns = ["trial", "task", "state", "constraints", "iteration", ...trials.parameters, ...trials.objectives.map((each) => each.name), "selected"];
    const rows = this.rows().map((row) => [
      row.trial, row.id.slice(0, 8), row.state, FEASIBLE.get(row.feasible) ?? "", row.iteration, ...trials.parameters.map((_, i) => bare(row.parameters[i])),
      ...trials.objectives.map((_, i) => (typeof row.values[i] === "object" && row.values[i] ? row.values[i].n ?? row.values[i].t : row.values[i])),
      shared.selected.has(row.key) ? "yes" : "",
    ]);
    return { columns, rows };
  }
  dispose() { for (const chart of Object.values(this.charts)) chart.dispose(); }
}


export function create(root, ctx) { return new View(root, ctx); }
