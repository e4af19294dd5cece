// The failures: those that are one failure together, with what their parameters share and a way to run them again.
import { button, make } from "../dashboard_kit.js";
import { deskOf } from "./desk.js";
import { press } from "./kit.js";

const LISTED = 12;

export function create(root, ctx) {
  root.classList.add("hpo-panel", "hpo-failures");
  const list = make("div");
  root.append(list);
  const open = new Set();
  let shown = null;

  function shared(group) {
    const parts = make("ul", "hpo-plain-list");
    for (const [name, values, elsewhere] of group.shared) {
      const range = values.length === 2 ? `${values[0]} … ${values[1]}` : values[0];
      const others = elsewhere === 0 ? "no other trial" : elsewhere === 1 ? "1 other trial" : `${elsewhere} other trials`;
      const item = make("li");
      item.append(make("strong", "", name), ` ${values.length === 2 ? "in" : "="} ${range} (${others})`);
      parts.append(item);
    }
    return parts;
  }
  function trials(group) {
    const node = make("p", "hpo-trials", "Trials ");
    for (const [number, , key] of group.tasks.slice(0, LISTED)) {
      node.append(button(number === null ? String(key) : String(number), "hpo-link", () => ctx.open(key)), " ");
    }
    if (group.count > LISTED) node.append(`and ${group.count - LISTED} more`);
    return node;
  }
  function card(group, canRetry) {
    const node = make("details", "hpo-failure");
    node.open = open.has(group.key);
    node.addEventListener("toggle", () => { if (node.open) open.add(group.key); else open.delete(group.key); });
    const head = make("summary");
    head.append(make("span", "hpo-count", `${group.count} ×`), make("span", "hpo-failure-title", group.title));
    head.title = group.title;
    const trace = make("pre", "hpo-log", group.traceback);
    trace.tabIndex = 0;
    trace.setAttribute("aria-label", "Traceback");
    const bar = make("div", "hpo-bar");
    bar.append(press("Select", "Selects these trials in the other panels", () => ctx.shared.select(group.tasks.map(([, , key]) => key))));
    if (canRetry) {
      const message = { op: "retry", tasks: group.tasks.map(([, id]) => id) };
      const text = group.count === 1 ? "Retry" : `Retry all ${group.tasks.length}`;
      bar.append(press(text, "Runs their parameters again", (node) => deskOf(ctx).act(ctx, message, node)));
    }
    node.append(head);
    if (group.shared.length) node.append(make("p", "hpo-faint", "What they share:"), shared(group));
    node.append(trials(group), bar, trace);
    return node;
  }
  return {
    update() {
      const { groups, retry, total } = ctx.data.value;
      // Trials that end well change nothing here, and a traceback that is being read stays where it was scrolled to.
      const key = JSON.stringify([groups, retry]) + (groups?.length ? "" : total);
      if (!groups || key === shown) return;
      shown = key;
      if (!groups.length) list.replaceChildren(make("p", "hpo-empty", total ? "No trial has failed." : "No trial yet."));
      else list.replaceChildren(...groups.map((group) => card(group, retry)));
    },
    describe() {
      const groups = ctx.data.value.groups ?? [];
      const count = groups.reduce((sum, group) => sum + group.count, 0);
      return count ? `${count} ${count === 1 ? "trial" : "trials"} failed, in ${groups.length} ${groups.length === 1 ? "way" : "ways"}.` : "";
    },
  };
}
