// Plotly's parallel coordinates with ClearML's axes: task, iteration, parameters, objectives last; colour is the objective.
import { plain } from "../dashboard_kit.js";
import { Plot } from "../dashboard_plot.js";

// What d3 calls "cool": as HiPlot has it on a dark page.
const COOL = [[0, "#6e40aa"], [0.25, "#417de0"], [0.5, "#1ac7c2"], [0.75, "#40f373"], [1, "#aff05b"]];
const TICKS = 12;
const HEIGHT = 340;

export class Parcoords {
  constructor(root, ctx, brushed) {
    Object.assign(this, { ctx, brushed, ranges: new Map(), rows: [], dimensions: [] });
    this.plot = new Plot(root, ctx, HEIGHT);
    this.plot.on("plotly_restyle", () => this.hear());
  }
  get node() { return this.plot.node; }
  get isBrushed() { return this.ranges.size > 0; }
  names() { return this.dimensions.filter((d) => this.ranges.has(d.key) && d.name).map((d) => d.name); }
  async draw(given, axes, colored, dark) {
    const rows = this.ordered(given);
    this.rows = rows;
    const place = new Map(rows.map((row, i) => [row.key, i]));
    this.dimensions = [
      this.listed("task", "task", rows.map((row) => `${row.id.slice(0, 6)}…`)),
      this.measured("iteration", "iteration", rows.map((row) => row.iteration)),
      ...axes.list.filter((axis) => !axis.empty).map((axis) => this.dimension(axis, axes, rows)),
    ].filter(Boolean);
    const { selected } = this.ctx.shared;
    const chosen = this.isBrushed ? [] : [...selected].map((key) => place.get(key)).filter((i) => i !== undefined);
    for (const each of this.dimensions) {
      if (this.ranges.has(each.key)) each.constraintrange = this.ranges.get(each.key);
    }
    if (selected.size && !this.isBrushed) this.dimensions[0].constraintrange = runs(chosen);
    const c = this.ctx.colors();
    const line = { color: c.accent };
    if (colored) {
      const values = rows.map((row) => colored.read(row));
      const known = values.filter((value) => value !== null);
      const low = Math.min(...known);
      Object.assign(line, {
        color: values.map((value) => value ?? low), colorscale: dark ? COOL : "Viridis", showscale: true, cmin: low, cmax: Math.max(...known),
        colorbar: { title: { text: plain(colored.label, 24) }, thickness: 10, len: 0.9 },
      });
    }
    const trace = {
      type: "parcoords", line, unselected: { line: { color: c.faint, opacity: 0.08 } }, labelfont: { color: c.text, size: 11 },
      tickfont: { color: c.text, size: 10 }, rangefont: { color: c.faint, size: 9 },
      dimensions: this.dimensions.map(({ key, name, ...shown }) => shown),
    };
    this.drawing = true;
    try { await this.plot.draw([trace], { margin: { l: 60, r: 30, t: 44, b: 18 } }); } finally { this.drawing = false; }
  }
  // Plotly holds some ranges on an axis, not hundreds: many that were selected elsewhere stand together on the first.
  ordered(rows) {
    const { selected } = this.ctx.shared;
    if (this.isBrushed || selected.size <= TICKS) return rows;
    return [...rows.filter((row) => !selected.has(row.key)), ...rows.filter((row) => selected.has(row.key))];
  }
  dimension(axis, axes, rows) {
    const values = rows.map(axis.read);
    if (!axis.numeric) return { ...this.listed(axis.label, axis.label, values.map((v) => (v === null ? "–" : axes.text(v)))), name: axis.name };
    return { ...this.measured(axis.label, axis.label, values, axis.log), name: axis.name };
  }
  // A value that is missing lies below the axis, on a tick of its own.
  measured(key, label, values, log = false) {
    const known = values.filter((value) => value !== null).map((value) => (log ? Math.log10(value) : value));
    if (!known.length) return null;
    let [low, high] = [Math.min(...known), Math.max(...known)];
    const single = low === high;
    if (single) [low, high] = [low - 0.5, high + 0.5];
    const missing = low - (high - low) * 0.1;
    const some = known.length < values.length;
    const ticks = single ? [known[0]] : log ? decades(low, high) : even(low, high, known.every(Number.isInteger));
    const texts = ticks.map((tick) => String(Number((log ? 10 ** tick : tick).toPrecision(3))));
    return {
      key, label: plain(label, 24), range: [some ? missing : low, high], values: values.map((v) => (v === null ? missing : log ? Math.log10(v) : v)),
      tickvals: some ? [missing, ...ticks] : ticks, ticktext: some ? ["none", ...texts] : texts,
    };
  }
  listed(key, label, texts) {
    const known = [...new Set(texts)];
    const at = new Map(known.map((text, i) => [text, i]));
    const step = Math.ceil(known.length / TICKS);
    const ticks = known.map((_, i) => i).filter((i) => i % step === 0);
    return {
      key, label: plain(label, 24), range: [Math.min(0, known.length - 1.5), Math.max(0.5, known.length - 1)], values: key === "task" ? texts.map((_, i) => i) : texts.map((text) => at.get(text)),
      tickvals: ticks, ticktext: ticks.map((i) => plain(known[i], 14)), ...(key === "task" ? { range: [-0.5, texts.length - 0.5], ...fewTicks(texts) } : {}),
    };
  }
  hear() {
    if (this.drawing) return;
    const shown = this.plot.node.data?.[0]?.dimensions ?? [];
    this.ranges = new Map();
    shown.forEach((dimension, i) => {
      if (dimension.constraintrange?.length) this.ranges.set(this.dimensions[i].key, dimension.constraintrange);
    });
    this.brushed(this.isBrushed ? this.rows.filter((_, i) => this.holds(shown, i)).map((row) => row.key) : null);
  }
  holds(shown, i) {
    return shown.every((dimension) => {
      const given = dimension.constraintrange;
      if (!given?.length) return true;
      const ranges = Array.isArray(given[0]) ? given : [given];
      const value = dimension.values[i];
      return ranges.some(([low, high]) => value >= low && value <= high);
    });
  }
  image() { return this.plot.image(); }
  dispose() { this.plot.dispose(); }
}

function fewTicks(texts) {
  const step = Math.ceil(texts.length / TICKS);
  const ticks = texts.map((_, i) => i).filter((i) => i % step === 0);
  return { tickvals: ticks, ticktext: ticks.map((i) => plain(texts[i], 14)) };
}

// Ranges that hold these places and no others; a range that holds nothing when there is none.
function runs(places) {
  const found = [];
  for (const i of [...places].sort((a, b) => a - b)) {
    const last = found[found.length - 1];
    if (last && i - last[1] < 0.7) last[1] = i + 0.4;
    else found.push([i - 0.4, i + 0.4]);
  }
  return found.length ? found : [[-0.5, -0.45]];
}

function even(low, high, whole = false) {
  const found = Array.from({ length: 6 }, (_, i) => low + ((high - low) * i) / 5);
  return whole ? [...new Set(found.map(Math.round))] : found;
}

function decades(low, high) {
  const found = [];
  for (let i = Math.ceil(low); i <= Math.floor(high); i += 1) found.push(i);
  return found.length >= 2 ? found : even(low, high);
}
