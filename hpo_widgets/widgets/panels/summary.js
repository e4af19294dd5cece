// The summary table: a row a task, best first; ten thousand rows cost what is seen of them.
import { button, clock, csv, make, number, save } from "../dashboard_kit.js";
import { deskOf } from "./desk.js";
import { byFronts } from "./fronts.js";
import { Menu, press } from "./kit.js";
import { FEASIBLE } from "./parallel_rows.js";
import { compile } from "./summary_filter.js";

const ROW = 24;
const AHEAD = 8;
const MANY_PARAMETERS = 20;
const STATES = ["running", "queued", "completed", "pruned", "aborted", "failed", "lost", "created"];

// ---- columns: how a cell is read, written and sorted ---------------------------------------------------------------
// An objective travels as a number, as the text of one that is not finite, or as null.
const SPELLED = { nan: NaN, inf: Infinity, "-inf": -Infinity };
const measured = (value) => (typeof value === "string" ? SPELLED[value] : value);
const spelled = (value) => (Number.isFinite(value) ? number(value) : Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf");
const show = (value) => (typeof value === "number" ? number(value) : String(value));

// Of a search with rungs: which rung (from 1), the iteration at which it is judged, the trial that it goes on with.
const RUNGS = ["rung", "budget", "follows"];

function columnsOf(trials, { bound, rungs }, now) {
  const { objectives, parameters, repeats } = trials;
  const lasts = (row) => (row.started === null ? null : (row.ended ?? now()) - row.started);
  const found = [
    { name: "trial", get: (row) => row.trial, width: 58, numeric: true },
    ...objectives.map(({ name, minimize }, i) => ({
      name, minimize, objective: true, numeric: true, width: 104, get: (row) => measured(row.values[i]), show: spelled,
    })),
    ...(repeats > 1 ? ["mean", "spread"].flatMap((what) => objectives.map(({ name, minimize }, i) => ({
      name: objectives.length > 1 ? `${name} ${what}` : what, minimize, objective: what === "mean", numeric: true, width: 92, get: (row) => trials.setOf(row)[what]?.[i] ?? null, show: spelled,
    }))) : []),
    ...(bound ? [{ name: "constraints", get: (row) => FEASIBLE.get(row.feasible) ?? null, width: 106 }] : []),
    { name: "state", get: (row) => row.state, width: 104, order: (value) => STATES.indexOf(value) },
    { name: "reason", get: (row) => row.reason || null, width: 130 },
    { name: "iteration", get: (row) => row.iteration, width: 92, numeric: true },
    { name: "duration", get: lasts, width: 88, numeric: true, show: clock },
    ...(rungs ? RUNGS.map((name, i) => ({ name: parameters.includes(name) ? `task: ${name}` : name, get: (row) => row.rung?.[i] ?? null, width: 74, numeric: true })) : []),
    { name: "id", get: (row) => row.id, width: 84, show: (value) => value.slice(0, 8) },
    ...parameters.map((name, i) => ({ name, parameter: true, width: 104, get: (row) => row.parameters[i] })),
  ];
  return found.map((column, index) => ({ show, ...column, index }));
}

const missing = (value) => value === null || value === undefined || Number.isNaN(value);

// Missing values come last whichever way the table is sorted; numbers come before texts.
function compare(a, b, sign) {
  if (missing(a) || missing(b)) return missing(a) - missing(b);
  if (typeof a !== typeof b) return (typeof a === "number" ? -1 : 1) * sign;
  return (a < b ? -1 : a > b ? 1 : 0) * sign;
}

// Best first: what counts by its value (with several objectives by Pareto front, then by crowding), then what may still
// count, then the rest, newest first.
function bestFirst(rows, trials) {
  const sign = trials.objectives.map(({ minimize }) => (minimize ? 1 : -1));
  // With repeats the mean of its set stands for a run.
  const repeats = trials.repeats > 1;
  const counted = rows.filter((row) => trials.counts(row) && (!repeats || trials.setOf(row).feasible));
  const counts = new Set(counted);
  const reached = (row) => (repeats ? trials.setOf(row).mean : row.values);
  const able = sign.length > 1
    ? byFronts(counted, (row) => reached(row).map((value, i) => sign[i] * value))
    : counted.sort((a, b) => compare(reached(a)[0], reached(b)[0], sign[0]) || a.key - b.key);
  const group = (row) => (row.state === "running" ? 0 : 1);
  const rest = rows.filter((row) => !counts.has(row)).sort((a, b) => group(a) - group(b)
    || (group(a) === 0 ? compare(measured(a.values[0]), measured(b.values[0]), sign[0]) : 0)
    || b.key - a.key);
  return [...able, ...rest];
}

// ---- the table -----------------------------------------------------------------------------------------------------
export class SummaryTable {
  constructor(root, ctx) {
    Object.assign(this, { root, ctx, desk: deskOf(ctx), columns: [], shown: [], hidden: new Set(["reason", "id", "budget", "follows", "task: budget", "task: follows"]), active: 0, anchor: 0 });
    this.id = Math.random().toString(36).slice(2, 8);
    this.sort = null; // null: best first
    this.archived = false;
    this.filter = compile("", []);
    this.build();
    this.ticker = setInterval(() => { if (this.live && !ctx.dead()) this.draw(); }, 1000);
  }
  dispose() {
    clearInterval(this.ticker);
    clearTimeout(this.later);
  }
  build() {
    const bar = make("div", "hpo-bar");
    this.input = make("input", "hpo-input hpo-summary-filter");
    Object.assign(this.input, { type: "search", placeholder: "Filter: words, lr<0.01" });
    this.input.setAttribute("aria-label", "Filter trials");
    this.input.addEventListener("input", () => this.setFilter());
    this.count = make("span", "hpo-faint");
    this.count.setAttribute("role", "status");
    this.menu = new Menu("Columns");
    bar.append(this.input, this.count, this.menu.node,
      press("Copy", "Copies the chosen rows, or all that are shown, as a table", () => this.copy()),
      press("CSV", "Saves what is shown as a file", () => this.save()));
    this.grid = make("div", "hpo-summary-grid");
    this.grid.tabIndex = 0;
    this.grid.setAttribute("role", "grid");
    this.grid.setAttribute("aria-label", "Trials");
    this.grid.setAttribute("aria-multiselectable", "true");
    this.grid.addEventListener("scroll", () => this.draw(), { passive: true });
    this.grid.addEventListener("keydown", (event) => this.key(event));
    this.head = make("div", "hpo-summary-head");
    this.head.setAttribute("role", "row");
    this.body = make("div", "hpo-summary-body");
    this.body.setAttribute("role", "rowgroup");
    this.body.addEventListener("click", (event) => this.click(event));
    this.grid.append(this.head, this.body);
    this.root.append(bar, this.grid);
  }

  // -- what comes in
  update() {
    const { trials } = this.ctx;
    if (this.version === trials.version) return;
    // The columns of constraints and of rungs are there from the first trial on that has any.
    const has = { bound: trials.rows.some((row) => typeof row.feasible === "boolean"), rungs: trials.rows.some((row) => row.rung) };
    const moved = has.bound !== this.has?.bound || has.rungs !== this.has?.rungs;
    const count = trials.parameters.length;
    if (trials.objectives.length && (!this.columns.length || moved || count !== this.searched)) {
      if (moved) this.sort = null;
      Object.assign(this, { has, searched: count });
      this.setColumns();
      this.filter = compile(this.input.value, this.columns);
    }
    this.version = trials.version;
    // Sorting ten thousand rows takes a frame: twice a second is often enough.
    if (trials.rows.length < 500 || !this.shown.length) this.arrange();
    else this.later ??= setTimeout(() => { this.later = undefined; this.arrange(); }, 500);
  }
  setColumns() {
    this.columns = columnsOf(this.ctx.trials, this.has, () => this.desk.now());
    const { parameters } = this.ctx.trials;
    for (const name of RUNGS) if (parameters.includes(name)) this.hidden.delete(name);
    if (parameters.length > MANY_PARAMETERS) parameters.slice(MANY_PARAMETERS).forEach((name) => this.hidden.add(name));
    this.menu.fill([
      ...this.columns.map(({ name }) => ({ text: name, checked: !this.hidden.has(name), change: (on) => this.show(name, on) })),
      { text: "archived trials", checked: this.archived, change: (on) => { this.archived = on; this.arrange(); } },
    ]);
  }
  show(name, on) {
    if (on) this.hidden.delete(name); else this.hidden.add(name);
    this.drawHead();
    this.draw();
  }
  setFilter() {
    this.filter = compile(this.input.value, this.columns);
    this.input.setAttribute("aria-invalid", this.filter.problem ? "true" : "false");
    this.input.title = this.filter.problem ?? "";
    this.arrange();
  }
  arrange() {
    const all = this.ctx.trials.rows.filter((row) => this.archived || !row.archived);
    const rows = all.filter((row) => this.filter.test(row));
    const active = this.shown[this.active];
    for (const column of this.columns) if (column.parameter) column.numeric = all.length > 0 && all.every((row) => typeof (column.get(row) ?? 0) === "number");
    this.live = all.some((row) => row.state === "running");
    if (this.sort === null) this.shown = bestFirst(rows, this.ctx.trials);
    else {
      const { column, sign } = this.sort;
      const { get, order } = this.columns[column];
      const keyed = rows.map((row) => [order ? order(get(row)) : get(row), row]);
      this.shown = keyed.sort((a, b) => compare(a[0], b[0], sign) || a[1].key - b[1].key).map(([, row]) => row);
    }
    // The row that people are at stays the same when others pass it.
    const now = active && document.activeElement === this.grid ? this.shown.indexOf(active) : -1;
    this.active = now >= 0 ? now : Math.max(0, Math.min(this.active, this.shown.length - 1));
    const said = rows.length === all.length ? `${all.length} ${all.length === 1 ? "trial" : "trials"}` : `${rows.length} of ${all.length} trials`;
    if (this.count.textContent !== said) this.count.textContent = said;
    this.drawHead();
    this.draw();
  }

  // -- what is drawn
  visible() { return this.columns.filter(({ name }) => !this.hidden.has(name)); }
  drawHead() {
    const columns = this.visible();
    const key = JSON.stringify([columns.map(({ name, numeric }) => [name, numeric]), this.sort]);
    if (key === this.headKey) return;
    this.headKey = key;
    this.grid.setAttribute("aria-colcount", columns.length);
    this.width = columns.reduce((sum, { width }) => sum + width, 0);
    this.template = columns.map(({ width }) => `minmax(${width}px, ${width}fr)`).join(" ");
    const focused = this.head.contains(document.activeElement) ? document.activeElement.textContent : null;
    this.head.replaceChildren(...columns.map((column) => {
      const sorted = this.sort?.column === column.index ? this.sort.sign : 0;
      const cell = make("div", `hpo-summary-title${column.numeric ? " hpo-number" : ""}`);
      cell.setAttribute("role", "columnheader");
      cell.setAttribute("aria-sort", sorted ? (sorted > 0 ? "ascending" : "descending") : "none");
      const name = column.name + (sorted ? (sorted > 0 ? " ▲" : " ▼") : "");
      const sort = button(name, "hpo-plain", () => this.sortBy(column));
      sort.title = `${column.name}: sort`;
      cell.append(sort);
      return cell;
    }));
    for (const node of [this.head, this.body]) Object.assign(node.style, { minWidth: `${this.width}px` });
    this.head.style.gridTemplateColumns = this.template;
    if (focused !== null) [...this.head.querySelectorAll("button")].find((node) => node.textContent.replace(/ [▲▼]$/, "") === focused.replace(/ [▲▼]$/, ""))?.focus();
  }
  sortBy(column) {
    // Up, down, then back to best first; an objective begins with what is better.
    const first = column.objective && !column.minimize ? -1 : 1;
    const now = this.sort?.column === column.index ? this.sort.sign : 0;
    this.sort = now === 0 ? { column: column.index, sign: first } : now === first ? { column: column.index, sign: -first } : null;
    this.arrange();
  }
  draw() {
    if (!this.columns.length) return;
    this.body.style.height = `${this.shown.length * ROW}px`; // first: how much of it is seen follows from it
    const top = this.grid.scrollTop;
    const height = this.grid.clientHeight || 320;
    const first = Math.max(0, Math.floor(top / ROW) - AHEAD);
    const last = Math.min(this.shown.length, Math.ceil((top + height) / ROW) + AHEAD);
    this.grid.setAttribute("aria-rowcount", this.shown.length + 1);
    const columns = this.visible();
    const lines = [];
    for (let i = first; i < last; i += 1) lines.push(this.line(this.shown[i], i, columns));
    this.body.replaceChildren(...lines);
    const active = lines.find((line) => Number(line.dataset.at) === this.active);
    if (active) this.grid.setAttribute("aria-activedescendant", active.id);
    else this.grid.removeAttribute("aria-activedescendant");
    if (!this.shown.length) {
      const why = this.ctx.trials.rows.length ? "No trial matches the filter." : "No trial yet.";
      this.body.replaceChildren(make("p", "hpo-empty", why));
      this.body.style.height = "40px";
    }
  }
  line(row, at, columns) {
    const node = make("div", "hpo-summary-row");
    node.id = `hpo-${this.id}-row-${row.key}`;
    Object.assign(node.dataset, { at, state: row.state });
    node.style.gridTemplateColumns = this.template;
    node.style.top = `${at * ROW}px`;
    node.setAttribute("role", "row");
    node.setAttribute("aria-rowindex", at + 2);
    node.setAttribute("aria-selected", this.ctx.shared.selected.has(row.key) ? "true" : "false");
    if (at === this.active) node.classList.add("hpo-active");
    if (at === 0 && this.sort === null && this.ctx.trials.counts(row)) node.classList.add("hpo-best");
    for (const column of columns) {
      const value = column.get(row);
      const said = value === null || value === undefined ? "–" : column.show(value);
      const cell = make("div", column.numeric || typeof value === "number" ? "hpo-number" : "", said);
      cell.setAttribute("role", "gridcell");
      cell.title = column.name === "state" && row.reason ? `${said}: ${row.reason}` : value === null || value === undefined ? "none" : String(value);
      if (column.name === "state") cell.dataset.state = row.state;
      node.append(cell);
    }
    return node;
  }

  // -- what people do
  click(event) {
    const at = Number(event.target.closest(".hpo-summary-row")?.dataset.at ?? NaN);
    if (Number.isNaN(at)) return;
    this.active = at;
    const { shared } = this.ctx;
    const { key } = this.shown[at];
    if (event.shiftKey) shared.select(this.between(this.anchor, at));
    else {
      this.anchor = at;
      if (event.ctrlKey || event.metaKey) shared.select([key], true);
      else shared.select(shared.selected.size === 1 && shared.selected.has(key) && event.detail < 2 ? [] : [key]);
    }
    this.draw();
    // Not `dblclick`: the row of the first click has been drawn anew by the time of the second.
    if (event.detail === 2) this.open();
  }
  between(a, b) { return this.shown.slice(Math.min(a, b), Math.max(a, b) + 1).map((row) => row.key); }
  open() { if (this.shown[this.active]) this.ctx.open(this.shown[this.active].key); }
  key(event) {
    if (event.target !== this.grid) return;
    const { shared } = this.ctx;
    const page = Math.max(1, Math.floor(this.grid.clientHeight / ROW) - 2);
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[event.key];
    const command = event.ctrlKey || event.metaKey;
    if (by !== undefined) {
      this.active = Math.max(0, Math.min(this.shown.length - 1, this.active + by));
      if (event.shiftKey) shared.select(this.between(this.anchor, this.active));
      else this.anchor = this.active;
      this.reveal();
    } else if (event.key === "Enter") this.open();
    else if (event.key === " " && this.shown[this.active]) shared.select([this.shown[this.active].key], true);
    else if (event.key === "Escape") shared.select([]);
    else if (command && event.key === "a") shared.select(this.shown.map((row) => row.key));
    else if (command && event.key === "c") this.copy();
    else return;
    // JupyterLab has keys of its own for a selected cell: what the table understands is the table's.
    event.preventDefault();
    event.stopPropagation();
  }
  reveal() {
    const top = this.active * ROW;
    const room = this.grid.clientHeight - this.head.offsetHeight;
    if (top < this.grid.scrollTop) this.grid.scrollTop = top;
    else if (top + ROW > this.grid.scrollTop + room) this.grid.scrollTop = top + ROW - room;
    this.draw();
  }
  // What is shown, or of that what is chosen, as people read it in other programs: values in full.
  table() {
    const columns = this.visible();
    const { selected } = this.ctx.shared;
    const chosen = this.shown.filter((row) => selected.has(row.key));
    const rows = (chosen.length ? chosen : this.shown).map((row) => columns.map((column) => column.get(row) ?? null));
    return { columns: columns.map(({ name }) => name), rows };
  }
  copy() {
    const { columns, rows } = this.table();
    const flat = (value) => (value === null ? "" : String(value).replace(/[\t\r\n]+/g, " "));
    const lines = [columns, ...rows].map((line) => line.map(flat).join("\t"));
    this.desk.copy(`${lines.join("\n")}\n`, `${rows.length} ${rows.length === 1 ? "row" : "rows"}`);
  }
  save() { save("trials.csv", URL.createObjectURL(new Blob(["\ufeff", csv(this.table())], { type: "text/csv" }))); }
}

export function create(root, ctx) {
  root.classList.add("hpo-panel", "hpo-summary");
  const table = new SummaryTable(root, ctx);
  return {
    update: () => table.update(),
    select: () => { table.update(); table.draw(); },
    resize: () => { table.update(); table.draw(); },
    dispose: () => table.dispose(),
  };
}
