// What the panels that steer share: menus, forms, and words for values. Names and values only ever become text.
import { button, make } from "../dashboard_kit.js";

// A button that says more when pointed at.
export function press(text, title, act, name = "") {
  const node = button(text, name, () => act(node));
  node.title = title;
  return node;
}

export function bytes(count) {
  if (count === null || count === undefined) return "–";
  const units = ["B", "kB", "MB", "GB", "TB"];
  const at = count < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(count) / 3));
  return `${Number((count / 1000 ** at).toPrecision(3))} ${units[at]}`;
}

export async function copyText(content) {
  try {
    await navigator.clipboard.writeText(content);
  } catch {
    // A page that was not opened over https or from this machine has no clipboard of its own.
    const area = make("textarea");
    area.value = content;
    area.style.cssText = "position:fixed;opacity:0";
    document.body.append(area);
    const before = document.activeElement;
    area.select();
    document.execCommand("copy");
    area.remove();
    before?.focus?.();
  }
}

// Keys typed into a field, and Escape in a menu, are not JupyterLab's.
export function keepKeys(node) {
  for (const kind of ["keydown", "keypress", "keyup"]) node.addEventListener(kind, (event) => event.stopPropagation());
}

// ---- a button with a list below it ---------------------------------------------------------------------------------
export class Menu {
  constructor(title) {
    this.node = make("details", "hpo-menu");
    this.button = make("summary", "hpo-dash-button", title);
    this.list = make("div", "hpo-menu-list");
    this.node.append(this.button, this.list);
    keepKeys(this.node);
    this.node.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.node.open) return;
      this.close();
      this.button.focus();
    });
    this.node.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !this.node.contains(event.relatedTarget)) this.close();
    });
  }
  close() { this.node.open = false; }
  fill(items) {
    this.list.replaceChildren(...items.map((item) => {
      if (!item.change) {
        return press(item.text, item.title ?? "", () => { this.close(); item.click(); }, "hpo-menu-item");
      }
      const label = make("label", "hpo-menu-item");
      const box = make("input");
      Object.assign(box, { type: "checkbox", checked: item.checked });
      box.addEventListener("change", () => item.change(box.checked));
      label.title = item.text;
      label.append(box, make("span", "", item.text));
      return label;
    }));
  }
}

// ---- a form in the page: fields, a button, and what was wrong ------------------------------------------------------
export class Form {
  constructor(title, { submit, action, cancel }) {
    this.node = make("form", "hpo-form");
    this.node.setAttribute("aria-label", title);
    this.fields = make("div", "hpo-form-fields");
    const buttons = make("div", "hpo-bar");
    this.action = make("button", "hpo-dash-button hpo-primary", action);
    this.action.type = "submit";
    buttons.append(this.action, press("Close", "Leaves everything as it is", () => cancel()));
    this.node.append(make("strong", "", title), this.fields, buttons);
    keepKeys(this.node);
    this.node.addEventListener("keydown", (event) => { if (event.key === "Escape") cancel(); });
    this.node.addEventListener("submit", (event) => { event.preventDefault(); submit(this); });
  }
  add(label, input, hint) {
    const row = make("label", "hpo-field");
    const name = make("span", "hpo-field-name", label);
    name.title = label;
    row.append(name, input);
    if (hint) row.append(make("span", "hpo-faint", hint));
    this.fields.append(row);
    return input;
  }
  text(label, value, hint, placeholder = "") {
    const input = make("input", "hpo-input");
    Object.assign(input, { type: "text", value, placeholder });
    return this.add(label, input, hint);
  }
  focus() { this.fields.querySelector("input, select, textarea")?.focus(); }
}
