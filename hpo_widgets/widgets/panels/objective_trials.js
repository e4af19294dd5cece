// The objective of every trial: a mark by state, hover with parameters, a click selects; arrows walk, Enter selects.
import { cut, number, plain } from "../dashboard_kit.js";
import { Plot } from "../dashboard_plot.js";

const CAPACITY = 1000;
const COLUMNS = 300;
const LINES = 12;
const RUN = 5; // a mark of one run of a set, whose mean counts
const LOOKS = {
  completed: ["circle", "accent", 6], aborted: ["square", "faint", 6], running: ["circle-open", "accent", 8], unfinished: ["circle-open", "faint", 8],
  infeasible: ["diamond-tall-open", "warn", 8], pruned: ["line-ew-open", "warn", 8], failed: ["x", "bad", 6], lost: ["x", "bad", 6],
};

// At most about CAPACITY rows of those inside the window: the best of each of COLUMNS columns and a share of the rest.
export function thin(rows, keep, better) {
  if (rows.length <= CAPACITY) return rows;
  const width = rows.length / COLUMNS;
  const chosen = new Set();
  const stride = Math.ceil(rows.length / (CAPACITY - COLUMNS));
  let best = null;
  rows.forEach((row, i) => {
    if (i % stride === 0 || keep(row)) chosen.add(row);
    if (best && better(row, best)) best = row;
    best ??= row;
    if (Math.floor((i + 1) / width) !== Math.floor(i / width)) { chosen.add(best); best = null; }
  });
  return rows.filter((row) => chosen.has(row));
}

export function hover(trials, row) {
  const lines = [`<b>${plain(trials.label(row))}</b> (${plain(row.state)}${row.feasible === false ? ", infeasible" : ""})`];
  trials.objectives.forEach((o, i) => lines.push(`${plain(o.name, 40)}: ${plain(number(row.values[i]))}`));
  return withParameters(trials, row, lines);
}

// The hover of a parameter set, shown at its first run.
export function hoverSet(trials, row) {
  const { mean, spread, runs } = trials.setOf(row);
  const lines = [`<b>${runs.length} ${runs.length === 1 ? "run" : "runs"} of a set</b>${trials.setOf(row).feasible ? "" : " (infeasible)"}`];
  trials.objectives.forEach((o, i) => lines.push(`${plain(o.name, 40)}: ${plain(number(mean[i]))}${spread ? ` ± ${plain(number(spread[i]))}` : ""}`));
  return withParameters(trials, row, lines);
}

function withParameters(trials, row, lines) {
  trials.parameters.slice(0, LINES).forEach((name, i) => {
    if (row.parameters[i] !== null) lines.push(`${plain(name, 32)} = ${plain(number(row.parameters[i]), 40)}`);
  });
  if (trials.parameters.length > LINES) lines.push(`… ${trials.parameters.length - LINES} more parameters`);
  return lines.join("<br>");
}

class View {
  constructor(root, ctx) {
    Object.assign(this, { ctx, objective: 0, at: -1 });
    this.plot = new Plot(root, ctx, 260);
    this.plot.on("plotly_click", ({ points, event }) => this.choose(points[0]?.customdata, event));
    // Drawing again would take the label away that the mouse has just brought.
    this.plot.on("plotly_hover", ({ points }) => { this.pointing = true; ctx.shared.hover(points[0]?.customdata ?? null); });
    this.plot.on("plotly_unhover", () => { this.pointing = false; ctx.shared.hover(null); });
    this.plot.on("plotly_relayout", () => { if (ctx.trials.rows.length > CAPACITY) ctx.update(); });
    this.plot.node.addEventListener("keydown", (event) => this.key(event));
  }
  choose(key, event) {
    if (key !== undefined) this.ctx.shared.select([key], event.ctrlKey || event.metaKey || event.shiftKey);
  }
  key(event) {
    const rows = this.ctx.trials.rows.filter((row) => this.ctx.trials.value(row, this.objective) !== null);
    const { shared } = this.ctx;
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step && rows.length) {
      this.at = (this.at + step + rows.length) % rows.length;
      shared.hover(rows[this.at].key);
    } else if ((event.key === "Enter" || event.key === " ") && rows[this.at]) shared.select([rows[this.at].key], event.shiftKey);
    else if (event.key === "Escape") shared.select([]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  select() {
    const key = [...this.ctx.shared.selected].join();
    if (this.pointing && key === this.selected) return undefined;
    this.selected = key;
    return this.update();
  }
  rows() {
    const { trials, shared } = this.ctx;
    const zoom = this.plot.zoom();
    const rows = trials.rows.filter((row) => row.state !== "queued" && row.state !== "created"
      && (!zoom || (row.trial >= zoom[0] && row.trial <= zoom[1])));
    const value = (row) => trials.value(row, this.objective);
    return thin(rows, (row) => shared.selected.has(row.key) || row.state === "running",
      (a, b) => value(a) !== null && (value(b) === null || trials.better(value(a), value(b), this.objective)));
  }
  update() {
    const { trials, shared } = this.ctx;
    const nothing = trials.nothing(this.objective);
    if (nothing) return this.plot.nothing(nothing);
    const c = this.ctx.colors();
    const groups = {};
    const valueless = [];
    for (const row of this.rows()) {
      if (trials.value(row, this.objective) === null) valueless.push(row);
      else (groups[row.feasible === false && row.state !== "running" ? "infeasible" : row.state] ??= []).push(row);
    }
    const repeats = trials.repeats > 1;
    const opacity = repeats ? 0.7 : 0.85;
    const trace = (name, rows, y, [symbol, color, size], more = {}) => ({
      type: "scatter", mode: "markers", name, x: rows.map((r) => r.trial), y, customdata: rows.map((r) => r.key),
      text: rows.map((r) => hover(trials, r)), hovertemplate: "%{text}<extra></extra>",
      marker: { symbol, color: c[color], size: repeats ? Math.min(size, RUN) : size, opacity: shared.selected.size ? rows.map((r) => (shared.selected.has(r.key) ? 1 : 0.3)) : opacity, line: { width: 1.5, color: c[color] } }, ...more,
    });
    const traces = Object.entries(groups).map(([state, rows]) => trace(state, rows, rows.map((r) => trials.value(r, this.objective)), LOOKS[state] ?? LOOKS.aborted));
    const going = (row) => row.state === "running" || row.state === "unfinished";
    for (const [name, some, look] of [["no value yet", valueless.filter(going), LOOKS.running], ["no value", valueless.filter((row) => !going(row)), LOOKS.failed]]) {
      if (some.length) traces.push(trace(name, some, some.map(() => 0.02), look, { yaxis: "y2" }));
    }
    // Beneath the marks, which it would hide.
    traces.unshift(this.steps(c));
    if (repeats) traces.push(this.means(Object.values(groups).flat(), c));
    const marked = [shared.hovered, ...shared.selected].map((key) => trials.get(key)).filter((row) => row && trials.value(row, this.objective) !== null);
    traces.push({
      type: "scatter", mode: "markers", x: marked.map((r) => r.trial), y: marked.map((r) => trials.value(r, this.objective)), showlegend: false, hoverinfo: "skip",
      marker: { symbol: "circle-open", size: 13, color: c.text, line: { width: 2 } },
    });
    const name = plain(trials.objectives[this.objective]?.name ?? "objective", 28);
    this.plot.label(`${this.describe()} Arrow keys walk through the trials, Enter selects, Escape selects none.`);
    return this.plot.draw(traces, {
      xaxis: this.plot.axis({ title: { text: "trial", standoff: 4 }, tickformat: "d", dtick: trials.rows.length < 8 ? 1 : undefined }), yaxis: this.plot.axis({ title: { text: name, standoff: 4 } }),
      yaxis2: { overlaying: "y", range: [0, 1], visible: false, fixedrange: true },
    });
  }
  // With repeats: the mean and spread of each set, at the middle of its runs.
  means(rows, c) {
    const { trials } = this.ctx;
    const firsts = [...new Set(rows.map((row) => trials.setOf(row).runs[0]).filter(Boolean))];
    const sets = firsts.map((row) => trials.setOf(row));
    const color = sets.map(({ feasible }) => (feasible ? c.accent : c.warn));
    return {
      type: "scatter", mode: "markers", name: "mean of a set", x: sets.map(({ runs }) => runs.reduce((sum, run) => sum + run.trial, 0) / runs.length),
      y: sets.map(({ mean }) => mean[this.objective]), customdata: firsts.map((row) => row.key), text: firsts.map((row) => hoverSet(trials, row)), hovertemplate: "%{text}<extra></extra>",
      marker: { symbol: sets.map(({ feasible }) => (feasible ? "diamond" : "diamond-tall-open")), color, size: 9, line: { width: 1.5, color } },
      error_y: { type: "data", array: sets.map(({ spread }) => spread?.[this.objective] ?? 0), color: c.faint, thickness: 1.5, width: 4 },
    };
  }
  steps(c) {
    const { trials } = this.ctx;
    const value = (row) => trials.reached(row)[this.objective];
    const x = [];
    const y = [];
    let best = null;
    let last = null;
    for (const row of trials.rows) {
      last = Math.max(last ?? row.trial, row.trial);
      if (!trials.wins(row) || (best && !trials.better(value(row), value(best), this.objective))) continue;
      best = row;
      x.push(row.trial);
      y.push(value(row));
    }
    if (best) { x.push(last); y.push(value(best)); }
    return { type: "scatter", mode: "lines", name: "best so far", x, y, line: { shape: "hv", color: c.good, width: 2 }, hoverinfo: "skip", legendrank: 2000 };
  }
  describe() {
    const { trials } = this.ctx;
    const best = trials.best(this.objective);
    const name = cut(trials.objectives[this.objective]?.name ?? "objective");
    if (!trials.rows.length) return `${name} per trial: no trial yet.`;
    return `${name} of ${trials.rows.length} ${trials.rows.length === 1 ? "task" : "tasks"}; ${best ? `the best ${trials.repeats > 1 ? "mean of a set" : "so far"} is ${number(trials.reached(best)[this.objective])} in ${trials.label(best)}` : "no result counts yet"}.`;
  }
  table() {
    const { trials } = this.ctx;
    const columns = ["trial", "state", ...trials.objectives.map((o) => o.name), ...trials.parameters];
    return { columns, rows: trials.rows.map((r) => [r.trial, r.state, ...trials.objectives.map((_, i) => r.values[i] ?? null), ...r.parameters]) };
  }
  image() { return this.plot.image(); }
  dispose() { this.plot.dispose(); }
}

export function create(root, ctx) { return new View(root, ctx); }
