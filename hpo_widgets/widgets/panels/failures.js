// The failures: those that are one failure together, with what their parameters share and a way to run them again.
import { make, text } from "./kit.js";

const LISTED = 12;

export function create(root, ctx) {
  root.classList.add("hpo-failures");
  const list = make("div");
  root.append(list);
  const open = new Set();

  function shared(group) {
    const parts = make("ul", "hpo-plain-list");
    for (const [name, values, elsewhere] of group.shared) {
      const range = values.length === 2 ? `${text(values[0])} … ${text(values[1])}` : text(values[0]);
      const others = elsewhere === 0 ? "no other trial" : elsewhere === 1 ? "1 other trial" : `${elsewhere} other trials`;
      const item = make("li");
      item.append(make("strong", "", name), ` ${values.length === 2 ? "in" : "="} ${range} (${others})`);
      parts.append(item);
    }
    return parts;
  }
  function trials(group) {
    const node = make("p", "hpo-trials", "Trials ");
    for (const [number, id] of group.tasks.slice(0, LISTED)) {
      const button = make("button", "hpo-link", number === null ? id.slice(0, 8) : String(number));
      button.addEventListener("click", () => ctx.openTask(id));
      node.append(button, " ");
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
    const choose = make("button", "hpo-button", "Select");
    choose.title = "Selects these trials in the other panels";
    choose.addEventListener("click", () => ctx.selection.set(group.tasks.map(([, id]) => id)));
    bar.append(choose);
    if (canRetry) {
      const again = make("button", "hpo-button", group.count === 1 ? "Retry" : `Retry all ${group.tasks.length}`);
      again.addEventListener("click", () => ctx.act({ op: "retry", tasks: group.tasks.map(([, id]) => id) }, again));
      bar.append(again);
    }
    node.append(head);
    if (group.shared.length) node.append(make("p", "hpo-faint", "What they share:"), shared(group));
    node.append(trials(group), bar, trace);
    return node;
  }
  return {
    update({ groups, retry, total }) {
      if (!groups.length) list.replaceChildren(make("p", "hpo-empty", total ? `None of ${total} trials failed.` : "No trial yet."));
      else list.replaceChildren(...groups.map((group) => card(group, retry)));
    },
    resize() {},
    theme() {},
    dispose() {},
  };
}
