// The task view: all there is to know of one task, its log as it is written, and what can be done with it.
import { clock, make, number } from "../dashboard_kit.js";
import { deskOf } from "./desk.js";
import { bytes, keepKeys, press } from "./kit.js";
import { Log, LogView } from "./log_view.js";

const SVG = "http://www.w3.org/2000/svg";
const CHART = { width: 260, height: 70, pad: 4 };

// A curve as a small picture; its numbers stand below it.
function curve([name, count, points]) {
  const figure = make("figure", "hpo-curve");
  const known = points.filter(([, value]) => value !== null);
  const last = points.at(-1)?.[1];
  figure.append(make("figcaption", "", name));
  figure.firstChild.title = name;
  if (known.length > 1) {
    const xs = known.map(([iteration], at) => iteration ?? at);
    const ys = known.map(([, value]) => value);
    const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const place = (i) => [
      CHART.pad + ((xs[i] - x0) / (x1 - x0 || 1)) * (CHART.width - 2 * CHART.pad),
      CHART.height - CHART.pad - ((ys[i] - y0) / (y1 - y0 || 1)) * (CHART.height - 2 * CHART.pad),
    ];
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", `0 0 ${CHART.width} ${CHART.height}`);
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `${name} over iterations ${number(x0)} to ${number(x1)}, from ${number(y0)} to ${number(y1)}`);
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", known.map((_, i) => `${i ? "L" : "M"}${place(i).map((at) => at.toFixed(1)).join(" ")}`).join(""));
    svg.append(path);
    figure.append(svg);
    figure.append(make("p", "hpo-faint", `last ${number(last ?? NaN)} · ${number(y0)} … ${number(y1)} · ${count} points`));
  } else {
    figure.append(make("p", "hpo-single", points.length ? number(last ?? NaN) : "–"));
  }
  return figure;
}

function section(title, ...nodes) {
  const node = make("details", "hpo-section");
  node.open = true;
  node.append(make("summary", "", title), ...nodes);
  return node;
}

// What the kernel told of the open tasks: parts that come one after the other, kept for every place that shows them.
class Open {
  constructor() {
    this.tasks = new Map();
    this.can = [];
  }
  take(content, buffers, whole) {
    if (whole) this.tasks.clear(); // something was missed: whoever has one open asks again
    this.can = content.can ?? this.can;
    for (const part of content.tasks ?? []) {
      if (part.whole) this.tasks.set(part.id, { log: new Log() });
      const task = this.tasks.get(part.id);
      if (!task) continue;
      const { log, whole: _, ...rest } = part;
      Object.assign(task, rest);
      if (log) task.log.add(log);
    }
  }
}

export const data = () => new Open();

class TaskView {
  constructor(root, ctx) {
    Object.assign(this, { root, ctx, desk: deskOf(ctx), id: null, task: null, shown: {} });
    keepKeys(root);
    root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.target.closest("input, textarea")) this.close();
    });
    this.title = make("strong", "hpo-task-title");
    this.title.tabIndex = -1;
    this.state = make("span", "hpo-state");
    this.buttons = make("div", "hpo-bar");
    const close = press("✕", "Close the task view", () => this.close(), "hpo-close");
    close.setAttribute("aria-label", "Close the task view");
    const head = make("header", "hpo-task-head");
    head.append(this.title, this.state, close);
    this.facts = make("p", "hpo-faint");
    this.error = section("Traceback");
    this.trace = make("pre", "hpo-log");
    this.trace.tabIndex = 0;
    this.error.append(this.trace);
    this.parameters = make("table", "hpo-table");
    this.curves = make("div", "hpo-curves");
    this.log = new LogView(this.desk);
    this.artifacts = make("div");
    this.base = make("div");
    this.note = make("textarea", "hpo-input hpo-note");
    Object.assign(this.note, { rows: 2, placeholder: "What do you want to remember of this trial?", maxLength: 20000 });
    this.note.setAttribute("aria-label", "Note");
    this.keep = press("Keep note", "Keeps it with the trial", (node) => this.desk.act(ctx, { op: "note", tasks: [this.id], text: this.note.value }, node));
    this.noted = section("Note", this.note, this.keep);
    this.curvesSection = section("Scalars", this.curves);
    this.artifactsSection = section("Artifacts", this.artifacts);
    this.baseSection = section("Code and environment", this.base);
    this.baseSection.open = false;
    root.append(head, this.facts, this.buttons, this.error, section("Parameters", this.parameters), this.curvesSection,
      section("Log", this.log.node), this.noted, this.artifactsSection, this.baseSection);
    this.ticker = setInterval(() => this.tick(), 1000);
  }
  dispose() { clearInterval(this.ticker); }
  // Follows what all panels have open.
  update() {
    const { shared, trials, data } = this.ctx;
    const id = trials.get(shared.opened)?.id ?? null;
    if (id !== this.id) this.turn(id);
    if (!id) return;
    const known = data.tasks.get(id);
    if (!known) {
      if (!this.asked) this.ask();
      return;
    }
    this.asked = false;
    this.take(known, data.can);
  }
  turn(id) {
    if (this.id) this.ctx.ask({ op: "close", task: this.id }).catch(() => {});
    if (!this.id) this.before = document.activeElement;
    Object.assign(this, { id, task: null, shown: {}, asked: false, said: "" });
    if (!id) return;
    this.ctx.data.tasks.delete(id); // may be of long ago
    this.title.textContent = "Opening…";
    this.state.textContent = "";
    this.title.focus({ preventScroll: true });
  }
  ask() {
    this.asked = true;
    this.ctx.ask({ op: "open", task: this.id }).catch((error) => { this.title.textContent = error.message; });
  }
  close() {
    this.ctx.open(null);
    this.turn(null);
    this.before?.focus?.();
  }
  take(known, can) {
    const { shown } = this;
    if (known.task !== shown.task || can !== shown.can) this.showTask(known.task, can);
    if (known.base !== shown.base) this.showBase(known.base);
    if (known.curves !== shown.curves || shown.task === undefined) {
      const curves = known.curves ?? [];
      this.curvesSection.hidden = !curves.length;
      this.curves.replaceChildren(...curves.map(curve));
      if (known.more_curves) this.curves.append(make("p", "hpo-faint", `and ${known.more_curves} more metrics`));
    }
    this.log.show(known.log);
    const { note } = known.task;
    if (note !== this.said) { // what somebody types is not written over
      if (this.note.value === (this.said ?? "")) this.note.value = note;
      this.said = note;
    }
    this.fields = known.fields;
    if (shown.task === undefined && this.root.getBoundingClientRect().bottom > window.innerHeight) this.root.scrollIntoView({ block: "start" });
    Object.assign(shown, { task: known.task, can, base: known.base, curves: known.curves });
  }
  showTask(task, can) {
    this.task = task;
    this.title.textContent = task.trial === null ? task.name : `Trial ${task.trial}${task.attempt ? `, attempt ${task.attempt + 1}` : ""}`;
    this.title.title = task.name;
    this.state.textContent = task.reason ? `${task.state} (${task.reason})` : task.state;
    this.state.dataset.state = task.state;
    this.error.hidden = !task.error;
    this.trace.textContent = task.error ?? "";
    this.parameters.replaceChildren(...task.parameters.map(([name, value]) => {
      const row = make("tr");
      const title = make("th", "", name);
      title.scope = "row";
      title.title = name;
      const cell = make("td", "", value);
      cell.title = value;
      row.append(title, cell);
      return row;
    }));
    this.artifactsSection.hidden = !task.artifacts.length;
    this.artifacts.replaceChildren(...task.artifacts.map((each) => {
      const item = make("details", "hpo-artifact");
      item.append(make("summary", "", `${each.name} · ${[each.type, each.kind === "artifact" ? "" : each.kind, bytes(each.size)].filter(Boolean).join(", ")}`));
      item.append(make("pre", "hpo-log", each.preview || "no preview"));
      if (each.name === "notebook" || each.kind === "notebook") item.append(this.opener());
      return item;
    }));
    this.showButtons(task, can);
    this.tick();
  }
  // The executed notebook, copied to where the server can open it.
  opener() {
    const place = make("p");
    const open = press("Open the notebook", "Copies it beside this notebook and opens the copy in a tab of its own", async () => {
      open.disabled = true;
      try {
        const config = JSON.parse(document.getElementById("jupyter-config-data")?.textContent || "{}");
        const { file, path } = await this.ctx.ask({ op: "notebook", task: this.id, root: config.serverRoot ?? "" });
        if (!path) { place.append(make("span", "hpo-faint", ` saved as ${file}`)); return; }
        const link = make("a", "", `Open ${file}`);
        link.href = `${config.baseUrl ?? "/"}lab/tree/${path.split("/").map(encodeURIComponent).join("/")}`;
        link.target = "_blank";
        open.replaceWith(link);
        link.click();
      } catch (error) {
        place.append(make("span", "hpo-faint", ` ${error.message}`));
      } finally { open.disabled = false; }
    });
    place.append(open);
    return place;
  }
  showButtons(task, can) {
    const key = JSON.stringify([task.final, task.archived, can, this.id]);
    if (key === this.buttonsKey) return;
    this.buttonsKey = key;
    const one = (op, text, title, more = {}) => press(text, title, (node) => this.desk.act(this.ctx, { op, tasks: [this.id], ...more }, node));
    const found = [];
    if (!task.final) {
      found.push(one("stop_task", "Stop", "Ends it; the value it has reached counts"));
      found.push(one("skip", "Skip", "Ends it; its value does not count"));
    } else if (can.includes("retry")) found.push(one("retry", "Retry", "Runs its parameters again, before what the strategy proposes"));
    if (can.includes("enqueue")) found.push(press("Clone…", "Fills a trial by hand with its parameters", () => this.desk.tell("clone", this.fields)));
    if (can.includes("archive") && task.final) {
      const text = task.archived ? "Unarchive" : "Archive";
      found.push(one("archive", text, "Out of sight, or back; what it found counts as before", { archived: !task.archived }));
    }
    this.buttons.replaceChildren(...found);
    this.noted.hidden = !can.includes("note");
  }
  showBase(base) {
    this.baseSection.hidden = !base;
    if (!base) return;
    const part = (title, body) => {
      if (!body) return [];
      const node = make("details", "hpo-artifact");
      const pre = make("pre", "hpo-log", body);
      pre.tabIndex = 0;
      node.append(make("summary", "", title), pre);
      return [node];
    };
    const git = base.git;
    this.base.replaceChildren(
      make("p", "", `${base.name} (${base.kind})${base.python ? ` · ${base.python}` : ""}`),
      ...(git.commit ? [make("p", "", `git ${git.branch ?? ""} ${git.commit.slice(0, 12)}${git.diff ? ", changed" : ""}`)] : []),
      ...(base.command ? [make("p", "hpo-wrap", base.command)] : []),
      ...base.sources.flatMap(([name, body]) => part(name, body)),
      ...part("Changes since the commit", git.diff),
      ...part(`${base.packages.length} packages`, base.packages.join("\n")),
    );
  }
  tick() {
    const { task } = this;
    if (!task) return;
    const ran = task.started === null ? null : (task.ended ?? this.desk.now()) - task.started;
    const facts = [ran === null ? "not started" : `ran ${clock(ran)}`, `id ${this.id}`];
    if (task.started !== null) facts.splice(1, 0, `started ${new Date(task.started * 1000).toLocaleString()}`);
    if (task.pid && !task.final) facts.push(`process ${task.pid}`);
    this.facts.textContent = facts.join(" · ");
  }
}

export function create(root, ctx) {
  root.classList.add("hpo-panel", "hpo-task");
  const view = new TaskView(root, ctx);
  return { update: () => view.update(), select: () => view.update(), resize() {}, dispose: () => view.dispose() };
}
