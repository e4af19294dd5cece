// Draws the figures of the report in the colours of the page, and again when those change.
const figures = JSON.parse(document.getElementById("figures").textContent);
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const COLORWAY = ["#4493f8", "#db6d28", "#3fb950", "#a371f7", "#f778ba", "#39c5cf", "#d29922"];

function layoutOf(given) {
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue("--ink").trim();
  const line = style.getPropertyValue("--line").trim();
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true };
  return {
    ...given,
    xaxis: { ...axis, ...given.xaxis },
    yaxis: { ...axis, ...given.yaxis },
    colorway: COLORWAY,
    font: { color: ink },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    margin: { t: 48, r: 24, b: 48, l: 64 },
    legend: { orientation: "h", y: 1.14 },
  };
}

function draw() {
  for (const place of document.querySelectorAll("[data-figure]")) {
    const { data, layout } = figures[Number(place.dataset.figure)];
    Plotly.react(place, data, layoutOf(layout), { responsive: true, displaylogo: false });
  }
}

draw();
dark.addEventListener("change", draw);
