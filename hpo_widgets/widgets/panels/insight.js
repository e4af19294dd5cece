// What the study teaches: one figure at a time, asked for when somebody looks and again when trials have ended since.
import { button, cut, make } from "../dashboard_kit.js";
import { Plot } from "../dashboard_plot.js";

const SHORTEST_MS = 3000;
const SHARE = 4;
const ROW_PX = 210;
const HEIGHT = 320;
const KEPT = 12;
const FINAL = new Set(["completed", "pruned", "aborted", "failed", "lost"]);

async function unpacked(buffer) {
  const stream = new Blob([buffer]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

// What the kernel has told, for all views of the page.
class Figures {
  constructor(ctx) {
    Object.assign(this, { kinds: [], found: new Map(), ctx });
  }
  take(content, buffers, whole) {
    if (whole) { this.kinds = content.kinds ?? this.kinds; return; }
    if (!content.key) return;
    const kept = { seconds: content.seconds, error: content.error, ready: buffers.length ? unpacked(buffers[0]) : null };
    this.found.delete(content.key);
    this.found.set(content.key, kept);
    if (this.found.size > KEPT) this.found.delete(this.found.keys().next().value);
  }
}

export function data(app) { return new Figures(app); }

class View {
  constructor(root, ctx) {
    Object.assign(this, { ctx, kind: null, options: {}, asked: new Map(), shown: null });
    this.tabs = make("div", "hpo-ins-tabs");
    this.tabs.setAttribute("role", "tablist");
    this.tabs.setAttribute("aria-label", "Figure");
    this.tabs.addEventListener("keydown", (event) => this.walk(event));
    this.fields = make("div", "hpo-ins-fields");
    this.state = make("p", "hpo-ins-state");
    this.state.setAttribute("role", "status");
    this.body = make("div", "hpo-ins-body");
    this.body.setAttribute("role", "tabpanel");
    this.notes = make("p", "hpo-ins-notes");
    root.append(this.tabs, this.fields, this.body, this.state, this.notes);
    this.plot = new Plot(this.body, ctx, HEIGHT);
    this.plot.on("plotly_click", ({ points, event }) => this.choose(points[0]?.customdata?.[0], event));
  }
  walk(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const tabs = [...this.tabs.children];
    const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
    next.focus();
    next.click();
    event.preventDefault();
    event.stopPropagation();
  }
  choose(task, event) {
    const row = task && this.ctx.trials.rows.find((each) => each.id === task);
    if (row) this.ctx.shared.select([row.key], event.ctrlKey || event.metaKey || event.shiftKey);
  }
  question() {
    const given = { kind: this.kind };
    if (this.kind !== "timeline" && this.kind !== "pareto" && this.options.objective) given.objective = this.options.objective;
    if (this.kind === "contour" || this.kind === "pareto") {
      const chosen = this.options[this.kind] ?? {};
      if (chosen.x) given.x = chosen.x;
      if (chosen.y) given.y = chosen.y;
    }
    return given;
  }
  ended() { return this.ctx.trials.rows.reduce((sum, row) => sum + FINAL.has(row.state), 0); }
  // Asks for what is shown unless it is there and right; while trials end quickly, not for more than a fifth of the time.
  async look() {
    const question = this.question();
    const name = JSON.stringify(question);
    const last = this.asked.get(name);
    const at = this.ended();
    if (last && (last.at === at || last.waiting)) return;
    const wait = last ? last.when + Math.max(SHORTEST_MS, SHARE * 1000 * (this.found(name)?.seconds ?? 0)) - performance.now() : 0;
    if (wait > 0) {
      clearTimeout(this.later);
      this.later = setTimeout(() => this.ctx.update(), wait);
      return;
    }
    const asked = { at, when: performance.now(), waiting: true, key: last?.key };
    this.asked.set(name, asked);
    try { asked.key = (await this.ctx.ask(question)).key; } catch (error) { asked.failed = error.message; }
    asked.waiting = false;
    this.ctx.update();
  }
  found(name) {
    const key = this.asked.get(name)?.key;
    return key ? this.ctx.data.found.get(key) : null;
  }
  async update() {
    this.dress();
    if (!this.kind) return;
    this.look();
    const name = JSON.stringify(this.question());
    const found = this.found(name);
    const failed = this.asked.get(name)?.failed ?? (this.ctx.dead() ? "the kernel is gone." : null);
    if (!found) {
      this.state.textContent = failed ? `It cannot be worked out: ${failed}` : "Working it out in a process of its own…";
      this.insight = null;
      this.body.hidden = true;
      this.notes.textContent = "";
      return;
    }
    const insight = found.ready ? await found.ready : null;
    if (JSON.stringify(this.question()) !== name) return;
    this.insight = insight;
    this.state.textContent = found.error ? `It cannot be worked out: ${found.error}` : insight?.figure ? "" : insight?.said ?? "";
    this.notes.textContent = insight?.notes.join(" ") ?? "";
    this.axes();
    this.body.hidden = !insight?.figure;
    if (insight?.figure) await this.draw(insight);
  }
  draw({ figure, said }) {
    const c = this.ctx.colors();
    const layout = structuredClone(figure.layout);
    const rows = layout.hpoRows ?? 1;
    delete layout.hpoRows;
    for (const [key, axis] of Object.entries(layout)) {
      if (/^[xy]axis\d*$/.test(key)) layout[key] = this.plot.axis({ ...axis, title: axis.title ? { ...axis.title, standoff: 4 } : undefined });
    }
    const many = rows > 1 || this.kind === "slice";
    this.plot.height = many ? Math.max(HEIGHT - 60, rows * ROW_PX) : HEIGHT;
    this.plot.node.style.height = `${this.plot.height}px`;
    const data = structuredClone(figure.data).map((trace) => this.colored(trace, c));
    // Plotly fails when axes of one figure are taken over into another with others.
    if (this.drawn !== JSON.stringify(this.question()) && this.plot.made) {
      this.plot.plotly.purge(this.plot.node);
      this.plot.made = false;
    }
    this.drawn = JSON.stringify(this.question());
    this.plot.label(`${said} Click a point to select its trial.`);
    return this.plot.draw(data, { ...layout, margin: { l: 8, r: 12, t: this.kind === "timeline" || this.kind === "pareto" ? 30 : 12, b: 8 }, showlegend: this.kind === "timeline" || this.kind === "pareto" });
  }
  colored(trace, c) {
    if (trace.type === "bar" && this.kind === "importance") return { ...trace, name: "", marker: { color: c.accent }, textfont: { color: c.text } };
    if (this.kind === "edf") return { ...trace, line: { color: c.accent, width: 2 } };
    if (this.kind === "pareto") return { ...trace, showlegend: true, marker: { ...trace.marker, ...(Array.isArray(trace.marker.color) ? { color: c.faint, size: 6, colorbar: undefined, showscale: false, opacity: 0.7 } : {}) } };
    if (trace.type === "contour") return { ...trace, colorbar: { thickness: 10, title: trace.colorbar?.title }, line: { ...trace.line, color: "rgba(128,128,128,0.6)" } };
    if (this.kind === "contour") return { ...trace, showlegend: false, marker: { ...trace.marker, color: c.back, size: 5, line: { width: 1, color: c.text } } };
    return trace;
  }
  dress() {
    const { kinds } = this.ctx.data;
    if (this.tabbed !== kinds.length) {
      this.tabbed = kinds.length;
      this.kind ??= kinds[0]?.[0] ?? null;
      this.tabs.replaceChildren(...kinds.map(([kind, title]) => {
        const tab = button(title, "hpo-par-choice", () => { this.kind = kind; this.ctx.update(); });
        tab.setAttribute("role", "tab");
        tab.dataset.kind = kind;
        return tab;
      }));
    }
    for (const tab of this.tabs.children) {
      const chosen = tab.dataset.kind === this.kind;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
    }
    this.body.setAttribute("aria-label", kinds.find(([kind]) => kind === this.kind)?.[1] ?? "");
    const { objectives } = this.ctx.trials;
    const shape = JSON.stringify([this.kind, objectives.length]);
    if (this.shaped === shape) return;
    this.shaped = shape;
    this.chosen = "";
    this.fields.replaceChildren();
    if (objectives.length > 1 && this.kind !== "timeline" && this.kind !== "pareto") {
      this.fields.append(this.field("objective", objectives.map((each, i) => [String(i), each.name]), String(this.options.objective ?? 0), (value) => { this.options.objective = Number(value); }));
    }
  }
  // The parameters of a contour and the objectives of a front can be chosen when it is known what there is.
  axes() {
    const names = this.insight?.axes ?? [];
    const chosen = this.options[this.kind] ??= {};
    const [first, second] = this.insight?.columns.slice(this.kind === "pareto" ? 1 : 2) ?? [];
    const drawn = { x: chosen.x ?? (names.includes(first) ? first : names[0]), y: chosen.y ?? (names.includes(second) ? second : names[1]) };
    const said = JSON.stringify([names, drawn]);
    if (names.length < 3 || this.chosen === said || this.fields.contains(document.activeElement)) return;
    this.chosen = said;
    this.fields.querySelectorAll("[data-axis]").forEach((node) => node.remove());
    for (const axis of ["x", "y"]) {
      const other = axis === "x" ? "y" : "x";
      const field = this.field(axis, names.map((name) => [name, name]), drawn[axis], (value) => {
        const next = { ...drawn, [axis]: value };
        if (next[other] === value) next[other] = drawn[axis];
        this.options[this.kind] = next;
        this.chosen = "";
      });
      field.dataset.axis = axis;
      this.fields.append(field);
    }
  }
  field(title, items, value, act) {
    const label = make("label", "hpo-ins-field", `${title} `);
    const select = make("select", "hpo-par-select");
    select.append(...items.map(([key, text]) => Object.assign(make("option", "", cut(text, 40)), { value: key, title: text })));
    select.value = value;
    select.addEventListener("keydown", (event) => event.stopPropagation());
    select.addEventListener("change", () => { act(select.value); select.blur(); this.ctx.update(); });
    label.append(select);
    return label;
  }
  select() {}
  describe() { return this.insight?.figure ? this.insight.said : ""; }
  table() { return this.insight ? { columns: this.insight.columns, rows: this.insight.rows } : { columns: [], rows: [] }; }
  image() { return this.plot.image(); }
  dispose() {
    clearTimeout(this.later);
    this.plot.dispose();
  }
}

export function create(root, ctx) { return new View(root, ctx); }
