// Live curves of what trials report: the best highlighted, the others faded and grouped, selected ones side by side.
import { cut, make, number, plain } from "../dashboard_kit.js";
import { Plot } from "../dashboard_plot.js";
import { Curves, decimate, place } from "./scalars_curves.js";

const MOST_POINTS = 300;
const MOST_COLORED = 10;
const PALETTE = ["#4c78a8", "#f58518", "#54a24b", "#b279a2", "#e45756", "#72b7b2", "#9d755d", "#eeca3b", "#ff9da6", "#79706e"];
const HEIGHT = 300;
let views = 0;

export function data() { return new Curves(); }

class View {
  constructor(root, ctx) {
    Object.assign(this, { ctx, root, plots: new Map(), weight: 0, log: false, chosen: null, id: views += 1 });
    this.bar = make("div", "hpo-dash-scalars-bar");
    this.chips = make("div", "hpo-dash-chips");
    this.chips.setAttribute("role", "group");
    this.chips.setAttribute("aria-label", "Metrics shown");
    this.charts = make("div", "hpo-dash-scalars-charts");
    this.empty = make("p", "hpo-dash-empty", "No curve yet: a trial that reports scalars while it runs gets one.");
    this.build();
    root.append(this.bar, this.empty, this.charts);
  }
  build() {
    const smooth = this.field("Smoothing", "range", { min: 0, max: 0.99, step: 0.01, value: 0 }, (node) => {
      this.weight = Number(node.value);
      node.setAttribute("aria-valuetext", node.value);
    });
    const log = this.field("Log axis", "checkbox", {}, (node) => { this.log = node.checked; });
    this.compare = this.field("Only selected", "checkbox", {}, (node) => { this.ctx.shared.compare(node.checked); });
    this.bar.append(this.chips, smooth, log, this.compare);
  }
  field(text, type, values, act) {
    const label = make("label", "hpo-dash-field");
    const node = Object.assign(make("input"), { type, ...values });
    node.addEventListener("input", () => { act(node); this.ctx.update(); });
    label.append(make("span", "", text), node);
    return label;
  }
  // ---- which metrics -------------------------------------------------------------------------------------------
  metrics() {
    const { metrics, objectives } = this.ctx.data;
    const shown = this.chosen ?? new Set(objectives);
    return [...metrics.keys()].filter((metric) => shown.has(metric) && this.reported(metric));
  }
  reported(metric) { return [...this.ctx.data.tasks.values()].some((curves) => curves.has(metric)); }
  name(metric) {
    const [title, series] = this.ctx.data.metrics[metric];
    return title === series ? title : `${title}/${series}`;
  }
  showChips(shown) {
    const { metrics } = this.ctx.data;
    const key = JSON.stringify([metrics, shown]);
    if (this.chipped === key) return;
    this.chipped = key;
    const focused = this.chips.contains(document.activeElement) ? document.activeElement.dataset.metric : null;
    this.chips.replaceChildren(...metrics.map((_, metric) => {
      const chip = make("button", "hpo-dash-chip", cut(this.name(metric), 40));
      Object.assign(chip, { type: "button", title: this.name(metric) });
      chip.dataset.metric = metric;
      chip.setAttribute("aria-pressed", String(shown.includes(metric)));
      chip.addEventListener("click", () => this.toggle(metric, shown));
      return chip;
    }));
    if (focused !== null) this.chips.querySelector(`[data-metric="${focused}"]`)?.focus();
  }
  toggle(metric, shown) {
    this.chosen = new Set(shown);
    if (!this.chosen.delete(metric)) this.chosen.add(metric);
    this.ctx.update();
  }
  // ---- which trials --------------------------------------------------------------------------------------------
  groups() {
    const { trials, shared, data: { tasks, best } } = this.ctx;
    const first = best.find((key) => tasks.has(key));
    const found = { others: [], running: [], selected: [], best: [] };
    for (const key of tasks.keys()) {
      const row = trials.get(key);
      if (!row) continue;
      const kind = shared.selected.has(key) ? "selected" : key === first ? "best" : row.state === "running" ? "running" : "others";
      if (!shared.only || kind === "selected" || !shared.selected.size) found[kind].push(key);
    }
    return found;
  }
  traces(metric, plot) {
    const c = this.ctx.colors();
    const { trials, shared } = this.ctx;
    const groups = this.groups();
    const [from, to] = plot.zoom() ?? [-Infinity, Infinity];
    const trace = (name, keys, line, opacity, more = {}) => {
      const x = [];
      const y = [];
      const labels = [];
      for (const key of keys) {
        const curve = this.ctx.data.get(key, metric);
        if (!curve) continue;
        decimate(curve.ready(this.weight), from, to, MOST_POINTS, x, y);
        const label = plain(trials.label(trials.get(key)));
        while (labels.length < x.length) labels.push(label);
        x.push(null);
        y.push(null);
        labels.push("");
      }
      // A single point draws no line.
      const few = x.length <= 3 * keys.length;
      return x.length ? [{ type: "scatter", mode: few ? "lines+markers" : "lines", name, x, y, customdata: labels, connectgaps: false, opacity, line, legendrank: 1000,
        hovertemplate: `<b>%{customdata}</b><br>iteration %{x}<br>${plain(this.name(metric), 40)} %{y:.5g}<extra></extra>`, ...more }] : [];
    };
    const fade = shared.selected.size ? 0.25 : 0.55;
    const found = [
      ...trace("other best", groups.others, { color: c.faint, width: 1 }, fade),
      ...trace("running", groups.running, { color: c.accent, width: 1.2 }, fade + 0.1),
    ];
    groups.selected.slice(0, MOST_COLORED).forEach((key, i) => found.push(...trace(plain(trials.label(trials.get(key))), [key], { color: PALETTE[i], width: 2 }, 1)));
    found.push(...trace("selected", groups.selected.slice(MOST_COLORED), { color: PALETTE[9], width: 1.5 }, 0.8));
    for (const key of groups.best) found.push(...trace(`best (${plain(trials.label(trials.get(key)))})`, [key], { color: c.good, width: 2.5 }, 1, { uid: "best" }));
    const hovered = trials.get(shared.hovered);
    if (hovered && this.ctx.data.tasks.has(hovered.key)) found.push(...trace("hovered", [hovered.key], { color: c.text, width: 2.5 }, 1, { showlegend: false }));
    return found;
  }
  // ---- drawing ---------------------------------------------------------------------------------------------------
  async update() {
    const shown = this.metrics();
    this.showChips(shown);
    this.compare.hidden = !this.ctx.shared.selected.size;
    this.compare.querySelector("input").checked = this.ctx.shared.only;
    this.empty.hidden = shown.length > 0;
    if (!this.ctx.data.metrics.length || !shown.length) this.empty.textContent = this.ctx.data.tasks.size && this.chosen ? "No metric is shown: choose one above." : "No curve yet: a trial that reports scalars while it runs gets one.";
    this.charts.classList.toggle("hpo-dash-many", shown.length > 1);
    for (const [metric, plot] of this.plots) {
      if (!shown.includes(metric)) { plot.dispose(); this.plots.delete(metric); }
    }
    for (const metric of shown) await this.draw(metric);
  }
  draw(metric) {
    let plot = this.plots.get(metric);
    if (!plot) {
      plot = new Plot(this.charts, this.ctx, HEIGHT);
      // A closer look shows more points, and all of the axis needs all of them again.
      plot.on("plotly_relayout", (change) => { if (Object.keys(change).some((key) => /^xaxis\.(range|autorange)/.test(key))) this.ctx.update(); });
      this.plots.set(metric, plot);
    }
    plot.label(`${this.name(metric)} over iterations. ${this.describe()}`);
    return plot.draw(this.traces(metric, plot), {
      xaxis: plot.axis({ title: { text: "iteration", standoff: 4 } }),
      yaxis: plot.axis({ title: { text: plain(this.name(metric), 28), standoff: 4 }, type: this.log ? "log" : "linear", exponentformat: "power" }),
    });
  }
  describe() {
    const { trials, data: { tasks } } = this.ctx;
    if (!tasks.size) return "Nothing reported yet.";
    const best = trials.best();
    const running = [...tasks.keys()].filter((key) => trials.get(key)?.state === "running").length;
    const selected = [...this.ctx.shared.selected].filter((key) => tasks.has(key)).length;
    const many = `${tasks.size} ${tasks.size === 1 ? "trial" : "trials"}${running ? `, ${running} running` : ""}${selected ? `, ${selected} selected` : ""}`;
    return `Curves of ${many}; ${best ? `the best is ${trials.label(best)} with ${number(trials.reached(best)[0])}` : "no result counts yet"}.`;
  }
  shown() {
    const groups = this.groups();
    const keys = [...groups.best, ...groups.selected, ...groups.running, ...groups.others];
    return this.metrics().flatMap((metric) => keys.map((key) => [key, metric, this.ctx.data.get(key, metric)])).filter(([, , curve]) => curve);
  }
  table() {
    const { trials } = this.ctx;
    const rows = this.shown().map(([key, metric, curve]) => {
      const y = curve.ready(0).y.filter(Number.isFinite);
      const row = trials.get(key);
      const extreme = (pick) => (y.length ? number(y.reduce((a, b) => pick(a, b))) : null);
      return [row.trial, row.state, this.name(metric), curve.n, number(curve.ready(0).y[curve.n - 1]), extreme(Math.min), extreme(Math.max)];
    });
    return { columns: ["trial", "state", "metric", "points", "last", "least", "greatest"], rows };
  }
  csv() {
    const rows = this.shown().flatMap(([key, metric, curve]) => {
      const { x, y } = curve.ready(this.weight);
      const [from, to] = this.plots.get(metric)?.zoom() ?? [-Infinity, Infinity];
      const row = this.ctx.trials.get(key);
      const found = [];
      for (let i = place(x, from); i < x.length && x[i] <= to; i += 1) found.push([row.trial, row.id, this.name(metric), x[i], y[i]]);
      return found;
    });
    return { columns: ["trial", "id", "metric", "iteration", this.weight ? `value (smoothed ${this.weight})` : "value"], rows };
  }
  async image() {
    const urls = await Promise.all([...this.plots.values()].map((plot) => plot.image()));
    if (urls.length === 1) return urls[0];
    const pictures = await Promise.all(urls.map((url) => new Promise((done) => { const p = new Image(); p.onload = () => done(p); p.src = url; })));
    const canvas = Object.assign(document.createElement("canvas"), { width: Math.max(...pictures.map((p) => p.width)), height: pictures.reduce((sum, p) => sum + p.height, 0) });
    let top = 0;
    for (const picture of pictures) { canvas.getContext("2d").drawImage(picture, 0, top); top += picture.height; }
    return canvas.toDataURL("image/png");
  }
  dispose() { for (const plot of this.plots.values()) plot.dispose(); }
}

export function create(root, ctx) { return new View(root, ctx); }
