// The task view: all there is to know of one task, its log as it is written, and what can be done with it.
import { bytes, clock, keepKeys, make, number, text } from "./kit.js";
import { LogView } from "./log_view.js";

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

class TaskView {
  constructor(root, ctx) {
    Object.assign(this, { root, ctx, id: null, task: null, skew: 0 });
    root.setAttribute("role", "dialog");
    root.setAttribute("aria-label", "Task");
    root.hidden = true;
    keepKeys(root);
    root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.target.closest("input, textarea")) this.close();
    });
    this.title = make("strong", "hpo-task-title");
    this.title.tabIndex = -1;
    this.state = make("span", "hpo-state");
    this.buttons = make("div", "hpo-bar");
    const close = make("button", "hpo-button hpo-close", "✕");
    close.setAttribute("aria-label", "Close the task view");
    close.addEventListener("click", () => this.close());
    const head = make("header", "hpo-task-head");
    head.append(this.title, this.state, close);
    this.facts = make("p", "hpo-faint");
    this.error = section("Traceback");
    this.trace = make("pre", "hpo-log");
    this.trace.tabIndex = 0;
    this.error.append(this.trace);
    this.parameters = make("table", "hpo-table");
    this.curves = make("div", "hpo-curves");
    this.log = new LogView(ctx);
    this.artifacts = make("div");
    this.base = make("div");
    this.note = make("textarea", "hpo-input hpo-note");
    Object.assign(this.note, { rows: 2, placeholder: "What do you want to remember of this trial?", maxLength: 20000 });
    this.note.setAttribute("aria-label", "Note");
    this.keep = make("button", "hpo-button", "Keep note");
    this.keep.addEventListener("click", () => ctx.act({ op: "note", tasks: [this.id], text: this.note.value }, this.keep));
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
  open(id) {
    if (this.id && this.id !== id) this.ctx.send({ op: "close", task: this.id });
    if (this.root.hidden) this.before = document.activeElement;
    this.id = id;
    this.task = null;
    this.log.clear();
    this.root.hidden = false;
    this.title.textContent = "Opening…";
    this.state.textContent = "";
    this.ctx.send({ op: "open", task: id });
    this.title.focus({ preventScroll: true });
    this.root.scrollIntoView({ block: "nearest" });
  }
  close() {
    if (this.id) this.ctx.send({ op: "close", task: this.id });
    this.id = null;
    this.root.hidden = true;
    this.before?.focus?.({ preventScroll: true });
  }
  update(message) {
    if (message.now) this.skew = Date.now() / 1000 - message.now;
    for (const each of message.tasks ?? []) if (each.id === this.id) this.take(each, message.can ?? this.can);
    if (message.can) this.can = message.can;
  }
  take(each, can) {
    if (each.fields) this.fields = each.fields;
    if (each.whole) {
      this.curves.replaceChildren();
      this.curvesSection.hidden = true;
      this.note.value = each.task.note;
      this.showBase(each.base);
    }
    if (each.task) this.showTask(each.task, can);
    if (each.log) this.log.add(each.log);
    else if (each.whole) this.log.clear();
    if (each.curves) {
      this.curvesSection.hidden = !each.curves.length;
      this.curves.replaceChildren(...each.curves.map(curve));
      if (each.more_curves) this.curves.append(make("p", "hpo-faint", `and ${each.more_curves} more metrics`));
    }
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
      return item;
    }));
    this.showButtons(task, can);
    this.tick();
  }
  showButtons(task, can) {
    const one = (op, text, title) => {
      const button = make("button", "hpo-button", text);
      button.title = title;
      button.addEventListener("click", () => this.ctx.act({ op, tasks: [this.id] }, button));
      return button;
    };
    const found = [];
    if (!task.final) {
      found.push(one("stop_task", "Stop", "Ends it; the value it has reached counts"));
      found.push(one("skip", "Skip", "Ends it; its value does not count"));
    } else if (can.includes("retry")) found.push(one("retry", "Retry", "Runs its parameters again, before what the strategy proposes"));
    const clone = make("button", "hpo-button", "Clone…");
    clone.title = "Fills a trial by hand with its parameters";
    clone.addEventListener("click", () => this.ctx.clone(this.fields));
    found.push(clone);
    if (can.includes("archive") && task.final) {
      const away = make("button", "hpo-button", task.archived ? "Unarchive" : "Archive");
      away.addEventListener("click", () => this.ctx.act({ op: "archive", tasks: [this.id], archived: !task.archived }, away));
      found.push(away);
    }
    const key = JSON.stringify([task.final, task.archived, can, this.id]);
    if (key === this.buttonsKey) return;
    this.buttonsKey = key;
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
    if (!task || this.root.hidden) return;
    const ran = task.started === null ? null : (task.ended ?? Date.now() / 1000 - this.skew) - task.started;
    const facts = [ran === null ? "not started" : `ran ${clock(ran)}`, `id ${this.id}`];
    if (task.started !== null) facts.splice(1, 0, `started ${new Date(task.started * 1000).toLocaleString()}`);
    if (task.pid && !task.final) facts.push(`process ${task.pid}`);
    this.facts.textContent = facts.map(text).join(" · ");
  }
}

export function create(root, ctx) {
  root.classList.add("hpo-task");
  const view = new TaskView(root, ctx);
  const unsubscribe = ctx.onOpenTask((id) => view.open(id));
  return {
    update: (message) => view.update(message),
    resize() {},
    theme() {},
    dispose() { unsubscribe?.(); view.dispose(); },
  };
}
