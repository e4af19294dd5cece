// What the panels share: nodes, words for values, menus and fields. Names and values only ever become text.

export function make(tag, name, text) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  if (tag === "button") node.type = "button";
  return node;
}

export function clock(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}`
    : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

export function number(value) {
  if (typeof value !== "number") return text(value);
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return Number.isInteger(value) && Math.abs(value) < 1e9 ? String(value) : Number(value.toPrecision(5)).toString();
}

export function text(value) {
  if (typeof value === "number") return number(value);
  if (typeof value === "boolean") return value ? "True" : "False";
  return value === null || value === undefined ? "–" : String(value);
}

export function bytes(count) {
  if (count === null || count === undefined) return "–";
  const units = ["B", "kB", "MB", "GB", "TB"];
  const at = count < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(count) / 3));
  return `${Number((count / 1000 ** at).toPrecision(3))} ${units[at]}`;
}

export function download(name, type, content) {
  const link = make("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
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
    this.button = make("summary", "hpo-button", title);
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
        const button = make("button", "hpo-menu-item", item.text);
        button.title = item.title ?? "";
        button.disabled = item.disabled ?? false;
        button.addEventListener("click", () => { this.close(); item.click(); });
        return button;
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
    this.action = make("button", "hpo-button hpo-primary", action);
    this.action.type = "submit";
    const close = make("button", "hpo-button", "Close");
    close.addEventListener("click", cancel);
    buttons.append(this.action, close);
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
