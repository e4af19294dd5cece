// What forms share; stands in front of a form's own file (see form_assets.py). Names and values are data: they only ever
// become text nodes, values and attributes. A FormPage holds one model's draft, a FormView draws it in one place.

const PAUSE_MS = 250; // typing has paused
const LONGEST = 100000; // characters of one field; Python refuses more as well
let formNumber = 0;

function make(tag, name, text) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  return node;
}

// Single letters are commands of the notebook wherever no text is typed: on boxes, lists and buttons they must not be.
function guarded(node) {
  node.setAttribute("data-lm-suppress-shortcuts", "true");
  return node;
}

function makeButton(name, label, text, act) {
  const button = guarded(make("button", `hpo-button ${name}`, text ?? label));
  button.type = "button";
  button.setAttribute("aria-label", label);
  if (text !== undefined) button.title = label;
  button.addEventListener("click", act);
  return button;
}

const splitKey = (key) => { const at = key.indexOf("."); return at < 0 ? ["", key] : [key.slice(0, at), key.slice(at + 1)]; };

// ---- one model: the draft that Python knows, and on top of it what was typed since; the latter wins ---------------------
class FormPage {
  constructor(model) {
    Object.assign(this, { model, views: new Set(), dirty: new Map(), left: new Set(), asked: false, dead: false, timer: 0, sent: 0 });
    model.on("change:draft", () => { this.index = undefined; this.tell(); });
    model.on("change:answer", () => this.tell());
    model.on("msg:custom", (message) => { if (message.op === "show_problems") this.ask(); if (message.op === "show_messages") this.askQuietly(); });
    model.on("comm_live_update", () => { this.dead = true; this.tell(); });
    this.onLeave = () => this.sendLastWords();
    window.addEventListener("beforeunload", this.onLeave);
  }
  close() {
    this.flush();
    window.removeEventListener("beforeunload", this.onLeave);
  }
  get draft() { return this.model.get("draft"); }
  get rows() { return this.draft.rows; }
  get answer() { return this.model.get("answer"); }
  row(id) {
    this.index ??= new Map(this.rows.map((row) => [row.id, row]));
    return this.index.get(id);
  }
  typed(key) {
    if (this.dirty.has(key)) return this.dirty.get(key);
    const [id, name] = splitKey(key);
    return (id ? this.row(id) : this.draft.fields)?.[name] ?? "";
  }
  // What was typed stays here until typing pauses, then all of it travels at once.
  type(key, value, now = false) {
    this.dirty.set(key, value);
    clearTimeout(this.timer);
    if (now) this.flush(); else this.timer = setTimeout(() => this.flush(), PAUSE_MS);
    if (now || this.views.size > 1) this.tell();
  }
  flush() { if (this.dirty.size) this.change(() => {}); }
  // A page that is left does not wait its turn: ipywidgets keeps a change back while an earlier one is being answered.
  sendLastWords() {
    this.flush();
    if (!this.dead && (this.answer.seq ?? 0) < this.sent) this.model.send({ op: "draft", draft: this.draft });
  }
  change(alter) {
    clearTimeout(this.timer);
    // What does not change is shared with the draft before, which is never changed itself.
    const draft = { ...this.draft, fields: { ...this.draft.fields }, rows: [...this.rows] };
    const places = new Map(draft.rows.map((row, at) => [row.id, at]));
    for (const [key, value] of this.dirty) {
      const [id, name] = splitKey(key);
      if (!id) draft.fields[name] = value;
      else if (places.has(id)) draft.rows[places.get(id)] = { ...draft.rows[places.get(id)], [name]: value };
    }
    this.dirty.clear();
    alter(draft);
    draft.seq = this.sent = Math.max(this.sent, draft.seq ?? 0) + 1;
    this.index = undefined;
    this.model.set("draft", draft);
    this.model.save_changes();
    this.tell();
  }
  // Messages of fields that nobody has come to yet wait until somebody asks for all of them.
  messages() {
    const found = new Map();
    if ((this.answer.seq ?? 0) < this.sent) return this.before ?? found;
    for (const [key, text] of this.answer.problems ?? []) found.set(key, found.has(key) ? `${found.get(key)} ${text}` : text);
    return this.before = found;
  }
  shows(key) { return this.asked || this.left.has(key) || (!this.dirty.has(key) && this.typed(key) !== ""); }
  get problems() { return this.answer.problems ?? []; }
  ask() {
    this.flush();
    this.asked = true;
    this.tell();
    const view = [...this.views].find((each) => each.root.contains(document.activeElement)) ?? [...this.views][0];
    requestAnimationFrame(() => view?.goToFirst());
  }
  askQuietly() { this.asked = true; this.tell(); }
  tell() { for (const view of this.views) view.later(); }
}

// ---- one place where it is shown ----------------------------------------------------------------------------------------
class FormView {
  constructor(page, el, name) {
    Object.assign(this, { page, fields: new Map(), prefix: `hpo-form-${++formNumber}-${Math.random().toString(36).slice(2, 8)}` });
    this.root = make("section", "hpo-form");
    this.root.setAttribute("aria-label", name);
    this.summary = make("div", "hpo-summary");
    this.summary.tabIndex = -1;
    this.summary.hidden = true;
    this.gone = make("p", "hpo-message");
    this.status = make("p", "hpo-hidden");
    this.status.setAttribute("role", "status");
    this.root.addEventListener("keydown", (event) => this.onKey(event));
    this.build();
    this.root.append(this.summary, this.gone, this.status);
    el.append(this.root);
    page.views.add(this);
    this.show();
  }
  build() {}
  draw() {} // after fields and messages were brought up to date
  remove() { this.page.views.delete(this); }
  later() { this.pending ??= requestAnimationFrame(() => { this.pending = undefined; this.show(); }); }
  say(text) { this.status.textContent = text; }
  onKey(event) {
    if (event.key === "Escape" && !this.summary.hidden) { this.page.asked = false; this.page.tell(); event.stopPropagation(); }
  }

  // A field: { key, label, kind: text|area|select|check, options: [[value, text]], suggestions: [text], hint, placeholder }.
  // Gives its parts { node, input, message, label }; `message` stands in `node` unless the form puts it elsewhere.
  field({ key, label, kind = "text", options = [], suggestions, hint, placeholder }) {
    const id = `${this.prefix}-${key.replace(/[^\w-]/g, "_")}`;
    const node = make("div", `hpo-field hpo-field-${kind} hpo-field-${splitKey(key)[1]}`);
    const title = make("label", "hpo-label", label);
    title.htmlFor = id;
    const input = make(kind === "select" ? "select" : kind === "area" ? "textarea" : "input", "hpo-input");
    const message = make("p", "hpo-message");
    const described = [];
    Object.assign(input, { id, autocomplete: "off", spellcheck: false });
    message.id = `${id}-message`;
    if (kind === "check") input.type = "checkbox"; else if (kind === "text") input.type = "text";
    if (kind === "check" || kind === "select") guarded(input);
    for (const [value, text] of options) { const option = make("option", "", text); option.value = value; input.append(option); }
    if (placeholder) input.placeholder = placeholder;
    node.append(...(kind === "check" ? [input, title] : [title, input]));
    if (hint) { const line = make("p", "hpo-hint", hint); line.id = `${id}-hint`; described.push(line.id); node.append(line); }
    if (suggestions) node.append(this.suggest(input, suggestions));
    node.append(message);
    const field = { key, kind, label, node, input, message, title, described };
    this.listen(field);
    this.fields.set(key, field);
    return field;
  }
  suggest(input, suggestions) {
    const list = make("datalist");
    list.id = `${input.id}-list`;
    list.append(...suggestions.map((text) => { const option = make("option"); option.value = text; return option; }));
    input.setAttribute("list", list.id);
    return list;
  }
  listen(field) {
    const { key, input, kind } = field;
    const at_once = kind === "check" || kind === "select";
    input.addEventListener("input", () => {
      if (!at_once && input.value.length > LONGEST) {
        field.refused = `${input.value.length.toLocaleString("en")} characters were given, a field takes ${LONGEST.toLocaleString("en")}; nothing of it was taken.`;
        input.value = this.page.typed(key);
        this.later();
        return;
      }
      field.refused = undefined;
      this.page.type(key, kind === "check" ? input.checked : input.value, at_once);
      // What a choice brings or takes away must be there before the next key, which may be Tab.
      if (at_once) this.show();
    });
    input.addEventListener("blur", () => { this.page.left.add(key); this.page.flush(); this.later(); });
  }
  // Forgets the fields of a row that is gone.
  forget(id) { for (const key of [...this.fields.keys()]) if (key.startsWith(`${id}.`)) this.fields.delete(key); }

  show() {
    this.prepare?.(); // rows come and go
    const messages = this.page.messages();
    for (const field of this.fields.values()) this.showField(field, messages);
    this.showSummary();
    if (this.page.dead) this.gone.textContent = "The kernel that reads this form is gone; run its cell again. What is typed here now is not kept.";
    this.draw();
  }
  showField(field, messages) {
    const { key, input, kind, message } = field;
    const typed = this.page.typed(key);
    if (kind === "check") { if (input.checked !== (typed === true)) input.checked = typed === true; }
    else if (input.value !== typed) input.value = typed;
    const text = field.refused ?? (this.page.shows(key) ? messages.get(key) : undefined) ?? "";
    if (field.shown === text) return;
    field.shown = text;
    message.textContent = text && field.named ? `${field.label}: ${text}` : text;
    if (text) input.setAttribute("aria-invalid", "true"); else input.removeAttribute("aria-invalid");
    const described = [...field.described, ...(text ? [message.id] : [])].join(" ");
    if (described) input.setAttribute("aria-describedby", described); else input.removeAttribute("aria-describedby");
  }
  showSummary() {
    const listed = this.listed();
    const text = JSON.stringify(listed);
    if (this.summary.hpoShown === text) return;
    this.summary.hpoShown = text;
    this.summary.hidden = !listed.length;
    const items = listed.slice(0, 20).map(([key, problem]) => {
      const item = make("li");
      if (!this.knows(key)) { item.textContent = problem; return item; }
      const button = guarded(make("button", "hpo-link", `${this.called(key)}: ${problem}`));
      button.type = "button";
      button.addEventListener("click", () => this.goTo(key));
      item.append(button);
      return item;
    });
    if (listed.length > 20) items.push(make("li", "", `and ${listed.length - 20} more`));
    const list = make("ul");
    list.append(...items);
    this.summary.replaceChildren(make("strong", "", listed.length === 1 ? "One thing to mend" : `${listed.length} things to mend`), list);
  }
  // Problems that have no field of their own stand in the summary at once.
  listed() {
    if (this.page.asked) return this.page.problems;
    return this.page.problems.filter(([key]) => !this.knows(key) && (key !== "" || this.page.draft.seq > 0));
  }
  knows(key) { return this.fields.has(key); }
  called(key) { return this.fields.get(key).label; }
  goTo(key) {
    const field = this.fields.get(key);
    for (let fold = field?.input.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    (field?.input ?? this.summary).focus();
  }
  goToFirst() {
    this.show();
    const [first] = this.page.problems;
    if (first) this.goTo(first[0]);
  }
}

// Brings the children of a node in an order; those that stay in place are not touched, and the focus stays where it was.
function order(node, wanted) {
  const keep = new Set(wanted);
  const focused = node.contains(document.activeElement) ? document.activeElement : null;
  for (const child of [...node.children]) if (!keep.has(child)) child.remove();
  let at = node.firstElementChild;
  for (const child of wanted) if (child === at) at = at.nextElementSibling; else node.insertBefore(child, at);
  // What is moved loses the focus.
  if (focused && focused !== document.activeElement && node.contains(focused)) focused.focus();
}

// ---- rows that come, go and move while the focus stays where it was ------------------------------------------------------
// `build(id)` gives { node, first }: the row's element and the input that a new row begins with; `blank()` gives a row
// without id; `named(id)` is what people call it.
class FormRows {
  constructor(view, { build, blank, named, onChange }) {
    Object.assign(this, { view, page: view.page, build, blank, named, onChange, made: new Map() });
    this.node = make("div", "hpo-rows");
  }
  // Brings the elements in the order of the draft; those that stay are not touched.
  prepare() {
    const ids = this.page.rows.map((row) => row.id);
    const there = new Set(ids);
    for (const id of this.made.keys()) if (!there.has(id)) { this.made.delete(id); this.view.forget(id); }
    for (const id of ids) if (!this.made.has(id)) this.made.set(id, this.build(id));
    order(this.node, ids.map((id) => this.made.get(id).node));
  }
  place(id) { return this.page.rows.findIndex((row) => row.id === id); }
  newId() { return Math.random().toString(36).slice(2, 10); }
  insert(at, row, said) {
    const id = this.newId();
    this.page.change((draft) => draft.rows.splice(at, 0, { ...row, id }));
    this.view.show();
    this.made.get(id).first.focus();
    this.view.say(said);
    this.onChange?.();
  }
  add(after) { this.insert(after === undefined ? this.page.rows.length : this.place(after) + 1, this.blank(), "A row was added."); }
  duplicate(id) {
    this.page.flush();
    this.insert(this.place(id) + 1, this.page.row(id), `${this.named(id)} was duplicated.`);
  }
  delete(id, fallback) {
    this.page.flush();
    const at = this.place(id);
    const said = `${this.named(id)} was removed.`;
    this.removed = { at, row: this.page.row(id), name: this.named(id) };
    this.page.change((draft) => draft.rows.splice(at, 1));
    this.view.show();
    const next = this.page.rows[Math.min(at, this.page.rows.length - 1)];
    (next ? this.made.get(next.id).first : fallback)?.focus();
    this.view.say(said);
    this.onChange?.();
  }
  // Brings back what was removed last.
  restore() {
    const { at, row, name } = this.removed;
    this.removed = undefined;
    this.insert(Math.min(at, this.page.rows.length), row, `${name} is back.`);
  }
  move(id, by) {
    const at = this.place(id);
    const to = at + by;
    if (to < 0 || to >= this.page.rows.length) return;
    this.page.change((draft) => draft.rows.splice(to, 0, ...draft.rows.splice(at, 1)));
    this.view.show();
    this.view.say(`${this.named(id)} is now ${to + 1} of ${this.page.rows.length}.`);
    this.onChange?.();
  }
}

const formWidget = (View) => () => {
  let page;
  return {
    initialize({ model }) { page = new FormPage(model); return () => page.close(); },
    render({ el }) { const view = new View(page, el); return () => view.remove(); },
  };
};
