// The form of a search space: a row a parameter. Stands behind form.js.

const KINDS = [
  ["uniform", "uniform"], ["integer", "integer"], ["log", "log"], ["normal", "normal"], ["lognormal", "lognormal"],
  ["discrete", "discrete"], ["fixed", "fixed"],
];
const RANGE = { low: { label: "Low" }, high: { label: "High" } };
const OPEN = { label: "Leave the high end out", kind: "check" };
const ENDS = { low: { label: "Low", placeholder: "none" }, high: { label: "High", placeholder: "none" } };
const STEP = { label: "Step", placeholder: "none" };
// kind → the fields it has
const SHAPES = {
  uniform: { ...RANGE, step: STEP, open: OPEN },
  integer: { ...RANGE, step: { label: "Step", placeholder: "1" }, open: OPEN },
  log: { ...RANGE, base: { label: "Base", placeholder: "10" }, step: { label: "Exp step", placeholder: "none" }, open: OPEN },
  normal: { mu: { label: "Mean" }, sigma: { label: "Std dev" }, ...ENDS, step: STEP },
  lognormal: { mu: { label: "Log mean" }, sigma: { label: "Log std" }, ...ENDS, step: STEP },
  discrete: { values: { label: "Values, separated by commas", placeholder: "96, 128, 160" } },
  fixed: { values: { label: "Value", placeholder: "" } },
  set: { combinations: { label: "Combinations (JSON)", kind: "area" } },
};
// Behind the fields of every kind, where a parameter is there only with some values of another.
const CONDITION = {
  when: { label: "Only when", placeholder: "a parameter above" }, equals: { label: "is", placeholder: "value, value" },
};
const ICONS = { up: "M8 13V3M4 7l4-4 4 4", down: "M8 3v10M4 9l4 4 4-4", duplicate: "M6 6h7v7H6zM3 10V3h7", remove: "M4 4l8 8M12 4l-8 8",
  condition: "M5 2v12M5 11c0-4 6-2 6-6M9 7l2-2 2 2" };
const BLANK = { on: true, name: "", kind: "uniform" };

class SpaceView extends FormView {
  constructor(page, el) { super(page, el, "Search space"); }
  build() {
    this.lines = new Map();
    this.rows = new FormRows(this, { build: (id) => this.buildRow(id), blank: () => BLANK, named: (id) => this.nameOf(id) });
    this.empty = make("p", "hpo-hint", "No parameters yet.");
    this.add = makeButton("hpo-add", "Add parameter", undefined, () => this.rows.add());
    this.total = make("p", "hpo-total");
    this.total.setAttribute("role", "status");
    const foot = make("div", "hpo-foot");
    this.undo = makeButton("hpo-undo", "Undo", undefined, () => this.rows.restore());
    foot.append(this.add, this.undo, this.total, make("p", "hpo-hint", "Enter adds a parameter, Alt+↑ and Alt+↓ move it."));
    const heading = make("p", "hpo-heading", "Search space");
    const constraints = this.field({
      key: "constraints", label: "Constraints, one a line", kind: "area", placeholder: "none, or such as: low + 2*steps <= 100",
    });
    this.functions = make("p", "hpo-hint");
    this.functions.id = `${constraints.input.id}-functions`;
    constraints.described.push(this.functions.id);
    constraints.node.append(this.functions);
    this.root.append(heading, this.empty, this.rows.node, foot, constraints.node);
  }
  prepare() {
    this.rows.prepare();
    const named = (this.page.draft.functions ?? []).map((each) => each.function);
    this.functions.hidden = !named.length;
    this.functions.textContent = named.length ? `And functions from Python: ${named.join(", ")}.` : "";
    for (const row of this.page.rows) this.arrange(this.lines.get(row.id));
    for (const id of this.lines.keys()) if (!this.rows.made.has(id)) this.lines.delete(id);
  }
  nameOf(id) {
    const what = this.page.typed(`${id}.kind`) === "set" ? "set" : "parameter";
    return (what === "parameter" && this.page.typed(`${id}.name`)) || `${what} ${this.rows.place(id) + 1}`;
  }
  called(key) { return key === "constraints" ? super.called(key) : `${this.fields.get(key).label} of ${this.nameOf(splitKey(key)[0])}`; }

  buildRow(id) {
    const node = make("div", "hpo-row");
    node.setAttribute("role", "group");
    const line = { id, node, parts: make("div", "hpo-row-fields"), messages: make("div", "hpo-row-messages") };
    const on = this.rowField(line, "on", { label: "Use", kind: "check" });
    const name = this.rowField(line, "name", { label: "Name" });
    const kind = this.rowField(line, "kind", { label: "Kind", kind: "select", options: KINDS });
    line.note = line.messages.appendChild(make("p", "hpo-hint"));
    line.picture = this.buildPicture();
    line.buttons = this.buildButtons(id);
    node.append(on.node, name.node, kind.node, line.parts, line.picture.node, line.buttons.node, line.messages);
    node.addEventListener("keydown", (event) => this.onRowKey(event, id));
    this.lines.set(id, line);
    this.arrange(line);
    return { node, first: name.input };
  }
  // Messages of a row stand beneath it, across its width: beneath a narrow field they would be a column of words.
  rowField(line, name, spec) {
    const field = this.field({ key: `${line.id}.${name}`, ...spec });
    field.named = true;
    line.messages.append(field.message);
    if (name === "values") field.input.addEventListener("paste", (event) => this.pasteValues(event));
    return field;
  }
  buildPicture() {
    const node = make("figure", "hpo-picture");
    const svg = drawing("0 0 100 100");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("role", "img");
    const caption = make("figcaption", "hpo-draws");
    node.append(svg, caption);
    return { node, svg, path: svg.lastChild, caption };
  }
  buildButtons(id) {
    const node = make("div", "hpo-row-buttons");
    const parts = {};
    const actions = {
      up: () => this.rows.move(id, -1), down: () => this.rows.move(id, 1),
      duplicate: () => this.rows.duplicate(id), remove: () => this.rows.delete(id, this.add),
      condition: () => this.askCondition(id),
    };
    for (const [name, act] of Object.entries(actions)) {
      const button = parts[name] = makeButton(`hpo-row-${name}`, name, "", act);
      const icon = button.appendChild(drawing("0 0 16 16"));
      icon.setAttribute("aria-hidden", "true");
      icon.lastChild.setAttribute("d", ICONS[name]);
      node.append(button);
    }
    return { node, parts };
  }
  onRowKey(event, id) {
    const typing = event.target.matches("input[type=text]");
    if (event.key === "Enter" && typing && !event.isComposing) this.rows.add(id);
    else if (event.altKey && event.key === "ArrowUp") this.rows.move(id, -1);
    else if (event.altKey && event.key === "ArrowDown") this.rows.move(id, 1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  // A pasted column of values would lose its line breaks and become one number.
  pasteValues(event) {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!/[\r\n\t]/.test(text.trim())) return;
    event.preventDefault();
    const input = event.target;
    input.setRangeText(text.trim().split(/[\s]*[\r\n\t]+[\s]*/).join(", "), input.selectionStart, input.selectionEnd, "end");
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
  hasCondition(id) {
    return ["conditional", "when", "equals"].some((name) => (this.page.typed(`${id}.${name}`) || "") !== "");
  }
  askCondition(id) {
    this.page.change((draft) => { draft.rows.find((row) => row.id === id).conditional = true; });
    this.show();
    this.fields.get(`${id}.when`).input.focus();
  }
  // Gives a row the fields of its kind; those of other kinds keep what was typed in them.
  arrange(line) {
    const kind = this.page.typed(`${line.id}.kind`);
    const isOpen = this.page.typed(`${line.id}.open`) === true;
    const conditional = this.hasCondition(line.id);
    if (line.kind === kind && (line.isOpen || !isOpen) && (line.conditional || !conditional)) return;
    Object.assign(line, { kind, isOpen, conditional });
    // Only ranges that came without their high end have a box for it.
    const shape = Object.entries(SHAPES[kind] ?? {}).filter(([name]) => name !== "open" || isOpen);
    if (conditional) shape.push(...Object.entries(CONDITION));
    const nodes = shape.map(([name, spec]) => {
      const field = this.fields.get(`${line.id}.${name}`) ?? this.rowField(line, name, spec);
      field.label = field.title.textContent = spec.label;
      field.input.placeholder = spec.placeholder ?? "";
      return field.node;
    });
    // The condition begins a line of its own, whatever the kind's fields leave of theirs.
    line.break ??= make("span", "hpo-break");
    if (conditional) nodes.splice(-Object.keys(CONDITION).length, 0, line.break);
    order(line.parts, nodes);
    const select = this.fields.get(`${line.id}.kind`).input;
    if (kind === "set" && select.options.length === KINDS.length) {
      const option = make("option", "", "set");
      option.value = "set";
      select.append(option);
    }
    line.node.dataset.kind = kind;
    line.node.classList.toggle("hpo-row-conditional", conditional);
  }
  draw() {
    const { rows, total } = this.page.answer;
    this.page.rows.forEach((row, at) => this.drawRow(this.lines.get(row.id), rows?.[row.id], at));
    this.empty.hidden = this.page.rows.length > 0;
    const { removed } = this.rows;
    this.undo.hidden = !removed;
    const undo = removed ? `Undo: bring ${removed.name} back` : "Undo";
    if (this.undo.getAttribute("aria-label") !== undo) this.undo.setAttribute("aria-label", this.undo.title = undo);
    const text = total || (this.page.rows.length ? "–" : "");
    if (this.total.textContent !== text) this.total.textContent = text;
  }
  drawRow(line, shown, at) {
    const on = this.page.typed(`${line.id}.on`) !== false;
    const name = this.nameOf(line.id);
    const state = JSON.stringify([name, on, at, this.page.rows.length]);
    if (line.state !== state) {
      line.state = state;
      line.node.setAttribute("aria-label", `Parameter ${name}`);
      line.node.classList.toggle("hpo-row-off", !on);
      this.fields.get(`${line.id}.name`).input.title = name;
      const { up, down, duplicate, remove, condition } = line.buttons.parts;
      const labels = [[up, `Move ${name} up`], [down, `Move ${name} down`], [duplicate, `Duplicate ${name}`], [remove, `Remove ${name}`], [condition, `Use ${name} only when another parameter has some value`]];
      for (const [button, label] of labels) { button.setAttribute("aria-label", label); button.title = label; }
      up.setAttribute("aria-disabled", at === 0);
      down.setAttribute("aria-disabled", at === this.page.rows.length - 1);
    }
    // While a row cannot be read, its last picture would lie.
    const picture = JSON.stringify(shown ?? {});
    if (line.drawn === picture) return;
    line.drawn = picture;
    const { node, svg, path, caption } = line.picture;
    const { bars = [], apart = false, label = "", draws = [], note = "" } = shown ?? {};
    node.classList.toggle("hpo-picture-none", !bars.length);
    path.setAttribute("d", barsPath(bars, apart));
    svg.setAttribute("aria-label", label ? `Distribution: ${label}` : "No distribution yet");
    const texts = draws.map((text, i) => make("span", "", i < draws.length - 1 ? `${text},` : text));
    caption.replaceChildren(...(texts.length ? ["e.g.", ...texts] : []).flatMap((each) => [each, " "]));
    node.title = [label, caption.textContent].filter(Boolean).join("\n");
    line.note.textContent = note;
  }
}

function drawing(box) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", box);
  svg.append(document.createElementNS(svg.namespaceURI, "path"));
  return svg;
}

function barsPath(bars, apart) {
  const wide = 100 / Math.max(1, bars.length);
  const gap = apart ? Math.min(6, wide * 0.35) : 0;
  return bars.map((height, i) => `M${(i * wide + gap / 2).toFixed(1)} 100v${-height}h${(wide - gap).toFixed(1)}v${height}z`).join("");
}

export default formWidget(SpaceView);
