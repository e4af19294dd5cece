// The form of a whole search: its own fields, and inside it the forms of the space, the objectives and the limits.
const CHILDREN = [["space", "Search space"], ["objective", "Objective"], ["limits", "Limits"]];

class StudyView extends FormView {
  constructor(page, el) { super(page, el, "Search"); }
  build() {
    this.root.classList.add("hpo-study");
    this.places = {};
    this.children = [];
    this.notices = make("ul", "hpo-notices");
    this.notices.setAttribute("role", "status");
    this.root.append(
      make("h2", "hpo-heading", "Search"), this.buildFiles(), this.notices, this.buildBase(), this.place("space"),
      this.place("objective"), this.buildMethod(), this.place("limits"), this.buildWhere(), this.buildCell(),
    );
    for (const name of ["choices", "notices", "busy"]) this.page.model.on(`change:${name}`, this.onChange ??= () => this.later());
    this.page.model.on("msg:custom", this.onMessage = (message) => this.receive(message));
    this.page.model.send({ op: "refresh" });
    for (const [event, act] of [["dragover", (e) => this.dragged(e)], ["dragleave", () => this.root.classList.remove("hpo-drop")], ["drop", (e) => this.dropped(e)]])
      this.root.addEventListener(event, act);
    for (const [name] of CHILDREN) embed(this.page.model, name, this.places[name]).then((view) => {
      if (this.removed) view?.remove(); else { this.children.push(view); this.showSummary(); }
    });
  }
  remove() {
    this.removed = true;
    for (const view of this.children) view?.remove();
    for (const name of ["choices", "notices", "busy"]) this.page.model.off(`change:${name}`, this.onChange);
    this.page.model.off("msg:custom", this.onMessage);
    super.remove();
  }
  place(name) { return this.places[name] = make("div", "hpo-child"); }
  group(heading, ...nodes) {
    const node = make("div", "hpo-group");
    node.append(make("h3", "hpo-heading", heading), ...nodes);
    return node;
  }

  // -- what to run ---------------------------------------------------------------------------------------------------
  buildBase() {
    const base = this.base = this.field({ key: "base", label: "Base task", kind: "select" });
    this.path = this.field({ key: "path", label: "Path of the script or notebook", placeholder: "train.py" });
    this.args = this.field({ key: "args", label: "Command line", placeholder: "none", hint: "What is searched comes on top." });
    this.metrics = this.field({ key: "metrics", label: "Read metrics from what it prints (epoch=3 loss=0.25)", kind: "check" });
    this.propose = makeButton("hpo-propose", "Propose ranges", undefined, () => { this.page.flush(); this.page.model.send({ op: "propose" }); });
    base.input.addEventListener("focus", () => this.page.model.send({ op: "refresh" }));
    const use = () => { if (this.page.typed("base") !== "path" || this.page.typed("path")) { this.page.flush(); this.page.model.send({ op: "base" }); } };
    base.input.addEventListener("change", use);
    this.path.input.addEventListener("change", use);
    const line = make("div", "hpo-line");
    line.append(base.node, this.propose);
    return this.group("What to run", line, this.path.node, this.args.node, this.metrics.node);
  }
  fill(field, options) {
    const text = JSON.stringify(options);
    if (field.hpoOptions === text) return;
    field.hpoOptions = text;
    const chosen = this.page.typed(field.key);
    const groups = new Map();
    const nodes = options.map(([value, label, group]) => {
      const option = make("option", "", label);
      option.value = value;
      if (!group) return option;
      const known = groups.get(group);
      if (known) { known.append(option); return undefined; }
      const node = make("optgroup");
      node.label = group;
      node.append(option);
      groups.set(group, node);
      return node;
    });
    field.input.replaceChildren(...nodes.filter(Boolean));
    field.input.value = chosen;
  }

  // -- method --------------------------------------------------------------------------------------------------------
  buildMethod() {
    this.method = this.field({ key: "strategy", label: "Method", kind: "select" });
    this.sentence = make("p", "hpo-hint");
    this.sentence.id = `${this.method.input.id}-sentence`;
    this.method.described.push(this.sentence.id);
    this.method.shown = undefined;
    this.options = make("div", "hpo-limits");
    this.more = this.field({ key: "more", label: "Further options", placeholder: "none", hint: 'As a dict: {"pruner_options": {"n_min_trials": 3}}.' });
    this.fold = this.folded("Options of the method", this.options, this.more.node);
    return this.group("Method", this.method.node, this.sentence, this.fold);
  }
  folded(title, ...nodes) {
    const fold = make("details", "hpo-fold");
    fold.append(guarded(make("summary", "", title)), ...nodes);
    return fold;
  }
  showMethod({ methods = [] }) {
    this.fill(this.method, methods.map(([name]) => [name, name]));
    const [name, sentence, options] = methods.find(([each]) => each === this.page.typed("strategy")) ?? ["", "", []];
    if (this.sentence.textContent !== sentence) this.sentence.textContent = sentence;
    const text = JSON.stringify([name, options]);
    if (this.shownMethod === text) return;
    this.shownMethod = text;
    for (const key of [...this.fields.keys()]) if (key.includes("__")) this.fields.delete(key);
    const fields = options.map(([option, empty, choices, note]) => this.optionField(`${name}__${option}`, option, empty, choices, note));
    this.options.replaceChildren(...fields.map(({ node }) => node));
    const messages = this.page.messages();
    for (const field of fields) this.showField(field, messages);
    if (fields.some((field) => field.input.value !== "")) this.fold.open = true;
  }
  optionField(key, option, empty, choices, hint) {
    const listed = choices.length ? choices : empty === "True" || empty === "False" ? ["True", "False"] : [];
    const label = option.charAt(0).toUpperCase() + option.slice(1).replaceAll("_", " ");
    if (!listed.length) return this.field({ key, label, placeholder: empty, hint });
    const options = [["", `${empty} (as usual)`], ...listed.filter((each) => each !== empty || choices.length).map((each) => [each, each])];
    return this.field({ key, label, kind: "select", options, hint });
  }

  // -- where and under which name --------------------------------------------------------------------------------------
  buildWhere() {
    const fields = [
      { key: "name", label: "Job title", placeholder: "the name of the base task" },
      { key: "project", label: "Project", placeholder: "none" },
    ].map((each) => this.field(each).node);
    this.queue = this.field({ key: "queue", label: "Queue", placeholder: "none: trials run here", suggestions: [], hint: "The agents that serve it run the trials, with their slots and GPUs." });
    const gpus = this.field({ key: "gpus", label: "GPUs", placeholder: "none are dealt out", hint: "Ids, one a concurrent trial: 0, 1." });
    const repeats = this.field({ key: "repeats", label: "Repeats", placeholder: "1", hint: "Runs of each parameter set, for what has chance in it: the method learns their mean. Each run is a trial." });
    this.warm = this.field({ key: "warm_start", label: "Warm start", kind: "select", hint: "An earlier study of this store: the method learns from its results first." });
    this.learned = make("p", "hpo-hint hpo-learned");
    this.learned.setAttribute("role", "status");
    this.learned.id = `${this.warm.input.id}-learned`;
    this.warm.described.push(this.learned.id);
    this.warm.input.addEventListener("focus", () => this.page.model.send({ op: "refresh" }));
    const seed = this.field({ key: "seed", label: "Seed", placeholder: "another one each time", hint: "Makes the proposals reproducible, with one trial at a time." });
    this.isolation = this.field({ key: "isolation", label: "Isolation", kind: "select" });
    // A sentence would be cut in the list: it stands beneath what is chosen.
    this.isolated = make("p", "hpo-hint");
    this.isolated.id = `${this.isolation.input.id}-sentence`;
    this.isolation.described.push(this.isolated.id);
    this.isolation.message.before(this.isolated);
    this.machine = make("p", "hpo-hint");
    const first = make("div", "hpo-limits"), rest = make("div", "hpo-limits");
    first.append(...fields);
    rest.append(this.queue.node, gpus.node, repeats.node, seed.node, this.isolation.node, this.warm.node);
    this.advanced = this.folded("Advanced", rest, this.learned);
    this.advanced.open = ["queue", "gpus", "repeats", "warm_start", "seed", "isolation"].some((key) => this.page.typed(key) !== "");
    return this.group("Name and place", first, this.machine, this.advanced);
  }

  // -- files ---------------------------------------------------------------------------------------------------------
  buildFiles() {
    const file = make("input", "hpo-hidden");
    Object.assign(file, { type: "file", accept: ".json,.txt,.config,.py,application/json", tabIndex: -1 });
    file.setAttribute("aria-label", "Configuration file");
    file.addEventListener("change", () => { this.take(file.files[0]); file.value = ""; });
    const send = (op, more = {}) => { this.page.flush(); this.page.model.send({ op, ...more }); };
    this.code = makeButton("hpo-code", "Show code", undefined, () => send("code"));
    const path = make("input", "hpo-input");
    Object.assign(path, { type: "text", autocomplete: "off", spellcheck: false, placeholder: "search.json", id: `${this.prefix}-file-path` });
    const label = make("label", "hpo-label", "Path of a configuration file");
    label.htmlFor = path.id;
    const box = make("div", "hpo-field");
    box.append(label, path);
    const line = make("div", "hpo-line");
    line.append(box, makeButton("", "Import from path", undefined, () => send("import_path", { path: path.value })), makeButton("", "Export to path", undefined, () => send("export_path", { path: path.value })));
    const buttons = make("div", "hpo-buttons");
    buttons.append(
      makeButton("", "Import…", undefined, () => file.click()), makeButton("", "Export", undefined, () => send("export")), this.code, file,
      make("span", "hpo-hint", "or drop a file on the form"),
    );
    const node = make("div", "hpo-files");
    node.append(buttons, this.folded("By path", line));
    return node;
  }
  async take(file) {
    if (!file) return;
    this.page.flush();
    if (file.size > 40e6) { this.say("The file is too large to be a configuration."); return; }
    this.page.model.send({ op: "import", name: file.name, text: await file.text() });
  }
  dragged(event) {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
    this.root.classList.add("hpo-drop");
  }
  dropped(event) {
    this.root.classList.remove("hpo-drop");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    event.stopPropagation();
    this.take(event.dataTransfer.files[0]);
  }
  receive(message) {
    if (message.op === "cell") this.showCell(message.text);
    if (message.op !== "exported" || !this.leads()) return;
    const link = make("a");
    link.href = URL.createObjectURL(new Blob([message.text], { type: "application/json" }));
    link.download = message.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }
  // Of several views of one form in this page, the one that has the focus saves the file.
  leads() {
    const views = [...this.page.views];
    return (views.find((view) => view.root.contains(document.activeElement)) ?? views[0]) === this;
  }
  buildCell() {
    this.cell = make("div", "hpo-cell");
    this.cell.hidden = true;
    return this.cell;
  }
  showCell(text) {
    const area = make("textarea", "hpo-input hpo-python");
    Object.assign(area, { value: text, readOnly: true, rows: text.split("\n").length, spellcheck: false });
    area.setAttribute("aria-label", "Python code of this search");
    const copy = makeButton("", "Copy", undefined, () => { area.select(); navigator.clipboard?.writeText(text).then(() => this.say("Copied.")); });
    const close = makeButton("", "Close the code", "Close", () => this.hideCell());
    const buttons = make("div", "hpo-buttons");
    buttons.append(copy, close);
    this.cell.replaceChildren(make("h3", "hpo-heading", "The same search as a cell"), area, buttons);
    this.cell.hidden = false;
    if (this.leads()) area.focus();
  }

  hideCell() { this.cell.hidden = true; this.code.focus(); }
  onKey(event) {
    if (event.key === "Escape" && this.cell.contains(event.target)) { this.hideCell(); event.stopPropagation(); return; }
    super.onKey(event);
  }

  // -- all -----------------------------------------------------------------------------------------------------------
  prepare() {
    const choices = this.page.model.get("choices") ?? {};
    const { bases = [] } = choices;
    this.fill(this.base, this.page.typed("base") ? bases : [["", "choose…"], ...bases]);
    const isolations = choices.isolations ?? [];
    this.fill(this.isolation, isolations.map(([value]) => [value, value || "what suits this machine"]));
    const isolated = isolations.find(([value]) => value === this.page.typed("isolation"))?.[1] ?? "";
    if (this.isolated.textContent !== isolated) this.isolated.textContent = isolated;
    this.fill(this.warm, choices.studies ?? []);
    const learned = this.page.answer.learned ? `Warm start: ${this.page.answer.learned}` : "";
    this.learned.hidden = !learned;
    if (this.learned.textContent !== learned) this.learned.textContent = learned;
    this.showMethod(choices);
    const list = this.queue.node.querySelector("datalist");
    const queues = (choices.queues ?? []).join("\n");
    if (list.hpoOffered !== queues) {
      list.hpoOffered = queues;
      list.replaceChildren(...(choices.queues ?? []).map((text) => { const option = make("option"); option.value = text; return option; }));
    }
    this.machine.textContent = choices.machine ?? "";
    const base = this.page.typed("base");
    const isScript = base.startsWith("script:") || (base === "path" && !this.page.typed("path").endsWith(".ipynb"));
    this.path.node.hidden = base !== "path";
    this.args.node.hidden = this.metrics.node.hidden = !isScript;
    const busy = this.page.model.get("busy");
    const texts = busy ? [busy] : this.page.model.get("notices");
    this.notices.hidden = !texts.length;
    if (this.notices.textContent !== texts.join("")) this.notices.replaceChildren(...texts.map((text) => make("li", "", text)));
  }
  // Fields of the forms inside are found in the page: a form's parts know each other by their ids.
  inside(key) {
    const [child, rest] = [key.slice(0, key.indexOf("/")), key.slice(key.indexOf("/") + 1)];
    const place = this.places[child];
    return rest && place ? place.querySelector(`[id$="-${CSS.escape(rest.replace(/[^\w-]/g, "_"))}"]`) : undefined;
  }
  knows(key) { return this.fields.has(key) || Boolean(this.inside(key)); }
  called(key) {
    if (this.fields.has(key)) return super.called(key);
    const child = CHILDREN.find(([name]) => key.startsWith(`${name}/`))?.[1];
    return `${child}, ${this.inside(key)?.labels?.[0]?.textContent ?? ""}`;
  }
  goTo(key) {
    const input = key.includes("/") ? this.inside(key) : undefined;
    if (!key.includes("/")) { super.goTo(key); return; }
    for (let fold = input?.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    (input ?? this.summary).focus();
  }
  // What the forms inside have to say stands at their own fields until all messages are asked for.
  listed() { return this.page.asked ? this.page.problems : this.page.problems.filter(([key]) => key === "" && this.page.draft.seq > 0); }
}

export default formWidget(StudyView);
