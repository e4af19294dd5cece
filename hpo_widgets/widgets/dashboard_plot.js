// A Plotly chart as every panel wants it: the theme of the page, zoom and legend kept, a picture, nothing left behind.
import { make } from "./dashboard_kit.js";

const BUTTONS = ["toImage", "lasso2d", "select2d", "sendDataToCloud", "autoScale2d", "zoomIn2d", "zoomOut2d"];

export class Plot {
  constructor(root, ctx, height) {
    Object.assign(this, { ctx, height, heard: {} });
    this.node = make("div", "hpo-dash-plot");
    this.node.style.height = `${height}px`;
    this.node.setAttribute("role", "group");
    this.node.tabIndex = 0;
    this.blank = make("p", "hpo-dash-blank");
    this.blank.hidden = true;
    root.append(this.node, this.blank);
  }
  // A sentence in the chart's place while there is nothing to draw: axes alone look broken.
  nothing(text) {
    this.blank.textContent = text;
    this.blank.style.height = `${this.height}px`;
    this.blank.hidden = false;
    this.node.hidden = true;
  }
  on(event, act) { this.heard[event] = act; }
  axis(more = {}) {
    const c = this.ctx.colors();
    return { gridcolor: c.line, zeroline: false, linecolor: c.line, tickcolor: c.line, automargin: true, ...more };
  }
  layout(more) {
    const c = this.ctx.colors();
    return {
      height: this.height, width: Math.max(120, this.node.clientWidth), margin: { l: 8, r: 12, t: 8, b: 8 }, uirevision: "keep",
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: c.text, family: c.font, size: 11 },
      hoverlabel: { bgcolor: c.back, bordercolor: c.line, font: { color: c.text }, align: "left" },
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, itemsizing: "constant", bgcolor: "rgba(0,0,0,0)" },
      hovermode: "closest", modebar: { bgcolor: "rgba(0,0,0,0)", color: c.faint, activecolor: c.accent },
      ...more, // and no `transition`: nothing moves by itself, and Plotly would freeze the axes
    };
  }
  async draw(traces, layout) {
    this.node.hidden = false;
    this.blank.hidden = true;
    this.plotly ??= await this.ctx.plotly();
    if (this.gone || !this.node.clientWidth) return;
    const config = { displaylogo: false, responsive: false, modeBarButtonsToRemove: BUTTONS, displayModeBar: "hover" };
    const made = this.made;
    this.made = true;
    await this.plotly.react(this.node, traces, this.layout(layout), config);
    if (!made) for (const [event, act] of Object.entries(this.heard)) this.node.on(event, act);
  }
  // The axis as the person has zoomed it, `null` when all is shown.
  zoom(axis = "xaxis") {
    const found = this.node._fullLayout?.[axis];
    return found && found.autorange === false ? found.range : null;
  }
  label(text) { this.node.setAttribute("aria-label", text); }
  async image() {
    if (!this.made || this.node.hidden) throw new Error("there is nothing in it yet.");
    const layout = { ...this.node.layout, paper_bgcolor: this.ctx.colors().back };
    return this.plotly.toImage({ data: this.node.data, layout }, { format: "png", width: this.node.clientWidth, height: this.height, scale: 2 });
  }
  dispose() {
    this.gone = true;
    if (this.made) this.plotly.purge(this.node);
    this.node.remove();
    this.blank.remove();
  }
}
