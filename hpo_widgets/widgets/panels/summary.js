// The summary table: a row a task, best first; ten thousand rows cost what is seen of them.
import { Menu, clock, download, make, number, text } from "./kit.js";
import { compile } from "./summary_filter.js";

const ROW = 24;
const AHEAD = 8;
const STATES = ["running", "queued", "completed", "pruned", "aborted", "failed", "lost", "created"];
const [KEY, TRIAL, ID, STATE, REASON, COUNTS, VALUES, ITERATION, STARTED, ENDED, ARCHIVED, PARAMETERS] = Array(12).keys();
const NUMBERS = { NaN: NaN, Infinity: Infinity, "-Infinity": -Infinity };
const figure = (value) => (typeof value === "string" && value in NUMBERS ? NUMBERS[value] : value);

// ---- columns: how a cell is read, written and sorted ---------------------------------------------------------------
function columnsOf(head, now) {
  const lasts = (row) => (row[STARTED] === null ? null : (row[ENDED] ?? now()) - row[STARTED]);
  const found = [
    { name: "trial", get: (row) => row[TRIAL], width: 58, numeric: true },
    ...head.objectives.map(({ name, minimize }, i) => ({
      name, minimize, objective: true, numeric: true, width: 104, get: (row) => figure(row[VALUES][i]),
    })),
    { name: "state", get: (row) => row[STATE], width: 92, order: (value) => STATES.indexOf(value) },
    { name: "reason", get: (row) => row[REASON], width: 130 },
    { name: "iteration", get: (row) => row[ITERATION], width: 78, numeric: true },
    { name: "duration", get: lasts, width: 78, numeric: true, show: clock },
    { name: "id", get: (row) => row[ID], width: 84, show: (value) => value.slice(0, 8) },
    ...head.parameters.map((name, i) => ({
      name, parameter: true, width: 104, get: (row) => row[PARAMETERS][i],
    })),
  ];
  return found.map((column, index) => ({ ...column, index, show: column.show ?? (column.parameter ? text : column.numeric ? number : text) }));
}

const missing = (value) => value === null || value === undefined || Number.isNaN(value);

// Missing values come last whichever way the table is sorted; numbers come before texts.
function compare(a, b, sign) {
  if (missing(a) || missing(b)) return missing(a) - missing(b);
  if (typeof a !== typeof b) return (typeof a === "number" ? -1 : 1) * sign;
  return (a < b ? -1 : a > b ? 1 : 0) * sign;
}

// Best first: what counts by its value (with several objectives what nobody dominates, then the first objective), then
// what may still count, then the rest, newest first.
function bestFirst(rows, objectives) {
  const sign = objectives.map(({ minimize }) => (minimize ? 1 : -1));
  const cost = (row, i) => figure(row[VALUES][i]) * sign[i];
  const front = objectives.length > 1 ? frontOf(rows.filter((row) => row[COUNTS]), objectives.length, cost) : null;
  const group = (row) => (row[COUNTS] ? (front?.has(row) === false ? 1 : 0) : row[STATE] === "running" ? 2 : 3);
  return [...rows].sort((a, b) => group(a) - group(b)
    || (group(a) < 3 ? compare(figure(a[VALUES][0]), figure(b[VALUES][0]), sign[0]) : 0)
    || (group(a) < 2 ? a[KEY] - b[KEY] : b[KEY] - a[KEY]));
}

function frontOf(rows, count, cost) {
  const axes = [...Array(count).keys()];
  const noWorse = (a, b) => axes.every((i) => cost(a, i) <= cost(b, i));
  const same = (a, b) => axes.every((i) => cost(a, i) === cost(b, i));
  const front = new Set();
  for (const row of [...rows].sort((a, b) => cost(a, 0) - cost(b, 0) || cost(a, 1) - cost(b, 1))) {
    if (![...front].some((other) => noWorse(other, row) && !same(other, row))) front.add(row);
  }
  return front;
}

// ---- the table -----------------------------------------------------------------------------------------------------
export class SummaryTable {
  constructor(root, ctx) {
    Object.assign(this, { root, ctx, rows: new Map(), columns: [], shown: [], hidden: new Set(["reason", "id"]), active: 0, anchor: 0 });
    this.sort = null; // null: best first
    this.skew = 0;
    this.archived = false;
    this.filter = compile("", []);
    this.build();
    this.chosen = new Set(ctx.selection.get());
    this.unselect = ctx.selection.subscribe((ids) => { this.chosen = new Set(ids); this.draw(); });
    this.ticker = setInterval(() => { if (this.live) this.draw(); }, 1000);
  }
  dispose() {
    clearInterval(this.ticker);
    clearTimeout(this.later);
    this.unselect?.();
  }
  build() {
    const bar = make("div", "hpo-bar");
    this.input = make("input", "hpo-input hpo-summary-filter");
    Object.assign(this.input, { type: "search", placeholder: "Filter: words, state=failed, lr<0.01" });
    this.input.setAttribute("aria-label", "Filter trials");
    this.input.addEventListener("input", () => this.setFilter(this.input.value));
    this.count = make("span", "hpo-faint");
    this.count.setAttribute("role", "status");
    this.menu = new Menu("Columns");
    const copy = make("button", "hpo-button", "Copy");
    copy.title = "Copies the chosen rows, or all that are shown, as a table";
    copy.addEventListener("click", () => this.copy());
    const csv = make("button", "hpo-button", "CSV");
    csv.title = "Saves what is shown as a file";
    csv.addEventListener("click", () => download("trials.csv", "text/csv", this.asText(",", this.shown)));
    bar.append(this.input, this.count, this.menu.node, copy, csv);
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
    this.body.addEventListener("dblclick", () => this.open());
    this.grid.append(this.head, this.body);
    this.root.append(bar, this.grid);
  }
  now() { return Date.now() / 1000 - this.skew; }

  // -- what comes in
  update(message) {
    if (message.now) this.skew = Date.now() / 1000 - message.now;
    if (message.head) this.setHead(message.head);
    if (message.whole) this.rows.clear();
    for (const row of message.rows ?? []) this.rows.set(row[KEY], row);
    this.live = [...this.rows.values()].some((row) => row[STATE] === "running");
    // Sorting ten thousand rows takes a frame: twice a second is often enough.
    if (message.whole || this.rows.size < 500) this.arrange();
    else this.later ??= setTimeout(() => { this.later = undefined; this.arrange(); }, 500);
  }
  setHead(head) {
    this.objectives = head.objectives;
    this.columns = columnsOf(head, () => this.now());
    if (head.parameters.length > 20) head.parameters.slice(20).forEach((name) => this.hidden.add(name));
    this.setFilter(this.input.value, false);
    this.menu.fill([
      ...this.columns.map(({ name }) => ({ text: name, checked: !this.hidden.has(name), change: (on) => this.show(name, on) })),
      { text: "archived trials", checked: this.archived, change: (on) => { this.archived = on; this.arrange(); } },
    ]);
  }
  show(name, on) {
    if (on) this.hidden.delete(name); else this.hidden.add(name);
    this.drawHead();
    this.draw(true);
  }
  setFilter(words, arrange = true) {
    this.filter = compile(words, this.columns);
    this.input.setAttribute("aria-invalid", this.filter.problem ? "true" : "false");
    this.input.title = this.filter.problem ?? "";
    if (arrange) this.arrange();
  }
  arrange() {
    const rows = [...this.rows.values()].filter((row) => (this.archived || !row[ARCHIVED]) && this.filter.test(row));
    if (this.sort === null) this.shown = bestFirst(rows, this.objectives ?? []);
    else {
      const { column, sign } = this.sort;
      const { get, order } = this.columns[column];
      const keyed = rows.map((row) => [order ? order(get(row)) : get(row), row]);
      this.shown = keyed.sort((a, b) => compare(a[0], b[0], sign) || a[1][KEY] - b[1][KEY]).map(([, row]) => row);
    }
    this.active = Math.max(0, Math.min(this.active, this.shown.length - 1));
    const all = [...this.rows.values()].filter((row) => this.archived || !row[ARCHIVED]).length;
    const said = this.shown.length === all ? `${all} ${all === 1 ? "trial" : "trials"}` : `${this.shown.length} of ${all} trials`;
    if (this.count.textContent !== said) this.count.textContent = said;
    this.drawHead();
    this.draw(true);
  }

  // -- what is drawn
  visible() { return this.columns.filter(({ name }) => !this.hidden.has(name)); }
  drawHead() {
    const columns = this.visible();
    const key = JSON.stringify([columns.map(({ name }) => name), this.sort]);
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
      const button = make("button", "hpo-plain", column.name + (sorted ? (sorted > 0 ? " ▲" : " ▼") : ""));
      button.title = `${column.name}: sort`;
      button.addEventListener("click", () => this.sortBy(column));
      cell.append(button);
      return cell;
    }));
    for (const node of [this.head, this.body]) Object.assign(node.style, { minWidth: `${this.width}px` });
    this.head.style.gridTemplateColumns = this.template;
    if (focused !== null) [...this.head.querySelectorAll("button")].find((button) => button.textContent.startsWith(focused.replace(/ [▲▼]$/, "")))?.focus();
  }
  sortBy(column) {
    // Up, down, then back to best first; an objective begins with what is better.
    const first = column.objective && !column.minimize ? -1 : 1;
    const now = this.sort?.column === column.index ? this.sort.sign : 0;
    this.sort = now === 0 ? { column: column.index, sign: first } : now === first ? { column: column.index, sign: -first } : null;
    this.arrange();
  }
  draw(anew = false) {
    if (!this.columns.length) return;
    const top = this.grid.scrollTop;
    const height = this.grid.clientHeight || 320;
    const first = Math.max(0, Math.floor(top / ROW) - AHEAD);
    const last = Math.min(this.shown.length, Math.ceil((top + height) / ROW) + AHEAD);
    this.body.style.height = `${this.shown.length * ROW}px`;
    this.grid.setAttribute("aria-rowcount", this.shown.length + 1);
    const columns = this.visible();
    const lines = [];
    for (let i = first; i < last; i += 1) lines.push(this.line(this.shown[i], i, columns));
    this.body.replaceChildren(...lines);
    const active = lines.find((line) => Number(line.dataset.at) === this.active);
    if (active) this.grid.setAttribute("aria-activedescendant", active.id);
    else this.grid.removeAttribute("aria-activedescendant");
    if (!this.shown.length) {
      const why = this.rows.size ? "No trial matches the filter." : "No trial yet.";
      this.body.replaceChildren(make("p", "hpo-empty", why));
      this.body.style.height = "40px";
    }
  }
  line(row, at, columns) {
    const node = make("div", "hpo-summary-row");
    node.id = `hpo-${this.ctx.id}-row-${row[KEY]}`;
    Object.assign(node.dataset, { at, state: row[STATE] });
    node.style.gridTemplateColumns = this.template;
    node.style.top = `${at * ROW}px`;
    node.setAttribute("role", "row");
    node.setAttribute("aria-rowindex", at + 2);
    node.setAttribute("aria-selected", this.chosen.has(row[ID]) ? "true" : "false");
    if (at === this.active) node.classList.add("hpo-active");
    if (at === 0 && this.sort === null && row[COUNTS]) node.classList.add("hpo-best");
    for (const column of columns) {
      const value = column.get(row);
      const said = value === null || value === undefined ? "–" : column.show(value);
      const cell = make("div", column.numeric || typeof value === "number" ? "hpo-number" : "", said);
      cell.setAttribute("role", "gridcell");
      cell.title = column.name === "state" && row[REASON] ? `${said}: ${row[REASON]}` : value === null || value === undefined ? "none" : String(value);
      if (column.name === "state") cell.dataset.state = row[STATE];
      node.append(cell);
    }
    return node;
  }

  // -- what people do
  click(event) {
    const at = Number(event.target.closest(".hpo-summary-row")?.dataset.at ?? NaN);
    if (Number.isNaN(at)) return;
    this.active = at;
    if (event.shiftKey) this.choose(this.between(this.anchor, at));
    else {
      this.anchor = at;
      const id = this.shown[at][ID];
      if (event.ctrlKey || event.metaKey) this.toggle(id);
      else this.choose(this.chosen.size === 1 && this.chosen.has(id) ? [] : [id]);
    }
  }
  between(a, b) { return this.shown.slice(Math.min(a, b), Math.max(a, b) + 1).map((row) => row[ID]); }
  toggle(id) { this.choose(this.chosen.has(id) ? [...this.chosen].filter((one) => one !== id) : [...this.chosen, id]); }
  choose(ids) {
    this.chosen = new Set(ids);
    this.ctx.selection.set([...this.chosen]);
    this.draw();
  }
  open() { if (this.shown[this.active]) this.ctx.openTask(this.shown[this.active][ID]); }
  key(event) {
    if (event.target !== this.grid) return;
    const page = Math.max(1, Math.floor(this.grid.clientHeight / ROW) - 2);
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[event.key];
    const command = event.ctrlKey || event.metaKey;
    if (by !== undefined) {
      this.active = Math.max(0, Math.min(this.shown.length - 1, this.active + by));
      if (event.shiftKey) this.choose(this.between(this.anchor, this.active));
      else this.anchor = this.active;
      this.reveal();
    } else if (event.key === "Enter") this.open();
    else if (event.key === " " && this.shown[this.active]) this.toggle(this.shown[this.active][ID]);
    else if (event.key === "Escape") this.choose([]);
    else if (command && event.key === "a") this.choose(this.shown.map((row) => row[ID]));
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
  copy() {
    const rows = this.chosen.size ? this.shown.filter((row) => this.chosen.has(row[ID])) : this.shown;
    this.ctx.copy(this.asText("\t", rows), `${rows.length} rows`);
  }
  asText(separator, rows) {
    const columns = this.visible();
    const quote = (value) => {
      const said = value === null || value === undefined ? "" : String(value);
      return /["\n\r,\t]/.test(said) ? `"${said.replaceAll('"', '""')}"` : said;
    };
    const lines = [columns.map(({ name }) => name), ...rows.map((row) => columns.map((column) => column.get(row)))];
    return `${lines.map((line) => line.map(quote).join(separator)).join("\n")}\n`;
  }
}

export function create(root, ctx) {
  root.classList.add("hpo-summary");
  const table = new SummaryTable(root, ctx);
  return {
    update: (message) => table.update(message),
    resize: () => table.draw(),
    theme() {},
    dispose: () => table.dispose(),
  };
}
