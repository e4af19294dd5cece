// The form of a search with a Start button; once started, one line and the study's panel.
function renderApp({ model, el }) {
  const root = make("section", "hpo-app");
  root.setAttribute("aria-label", "Hyperparameter search");
  const head = make("div", "hpo-form hpo-app-head");
  const line = make("strong", "hpo-app-line");
  line.tabIndex = -1;
  const clone = makeButton("hpo-app-clone", "Clone", undefined, () => model.send({ op: "clone" }));
  clone.title = "Brings the form back with the same values; this search goes on.";
  head.append(line, clone);
  const form = make("div", "hpo-app-form");
  const bar = make("div", "hpo-form hpo-app-bar");
  const start = makeButton("hpo-app-start", "Start", undefined, () => { if (model.get("stage") === "form") model.send({ op: "start" }); });
  const state = make("span", "hpo-hint");
  state.setAttribute("role", "status");
  bar.append(start, state);
  const messages = make("ul", "hpo-form hpo-app-messages");
  messages.setAttribute("role", "alert");
  const panel = make("div", "hpo-app-panel");
  root.append(head, form, bar, messages, panel);
  el.append(root);
  const views = {};
  let shownStage;
  let closed = false;

  async function place(name, where) {
    const view = await embed(model, name, where);
    if (closed) view?.remove();
    else { views[name]?.remove(); views[name] = view; }
  }
  function show() {
    const stage = model.get("stage");
    const inside = root.contains(document.activeElement);
    head.hidden = stage !== "study";
    form.hidden = bar.hidden = stage === "study";
    line.textContent = model.get("line");
    start.setAttribute("aria-disabled", stage === "starting"); // a button that is disabled would lose the focus
    state.textContent = stage === "starting" ? "Starting…" : "";
    const texts = model.get("messages");
    messages.hidden = !texts.length;
    messages.replaceChildren(...texts.map((text) => make("li", "", text)));
    // What had the focus is gone: it goes to what came in its place.
    if (shownStage && shownStage !== stage && inside) {
      if (stage === "study") line.focus();
      if (stage === "form" && shownStage === "study") form.querySelector("select, input")?.focus();
    }
    shownStage = stage;
  }
  const onPanel = () => place("panel", panel);
  place("form", form);
  if (model.get("panel")) onPanel();
  model.on("change:panel", onPanel);
  for (const name of ["stage", "line", "messages"]) model.on(`change:${name}`, show);
  show();
  return () => {
    closed = true;
    model.off("change:panel", onPanel);
    for (const name of ["stage", "line", "messages"]) model.off(`change:${name}`, show);
    for (const view of Object.values(views)) view?.remove();
  };
}

export default { render: renderApp };
