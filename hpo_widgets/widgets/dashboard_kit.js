// Small things every panel uses. Names and values are data: `make` sets text, `plain` takes Plotly's HTML out of a name.
export function make(tag, name, text) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  return node;
}

export function button(text, name, act) {
  const node = make("button", `hpo-dash-button ${name}`, text);
  node.type = "button";
  node.addEventListener("click", act);
  return node;
}

export function cut(text, longest = 60) {
  const found = String(text);
  return found.length <= longest ? found : `${found.slice(0, longest - 1)}…`;
}

// Plotly reads `<b>`, `<br>`, `&amp;` and `$...$` in titles, names and hover texts.
export function plain(text, longest = 60) {
  return cut(text, longest).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("$", "&#36;");
}

export function number(value) {
  if (value === null || value === undefined) return "–";
  return typeof value === "number" ? String(Number(value.toPrecision(5))) : String(value);
}

// The line of Python that finds a study again.
export const attachLine = (name) => `hpo.attach(${JSON.stringify(name)})`;

export function clock(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  const minutes = Math.floor(s / 60);
  return minutes < 60 ? `${minutes}:${two(s % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(s % 60)}`;
}

// A cell that begins with one of these is a formula to a spreadsheet.
export function csv({ columns, rows }) {
  const cell = (value) => {
    const text = String(value ?? "");
    const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [columns, ...rows].map((row) => row.map(cell).join(",")).join("\r\n");
}

export function save(name, url) {
  const link = make("a");
  link.download = name;
  link.href = url;
  link.click();
}

export function colors(node) {
  const style = getComputedStyle(node);
  const read = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
  return {
    text: read("--jp-ui-font-color1", "#1f2430"),
    faint: read("--jp-ui-font-color2", "#5f6673"),
    line: read("--jp-border-color2", "#d9dce1"),
    back: read("--jp-layout-color1", "#ffffff"),
    accent: read("--jp-brand-color1", "#1976d2"),
    good: read("--jp-success-color1", "#2e7d32"),
    bad: read("--jp-error-color1", "#c62828"),
    warn: read("--jp-warn-color1", "#b26a00"),
    font: read("--jp-ui-font-family", "system-ui, sans-serif"),
  };
}
