// The form of objectives: a row each, and below it one sentence on what its sign means.
class ObjectiveView extends FormView {
  constructor(page, el) { super(page, el, "Objective"); }
  build() {
    const { model } = this.page;
    this.rows = new FormRows(this, {
      build: (id) => this.buildRow(id),
      blank: () => ({ title: "", series: "", sign: "min" }),
      named: (id) => `The objective ${this.page.typed(`${id}.title`) || "without a name"}`,
    });
    this.add = makeButton("hpo-add", "Add another objective", undefined, () => this.rows.add());
    this.root.append(make("h3", "hpo-heading", "Objective"), this.rows.node, this.add);
    this.onSuggested = () => { this.suggestedNow = undefined; this.later(); };
    model.on("change:suggested", this.onSuggested);
  }
  remove() { this.page.model.off("change:suggested", this.onSuggested); super.remove(); }
  prepare() { this.rows.prepare(); }
  called(key) {
    const [id] = splitKey(key);
    return this.page.rows.length < 2 ? super.called(key) : `Objective ${this.rows.place(id) + 1}, ${super.called(key).toLowerCase()}`;
  }
  buildRow(id) {
    const node = make("div", "hpo-objective");
    const title = this.field({ key: `${id}.title`, label: "Metric title", suggestions: [], placeholder: "loss" });
    const series = this.field({ key: `${id}.series`, label: "Metric series", suggestions: [], placeholder: "the same as its title" });
    const options = this.page.model.get("signs").map(([sign]) => [sign, sign]);
    const sign = this.field({ key: `${id}.sign`, label: "Sign", kind: "select", options });
    const sentence = make("p", "hpo-hint hpo-sentence");
    sentence.id = `${sign.input.id}-sentence`;
    sign.described.push(sentence.id);
    sign.shown = undefined;
    const remove = makeButton("hpo-remove", "Remove this objective", "×", () => this.rows.delete(id, this.add));
    node.append(title.node, series.node, sign.node, remove, sentence);
    title.input.addEventListener("input", () => this.takeSuggestion(id));
    title.input.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); this.rows.add(id); } });
    Object.assign(node, { hpoParts: { id, title, series, sign, sentence, remove } });
    return { node, first: title.input };
  }
  // A title that was chosen from the list brings the sign that fits it, as long as nobody has chosen one.
  takeSuggestion(id) {
    const title = this.page.typed(`${id}.title`);
    const found = this.page.model.get("suggested").filter(([name]) => name === title);
    if (!found.length) return;
    const [, series, sign] = found[0];
    if (!this.page.left.has(`${id}.sign`)) this.page.type(`${id}.sign`, sign);
    if (!this.page.left.has(`${id}.series`)) this.page.type(`${id}.series`, series === title ? "" : series);
    this.later();
  }
  draw() {
    const signs = new Map(this.page.model.get("signs"));
    const suggested = this.page.model.get("suggested");
    for (const { node } of this.rows.made.values()) {
      const { id, title, series, sentence, remove } = node.hpoParts;
      const said = signs.get(this.page.typed(`${id}.sign`)) ?? "";
      if (sentence.textContent !== said) sentence.textContent = said;
      remove.hidden = this.page.rows.length < 2;
      const chosen = this.page.typed(`${id}.title`);
      this.offer(title.node, suggested.map(([name]) => name));
      this.offer(series.node, suggested.filter(([name]) => !chosen || name === chosen).map(([, name]) => name));
    }
  }
  offer(node, texts) {
    const list = node.querySelector("datalist");
    const wanted = [...new Set(texts)];
    if (JSON.stringify(wanted) === list.hpoOffered) return;
    list.hpoOffered = JSON.stringify(wanted);
    list.replaceChildren(...wanted.map((text) => { const option = make("option"); option.value = text; return option; }));
  }
}

export default formWidget(ObjectiveView);
