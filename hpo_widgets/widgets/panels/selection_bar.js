// What can be done with the selected trials: compare, narrow the space to them, try near them, archive, clear.
import { button, cut, make } from "../dashboard_kit.js";

const PATIENCE_MS = 1500;
const WAITING = "Sent. The kernel is busy and answers when its cell has ended.";

export class SelectionBar {
  constructor(root, ctx) {
    this.ctx = ctx;
    this.node = make("div", "hpo-sel");
    this.node.setAttribute("role", "group");
    this.node.setAttribute("aria-label", "Selected trials");
    this.count = make("span", "hpo-sel-count");
    this.count.setAttribute("role", "status");
    this.compare = button("Compare", "hpo-sel-act", () => {
      ctx.shared.compare(true);
      this.show("scalars");
    });
    this.compare.title = "Their curves, without all others";
    this.narrow = button("Narrow space…", "hpo-sel-act", () => this.preview());
    this.narrow.title = "Search only where the selected trials are";
    this.near = button("Try near", "hpo-sel-act", () => this.act({ op: "near", count: Number(this.number.value) }));
    this.near.title = "Queue new trials near the selected ones";
    this.number = Object.assign(make("input", "hpo-sel-number"), { type: "number", min: 1, max: 50, value: 5 });
    this.number.setAttribute("aria-label", "How many trials to try near the selection");
    this.number.addEventListener("keydown", (event) => event.stopPropagation());
    this.archive = button("Archive", "hpo-sel-act", () => this.act({ op: "archive" }));
    this.archive.title = "Put them out of sight; what they found counts as before";
    this.clear = button("Clear", "hpo-sel-act", () => ctx.shared.select([]));
    this.said = make("p", "hpo-sel-said");
    this.said.setAttribute("role", "status");
    this.form = make("form", "hpo-sel-form");
    this.form.hidden = true;
    this.node.append(this.count, this.compare, this.narrow, this.near, this.number, this.archive, this.clear);
    root.append(this.node, this.said, this.form);
  }
  keys() { return [...this.ctx.shared.selected]; }
  update() {
    const { trials, shared } = this.ctx;
    const chosen = shared.selected.size;
    const text = chosen ? `${chosen.toLocaleString()} of ${trials.rows.length.toLocaleString()} selected` : "None selected: brush an axis";
    if (this.count.textContent !== text) this.count.textContent = text;
    for (const each of [this.compare, this.narrow, this.near, this.archive, this.clear]) each.disabled = !chosen || (this.ctx.dead() && each !== this.clear);
    this.compare.hidden = !this.place("scalars");
    if (!this.form.hidden && this.previewed !== this.keys().join()) this.close();
  }
  place(name) { return this.node.closest(".hpo-dash")?.querySelector(`[data-panel="${name}"]`); }
  show(name) {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.place(name)?.scrollIntoView({ block: "nearest", behavior: still ? "auto" : "smooth" });
  }
  say(text, bad = false) {
    this.said.textContent = text;
    this.said.dataset.kind = bad ? "bad" : "good";
  }
  async act(message) {
    const late = setTimeout(() => this.say(WAITING), PATIENCE_MS);
    try {
      const answer = await this.ctx.ask({ keys: this.keys(), ...message });
      this.say(answer.said ?? "");
      return answer;
    } catch (error) {
      this.say(error.message, true);
      return null;
    } finally { clearTimeout(late); }
  }
  close() {
    this.form.hidden = true;
    this.form.replaceChildren();
  }
  // `brushed`: names of the parameters whose axes are brushed; these are chosen at first, all of them without a brush.
  async preview() {
    const answer = await this.act({ op: "preview" });
    if (!answer) return;
    this.previewed = this.keys().join();
    const brushed = new Set(this.brushed?.() ?? []);
    const able = answer.rows.filter(([, , , then]) => then);
    const pick = able.some(([name]) => brushed.has(name)) ? brushed : new Set(able.map(([name]) => name));
    const table = make("table", "hpo-dash-table");
    table.append(make("caption", "", "Ranges that hold the selected trials; trials that have run stay and count."));
    const titles = table.createTHead().insertRow();
    for (const title of ["parameter", "searched now", "searched then"]) titles.append(Object.assign(make("th", "", title), { scope: "col" }));
    const body = table.createTBody();
    const boxes = answer.rows.map(([name, shown, now, then, why]) => {
      const row = body.insertRow();
      const label = make("label", "hpo-sel-name");
      const box = Object.assign(make("input"), { type: "checkbox", checked: then !== "" && pick.has(name), disabled: !then });
      label.append(box, make("span", "", cut(shown)));
      label.title = shown;
      row.insertCell().append(label);
      for (const [text, title] of [[now, now], [then || why, then || why]]) Object.assign(row.insertCell(), { textContent: text, title });
      if (!then) row.className = "hpo-sel-still";
      return [name, box];
    });
    const apply = button("Narrow", "hpo-sel-act hpo-sel-primary", () => {});
    apply.type = "submit";
    apply.disabled = !able.length;
    const bar = make("div", "hpo-sel");
    bar.append(apply, button("Cancel", "hpo-sel-act", () => { this.close(); this.narrow.focus(); }));
    this.form.setAttribute("aria-label", "Narrow the space to the selection");
    this.form.onsubmit = async (event) => {
      event.preventDefault();
      const names = boxes.filter(([, box]) => box.checked).map(([name]) => name);
      if (await this.act({ op: "narrow", names })) this.close();
    };
    this.form.onkeydown = (event) => {
      event.stopPropagation();
      if (event.key === "Escape") { this.close(); this.narrow.focus(); }
    };
    const frame = make("div", "hpo-sel-scroll");
    frame.append(table);
    this.form.replaceChildren(frame, bar);
    this.form.hidden = false;
    (able.length ? apply : bar.lastChild).focus();
  }
}
