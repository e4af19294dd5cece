// How each objective went over time: every value as it came, the best so far, and edits and limits as dashed lines.
import { cut, number, plain } from "../dashboard_kit.js";
import { Plot } from "../dashboard_plot.js";
import { hover, thin } from "./objective_trials.js";

const HEIGHT = 260;
const MORE = 110;
const MOST = 4;
const LABEL_PX = 15; // width of an edit's label, which stands on its side
const MARGINS_PX = 70; // left and right of the axis
const LISTED = 12; // edits in one hover

// Plotly's dates carry no zone: the person's own clock is written out.
function local(seconds) {
  const date = new Date(seconds * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, -1);
}

class View {
  constructor(root, ctx) {
    this.ctx = ctx;
    this.plot = new Plot(root, ctx, HEIGHT);
    this.plot.on("plotly_relayout", (change) => { if (Object.keys(change).some((key) => /^xaxis\.(range|autorange)/.test(key))) ctx.update(); });
    this.plot.on("plotly_click", ({ points, event }) => {
      const key = points[0]?.customdata;
      if (key !== undefined) ctx.shared.select([key], event.ctrlKey || event.metaKey || event.shiftKey);
    });
  }
  select() {
    const key = [...this.ctx.shared.selected].join();
    if (key === this.selected) return undefined;
    this.selected = key;
    return this.update();
  }
  traces(objective, c) {
    const { trials, shared } = this.ctx;
    const axis = objective ? `y${objective + 1}` : "y";
    const rows = trials.rows.filter((row) => trials.value(row, objective) !== null).sort((a, b) => a.at - b.at);
    const shown = thin(rows, (row) => shared.selected.has(row.key), (a, b) => trials.better(a.values[objective], b.values[objective], objective));
    const steps = [];
    for (const [at, value] of this.results(rows, objective)) {
      if (!steps.length || trials.better(value, steps[steps.length - 1][1], objective)) steps.push([at, value]);
    }
    if (steps.length) steps.push([rows[rows.length - 1].at, steps[steps.length - 1][1]]);
    const legend = objective === 0;
    return [
      {
        type: "scatter", mode: "lines+markers", name: "last reported", legendgroup: "last", showlegend: legend, yaxis: axis, x: shown.map((r) => local(r.at)), y: shown.map((r) => r.values[objective]),
        customdata: shown.map((r) => r.key), text: shown.map((r) => hover(trials, r)), hovertemplate: "%{text}<extra></extra>",
        line: { color: c.faint, width: 1 }, marker: {
          symbol: shown.map((r) => (r.feasible === false ? "diamond-tall-open" : "circle")), line: { width: shown.map((r) => (r.feasible === false ? 1.5 : 0)) },
          color: shown.map((r) => (shared.selected.has(r.key) ? c.text : r.feasible === false ? c.warn : c.accent)), size: shown.map((r) => (shared.selected.has(r.key) ? 10 : r.feasible === false ? 8 : 5)),
        },
      },
      {
        type: "scatter", mode: "lines", name: "best so far", legendgroup: "best", showlegend: legend, yaxis: axis, x: steps.map(([at]) => local(at)), y: steps.map(([, value]) => value),
        line: { shape: "hv", color: c.good, width: 2 }, hovertemplate: "best so far %{y:.5g}<extra></extra>",
      },
    ];
  }
  // What counts, as [when, value] in the order of time: with repeats the means of sets, each when the last of its runs came.
  results(rows, objective) {
    const { trials } = this.ctx;
    const counted = rows.filter((row) => trials.wins(row));
    if (trials.repeats === 1) return counted.map((row) => [row.at, row.values[objective]]);
    const sets = new Set(counted.map((row) => trials.setOf(row)));
    return [...sets].map(({ mean, runs }) => [Math.max(...runs.map(({ at }) => at)), mean[objective]]).sort((a, b) => a[0] - b[0]);
  }
  update() {
    const { trials } = this.ctx;
    const c = this.ctx.colors();
    const nothing = trials.nothing();
    const count = Math.max(1, Math.min(MOST, trials.objectives.length));
    this.plot.height = HEIGHT + MORE * (count - 1);
    this.plot.node.style.height = `${this.plot.height}px`;
    if (nothing) return this.plot.nothing(nothing);
    const traces = [];
    const layout = { xaxis: this.plot.axis({ type: "date", anchor: count > 1 ? `y${count}` : "y" }) };
    for (let i = 0; i < count; i += 1) {
      traces.push(...this.traces(i, c));
      const title = { text: plain(trials.objectives[i]?.name ?? "objective", 30), standoff: 4 };
      const high = 1 - i / count;
      layout[i ? `yaxis${i + 1}` : "yaxis"] = this.plot.axis({ title, domain: [high - 1 / count + (i < count - 1 ? 0.04 : 0), high] });
    }
    const edits = this.ctx.data.value.edits ?? [];
    layout.shapes = edits.map(([at]) => ({ type: "line", xref: "x", yref: "paper", x0: local(at), x1: local(at), y0: 0, y1: 1, line: { color: c.warn, width: 1, dash: "dot" } }));
    layout.annotations = this.together(edits).map((group) => {
      const [at, text] = group[0];
      return {
        xref: "x", yref: "paper", x: local(at), y: 1, yanchor: "top", xanchor: "right", showarrow: false, textangle: -90,
        text: group.length > 1 ? `${group.length} edits` : plain(text, 24), font: { size: 10, color: c.faint },
        hovertext: group.slice(0, LISTED).map(([when, said]) => `${local(when).slice(11, 19)} ${plain(said, 120)}`).join("<br>") + (group.length > LISTED ? `<br>… ${group.length - LISTED} more, see the table` : ""),
      };
    });
    this.plot.label(this.describe());
    return this.plot.draw(traces, layout);
  }
  // Edits whose labels would overlap share one: those within a label's width of the first of them.
  together(edits) {
    const zoom = this.plot.zoom()?.map((text) => new Date(text.replace(" ", "T")).getTime() / 1000);
    const times = zoom ?? [...this.ctx.trials.rows.filter(({ values }) => values.length).map(({ at }) => at), ...edits.map(([at]) => at)];
    const span = times.reduce((a, b) => Math.max(a, b), -Infinity) - times.reduce((a, b) => Math.min(a, b), Infinity);
    const near = (LABEL_PX * span) / Math.max(1, this.plot.node.parentElement.clientWidth - MARGINS_PX);
    const groups = [];
    for (const edit of [...edits].sort((a, b) => a[0] - b[0])) {
      const last = groups[groups.length - 1];
      if (last && edit[0] - last[0][0] <= near) last.push(edit);
      else groups.push([edit]);
    }
    return groups;
  }
  describe() {
    const { trials } = this.ctx;
    if (!trials.rows.length) return "No trial yet.";
    return trials.objectives.map((objective, i) => {
      const best = trials.best(i);
      return `${cut(objective.name)}: ${best ? `best so far ${number(trials.reached(best)[i])} in ${trials.label(best)}` : "no result counts yet"}`;
    }).join("; ") + ".";
  }
  table() {
    const { trials } = this.ctx;
    const rows = trials.rows.filter((r) => r.values.some((v) => v !== null)).map((r) => [r.at, [local(r.at).slice(0, 19), trials.label(r), ...trials.objectives.map((_, i) => r.values[i] ?? null), ""]]);
    for (const [at, text] of this.ctx.data.value.edits ?? []) rows.push([at, [local(at).slice(0, 19), "", ...trials.objectives.map(() => null), text]]);
    rows.sort((a, b) => a[0] - b[0]);
    return { columns: ["time", "trial", ...trials.objectives.map((o) => o.name), "edit"], rows: rows.map(([, row]) => row) };
  }
  image() { return this.plot.image(); }
  dispose() { this.plot.dispose(); }
}

export function create(root, ctx) { return new View(root, ctx); }
