// The budget: what each limit allows, what is used, what is left, and when it will be spent.
import { clock, make, number } from "../dashboard_kit.js";
import { deskOf } from "./desk.js";

const NAMES = { jobs: "Jobs", iterations: "Iterations", compute_time: "Computing time", time: "Time" };
const IS_TIME = new Set(["compute_time", "time"]);

export function create(root, ctx) {
  root.classList.add("hpo-panel", "hpo-budget");
  const table = make("table", "hpo-table");
  table.setAttribute("aria-label", "What the study may spend");
  const titles = table.createTHead().insertRow();
  for (const name of ["limit", "used", "of", "remaining", "spent in"]) {
    const cell = make("th", name === "limit" ? "" : "hpo-number", name);
    cell.scope = "col";
    titles.append(cell);
  }
  const body = table.createTBody();
  const terminator = make("p", "hpo-faint hpo-wrap");
  root.append(table, terminator);
  let state = null;
  let ticker;

  function line([name, used, limit, remaining, left], since) {
    const grows = state.live && (name === "time" || name === "compute_time");
    const spent = used + (name === "time" && grows ? since : name === "compute_time" ? since * state.running : 0);
    const percent = limit === null ? null : Math.max(0, Math.min(100, grows ? 100 - (100 * spent) / limit : remaining));
    const show = IS_TIME.has(name) ? clock : number;
    const row = make("tr");
    row.append(make("th", "", NAMES[name]));
    row.firstChild.scope = "row";
    row.append(make("td", "hpo-number", show(spent)));
    row.append(make("td", "hpo-number", limit === null ? "no limit" : show(limit)));
    const rest = make("td", "hpo-number");
    if (percent === null) rest.textContent = "–";
    else {
      const meter = make("div", "hpo-meter");
      meter.setAttribute("role", "meter");
      meter.setAttribute("aria-label", `${NAMES[name]} remaining`);
      for (const [key, value] of Object.entries({ valuemin: 0, valuemax: 100, valuenow: percent.toFixed(1) })) meter.setAttribute(`aria-${key}`, value);
      meter.append(make("div", "hpo-meter-fill"));
      meter.firstChild.style.width = `${percent}%`;
      meter.dataset.low = percent < 10;
      rest.append(meter, make("span", "", `${percent.toFixed(1)} %`));
    }
    row.append(rest, make("td", "hpo-number", left === null ? "–" : clock(left - since)));
    return row;
  }
  function show() {
    if (!state) return;
    const since = state.live && !ctx.dead() ? Math.max(0, deskOf(ctx).now() - state.now) : 0;
    terminator.textContent = state.terminator ? `Terminator: ${state.terminator}` : "";
    body.replaceChildren(...state.lines.map((each) => line(each, since)));
    ctx.sentence();
  }
  function sentence() {
    if (!state) return "";
    if (!state.live) return state.ended;
    if (ctx.dead()) return "";
    if (state.end === null) return "No forecast of the end yet.";
    const left = state.end - Math.max(0, deskOf(ctx).now() - state.now);
    return `Ends in about ${clock(left)}, at ${new Date((state.now + state.end) * 1000).toLocaleTimeString()}.`;
  }
  return {
    update() {
      const message = ctx.data.value;
      if (!message.lines) return;
      state = message;
      clearInterval(ticker);
      if (state.live && !ctx.dead()) ticker = setInterval(show, 1000);
      show();
    },
    dispose() { clearInterval(ticker); },
    describe: sentence,
  };
}
