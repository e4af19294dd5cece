// What the panels of a page share and all follow at once: selection, hover, the open drawer. Python has the selection too.
export class Shared {
  constructor(model, changed) {
    Object.assign(this, { model, changed, hovered: null, opened: null, only: false });
    this.selected = new Set(model.get("selection"));
    this.heard = () => {
      this.selected = new Set(model.get("selection"));
      this.changed();
    };
    model.on("change:selection", this.heard);
  }
  dispose() {
    clearTimeout(this.saving);
    this.model.off("change:selection", this.heard);
  }
  // `keys`: of tasks; `add` keeps what was selected and takes out what is given again.
  select(keys, add = false) {
    const chosen = add ? new Set(this.selected) : new Set();
    for (const key of keys) {
      if (add && this.selected.has(key)) chosen.delete(key);
      else chosen.add(key);
    }
    this.selected = chosen;
    this.model.set("selection", [...chosen]);
    clearTimeout(this.saving);
    this.saving = setTimeout(() => this.model.save_changes(), 100);
    this.changed();
  }
  hover(key) {
    if (this.hovered === key) return;
    this.hovered = key;
    this.changed();
  }
  // Whether charts that can leave all others out show the selected tasks alone.
  compare(only) {
    this.only = only;
    this.changed();
  }
  // Shows the drawer for a task, `null` closes it.
  open(key) {
    this.opened = key;
    this.changed();
  }
}
