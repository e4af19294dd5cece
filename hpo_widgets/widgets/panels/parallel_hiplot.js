// HiPlot, live and two-way. Its own bundle; what it lacks is added around it: see the comments.
import { make } from "../dashboard_kit.js";

const AXIS_PX = 90;

// Kept in memory: HiPlot's own default writes to the address of the page.
class Kept {
  constructor(prefix, store) { Object.assign(this, { prefix, store }); }
  get(key, other) {
    const value = this.store[this.prefix + key];
    return structuredClone(value === undefined ? other : value);
  }
  set(key, value) {
    // HiPlot sorts axes by descending place in `order`, so each drawing would turn them round.
    const kept = key === "order" && Array.isArray(value) ? value.slice().reverse() : value;
    try { this.store[this.prefix + key] = structuredClone(kept); } catch { this.store[this.prefix + key] = kept; }
  }
  children(name) { return new Kept(`${this.prefix}${name}.`, this.store); }
  clear() { for (const key in this.store) delete this.store[key]; }
}

// The component behind a node: HiPlot has no call to select from outside.
function component(node) {
  const root = node._reactRootContainer;
  const stack = [root && (root._internalRoot || root).current];
  while (stack.length) {
    const fiber = stack.pop();
    if (!fiber) continue;
    if (fiber.stateNode?.setSelected && fiber.stateNode.callSelectedUidsHooks) return fiber.stateNode;
    stack.push(fiber.sibling, fiber.child);
  }
  return null;
}

function inside(extent, value) {
  if (value === null || value === undefined) return Boolean(extent.include_infnans);
  if (extent.values) return extent.values.map(String).includes(String(value));
  if (!extent.range) return true;
  return Number(value) >= Math.min(...extent.range) && Number(value) <= Math.max(...extent.range);
}

// Colours in order of their lightness, which everybody can tell apart, and no end of which is the background.
export class HiPlot {
  // `brushed(keys)`: a person has brushed these tasks; `null`: the brush is gone.
  constructor(root, ctx, brushed) {
    Object.assign(this, { ctx, brushed, kept: {}, extents: {}, drawn: [], axes: [], version: -1 });
    this.node = make("div", "hpo-hip");
    root.append(this.node);
  }
  get isBrushed() { return Object.keys(this.extents).length > 0; }
  names() { return this.axes.filter((axis) => axis.label in this.extents).map((axis) => axis.name); }
  async draw(rows, axes, colored, dark) {
    this.library ??= await this.ctx.hiplot();
    if (this.gone) return;
    Object.assign(this, { drawn: rows, axes: axes.list.filter((axis) => !axis.empty), texts: axes });
    this.extents = {};
    this.uids = null;
    this.node.style.minWidth = `${AXIS_PX * (this.axes.length + 1)}px`;
    const experiment = this.experiment(rows, colored, dark);
    this.library.render(this.node, {
      experiment, persistentState: new Kept("", this.kept), dark, dataProviderName: "none", comm: null, asserts: false,
      onChange: {
        brush_extents: (_, extents) => this.hear({ extents }),
        selected_uids: (_, uids) => this.hear({ uids }),
      },
    });
    await this.loaded(experiment);
    component(this.node)?.setState({ dark }); // it looks at the theme only once
    this.mark();
  }
  // It takes an experiment in after a promise of its own.
  async loaded(experiment) {
    for (let frames = 0; frames < 120 && !this.gone; frames += 1) {
      if (component(this.node)?.state.experiment === experiment) return;
      await new Promise((done) => { requestAnimationFrame(done); });
    }
  }
  value(axis, row) {
    const value = axis.read(row);
    return value === null || axis.numeric ? value : this.texts.text(value);
  }
  experiment(rows, colored, dark) {
    const points = rows.map((row) => {
      const values = { trial: row.trial };
      for (const axis of this.axes) {
        const value = this.value(axis, row);
        if (value !== null) values[axis.label] = value;
      }
      return { uid: String(row.key), from_uid: null, values };
    });
    const definition = { trial: { type: "numeric" } };
    for (const axis of this.axes) definition[axis.label] = this.defined(axis);
    const order = ["trial", ...this.axes.map((axis) => axis.label)];
    this.kept["PARALLEL_PLOT.order"] ??= order.slice().reverse();
    const hidden = ["uid", "from_uid"];
    return {
      datapoints: points, parameters_definition: definition, colorby: colored?.label ?? null, colormap: dark ? "interpolateCool" : "interpolateViridis", weightcolumn: null,
      display_data: { PARALLEL_PLOT: { hide: hidden, order: order.slice().reverse() } }, enabled_displays: ["PARALLEL_PLOT"], _displays: ["PARALLEL_PLOT"],
    };
  }
  defined(axis) {
    const type = axis.log ? "numericlog" : axis.numeric ? "numeric" : "categorical";
    const css = axis.kind === "objective" ? "font-weight: bold" : "";
    const range = axis.numeric && axis.low === axis.high ? { force_value_min: axis.low - 0.5, force_value_max: axis.high + 0.5 } : {};
    return { type: axis.log && axis.low === axis.high ? "numeric" : type, colors: {}, colormap: null, label_css: css, ...range };
  }
  // It tells the selection first and the brush that made it 200 ms later.
  hear({ extents, uids }) {
    if (uids) this.uids = uids;
    if (extents) {
      const was = this.isBrushed;
      this.extents = extents;
      if (was && !this.isBrushed) return this.brushed(null);
    }
    if (!this.isBrushed) return undefined;
    return this.uids && this.brushed(this.found());
  }
  // The brushed tasks; of those that are not drawn, the ones that the brush would hold.
  found() {
    const drawn = new Set(this.drawn);
    const byLabel = new Map(this.axes.map((axis) => [axis.label, (row) => this.value(axis, row)]));
    byLabel.set("trial", (row) => row.trial);
    const holds = (row) => Object.entries(this.extents).every(([label, extent]) => inside(extent, byLabel.get(label)?.(row)));
    const others = this.ctx.trials.rows.length > drawn.size ? this.ctx.trials.rows.filter((row) => !drawn.has(row) && this.takes(row) && holds(row)) : [];
    return [...this.uids.map(Number), ...others.map((row) => row.key)];
  }
  takes(row) { return row.state !== "queued" && row.state !== "created"; }
  // Shows what other panels or Python selected; a brush shows its own.
  mark() {
    if (this.isBrushed || this.gone) return;
    const found = component(this.node);
    if (!found) return;
    const { selected } = this.ctx.shared;
    const rows = found.state.rows_filtered ?? [];
    const chosen = selected.size ? rows.filter((row) => selected.has(Number(row.uid))) : rows;
    found.setSelected(chosen, null);
  }
  dispose() {
    this.gone = true;
    // The bundle does not let go of what it drew; its timers end here, the rest goes with the node.
    component(this.node)?.componentWillUnmount();
    this.node.remove();
  }
}
