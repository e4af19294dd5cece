// Loads what all dashboards of a page share, once a page and version, and shows one.
const page = (globalThis.__hpoWidgets ??= {});

async function load(model, name, wrap) {
  const asset = await model.widget_manager.get_model(model.get("assets")[name].slice("IPY_MODEL_".length));
  const key = `${name}-${asset.get("hash")}`;
  page[key] ??= (async () => {
    const given = asset.get("data");
    const text = await new Response(new Blob([given]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
    const url = URL.createObjectURL(new Blob(wrap(text), { type: "text/javascript" }));
    try { return await import(url); } finally { URL.revokeObjectURL(url); }
  })();
  return page[key];
}

// JupyterLab's AMD `define` would catch the bundle: it is run as if there were none.
const alone = (text) => [
  "const m = { exports: {} };(function (module, exports, define) {", text,
  "\n}).call(globalThis, m, m.exports, undefined);export default m.exports.newPlot ? m.exports : globalThis.Plotly;",
];

export default () => {
  let app;
  return {
    async initialize({ model }) {
      const { modules, css } = await load(model, "dashboard", (text) => [text]);
      const id = "hpo-dash-style";
      const style = document.getElementById(id) ?? Object.assign(document.createElement("style"), { id });
      style.textContent = css;
      document.head.append(style);
      const plotly = () => load(model, "plotly", alone).then((found) => found.default);
      const hiplot = () => load(model, "hiplot", (text) => [text, "\nexport default hiplot;"]).then((found) => found.default);
      app = new modules.dashboard.App(model, modules, plotly, hiplot);
      return () => { app.dispose(); app = undefined; };
    },
    render({ el }) { return app?.show(el); },
  };
};
