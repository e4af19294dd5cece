// A log as it is written: follows its end while that is in sight, and finds words in it.
import { make } from "../dashboard_kit.js";
import { press } from "./kit.js";

const MOST = 400_000; // characters kept in the page

export class Log {
  constructor() {
    Object.assign(this, { text: "", leftOut: 0, version: 0 });
  }
  add({ text, left_out: leftOut }) {
    this.text += text;
    this.leftOut += leftOut;
    if (this.text.length > MOST) {
      this.leftOut += this.text.length - MOST;
      this.text = this.text.slice(-MOST);
    }
    this.version += 1;
  }
}

export class LogView {
  constructor(desk) {
    this.log = new Log();
    this.node = make("div", "hpo-logview");
    this.search = make("input", "hpo-input");
    Object.assign(this.search, { type: "search", placeholder: "Search the log" });
    this.search.setAttribute("aria-label", "Search the log");
    this.found = make("span", "hpo-faint");
    this.found.setAttribute("role", "status");
    const only = make("label", "hpo-faint");
    this.only = make("input");
    this.only.type = "checkbox";
    only.append(this.only, " only these lines");
    const bar = make("div", "hpo-bar");
    bar.append(this.search, press("Next", "Goes to the next place that has it", () => this.step(1)), only, this.found,
      press("Copy", "Copies the log", () => desk.copy(this.log.text, "the log")));
    this.pre = make("pre", "hpo-log");
    this.pre.tabIndex = 0;
    this.pre.setAttribute("role", "log");
    this.pre.setAttribute("aria-label", "Log");
    this.pre.setAttribute("aria-live", "off");
    this.node.append(bar, this.pre);
    this.search.addEventListener("input", () => { this.at = 0; this.draw(); });
    this.search.addEventListener("keydown", (event) => { if (event.key === "Enter") this.step(event.shiftKey ? -1 : 1); });
    this.only.addEventListener("change", () => this.draw());
    this.at = 0;
    this.draw();
  }
  show(log) {
    if (log === this.log && log.version === this.drawn) return;
    const other = log !== this.log;
    this.log = log;
    if (other) this.at = 0;
    const followed = other || this.pre.scrollTop + this.pre.clientHeight >= this.pre.scrollHeight - 8;
    const { scrollTop } = this.pre;
    this.draw();
    this.pre.scrollTop = followed && !this.search.value ? this.pre.scrollHeight : scrollTop;
  }
  draw() {
    this.drawn = this.log.version;
    const word = this.search.value;
    const head = this.log.leftOut ? `[${this.log.leftOut} characters before this are left out]\n` : "";
    let body = clean(this.log.text);
    if (word && this.only.checked) body = body.split("\n").filter((line) => line.toLowerCase().includes(word.toLowerCase())).join("\n");
    if (!body) {
      this.pre.replaceChildren(make("span", "hpo-faint", word && this.log.text ? "No line has it." : "It has printed nothing."));
      this.marks = [];
    } else {
      this.pre.replaceChildren(...(head ? [make("span", "hpo-faint", head)] : []), ...this.marked(body, word));
      this.marks = [...this.pre.querySelectorAll("mark")];
    }
    this.found.textContent = word ? (this.marks.length ? `${Math.min(this.at + 1, this.marks.length)} of ${this.total}` : "not found") : "";
    this.reveal();
  }
  marked(body, word) {
    this.total = 0;
    if (!word) return [body];
    const nodes = [];
    const low = body.toLowerCase();
    const wanted = word.toLowerCase();
    let from = 0;
    for (let at = low.indexOf(wanted); at >= 0; at = low.indexOf(wanted, at + wanted.length)) {
      this.total += 1;
      if (this.total > 2000) continue; // counted, not marked
      nodes.push(body.slice(from, at), make("mark", "", body.slice(at, at + wanted.length)));
      from = at + wanted.length;
    }
    return [...nodes, body.slice(from)];
  }
  step(by) {
    if (!this.marks.length) return;
    this.at = (this.at + by + this.marks.length) % this.marks.length;
    this.found.textContent = `${this.at + 1} of ${this.total}`;
    this.reveal();
  }
  reveal() {
    if (!this.marks?.length) return;
    this.marks.forEach((mark, i) => mark.classList.toggle("hpo-here", i === this.at));
    const mark = this.marks[Math.min(this.at, this.marks.length - 1)];
    this.pre.scrollTop = mark.offsetTop - this.pre.offsetTop - this.pre.clientHeight / 2;
  }
}

// Colours of terminals are left out; of a line that was written over and over (a progress bar) the last stays.
function clean(text) {
  return text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "").replace(/\r\n/g, "\n").replace(/^.*\r(?=.)/gm, "");
}
