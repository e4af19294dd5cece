// The report of the doctor. Drawn, it says which page this is: that it could say so is the first finding.
const WORDS = { good: "fine", note: "worth knowing", bad: "to be mended", waiting: "not known yet" };
const PAUSES_MS = [700, 2000]; // JupyterLab gives a page its subshell a moment after the first widget, and words go there from then on
const MARKS = { good: "✓", note: "!", bad: "✕", waiting: "…" };

function frontEnd() {
  try {
    const told = JSON.parse(document.getElementById("jupyter-config-data").textContent);
    if (told.appName) return { front_end: String(told.appName), version: String(told.appVersion ?? "") };
  } catch { /* not a page of Jupyter's own */ }
  if (location.protocol === "vscode-webview:" || "acquireVsCodeApi" in window) return { front_end: "VS Code", version: "" };
  if (window.google?.colab) return { front_end: "Colab", version: "" };
  if (document.querySelector('script[src*="voila"]')) return { front_end: "Voila", version: "" };
  return { front_end: "a page", version: "" };
}

function row({ name, found, standing, advice }) {
  const node = document.createElement("tr");
  node.dataset.standing = standing;
  const mark = document.createElement("td");
  const sign = Object.assign(document.createElement("span"), { className: "hpo-doctor-mark", textContent: MARKS[standing] });
  sign.setAttribute("role", "img");
  sign.setAttribute("aria-label", WORDS[standing]);
  sign.title = WORDS[standing];
  mark.append(sign);
  const head = Object.assign(document.createElement("th"), { scope: "row", textContent: name });
  const says = Object.assign(document.createElement("td"), { textContent: found });
  if (advice) says.append(Object.assign(document.createElement("p"), { className: "hpo-doctor-advice", textContent: advice }));
  node.append(mark, head, says);
  return node;
}

function render({ model, el }) {
  const root = Object.assign(document.createElement("section"), { className: "hpo-form hpo-doctor" });
  root.setAttribute("aria-label", "Doctor");
  const summary = document.createElement("p");
  summary.className = "hpo-heading";
  summary.setAttribute("role", "status");
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  for (const text of ["State", "What", "Found"]) {
    head.append(Object.assign(document.createElement("th"), { scope: "col", className: "hpo-hidden", textContent: text }));
  }
  const body = table.createTBody();
  root.append(summary, table);
  el.append(root);
  function show() {
    summary.textContent = model.get("summary");
    body.replaceChildren(...model.get("rows").map(row));
  }
  model.on("change:rows", show);
  model.on("change:summary", show);
  show();
  let timer;
  function answer(time) {
    const last = time >= PAUSES_MS.length;
    model.send({ op: "here", last, ...frontEnd() });
    if (!last) timer = setTimeout(() => { if (!model.get("settled")) answer(time + 1); }, PAUSES_MS[time]);
  }
  answer(0);
  return () => {
    clearTimeout(timer);
    model.off("change:rows", show);
    model.off("change:summary", show);
  };
}

export default { render };
