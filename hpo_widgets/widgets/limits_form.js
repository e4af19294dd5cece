// The form of limits: fields that are empty mean "no limit", and say so.
class LimitsView extends FormView {
  constructor(page, el) { super(page, el, "Limits"); }
  build() {
    const first = make("div", "hpo-limits");
    const rest = make("div", "hpo-limits");
    for (const [name, label, empty, hint, isFirst] of this.page.model.get("parts")) {
      const { node } = this.field({ key: name, label, hint, placeholder: empty });
      (isFirst ? first : rest).append(node);
    }
    this.fold = make("details", "hpo-fold");
    this.fold.append(guarded(make("summary", "", "More limits")), rest);
    this.fold.open = [...rest.querySelectorAll("input")].some((input) => this.page.typed(this.keyOf(input)) !== "");
    this.root.append(make("h3", "hpo-heading", "Limits"), first, this.fold);
  }
  keyOf(input) { return [...this.fields.values()].find((field) => field.input === input).key; }
}

export default formWidget(LimitsView);
