// What happens between a press and its effect: sent, answered, or waiting for a kernel that is busy. One a page view.
import { copyText, make } from "./kit.js";

const PATIENCE_MS = 1200;
const WAITING = "Sent. The kernel is busy and answers when its cell has ended; nothing need be pressed again.";

export class Acting {
  constructor(send) {
    this.send = send;
    this.waiting = new Map();
    this.number = 0;
    this.node = make("div", "hpo-notices");
    this.node.setAttribute("role", "status");
    this.kept = []; // what the kernel says is wrong
    this.said = null; // what came of the last press
  }
  act(message, button) {
    // Two tabs of one dashboard hear the same answers.
    const token = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}-${this.number += 1}`;
    const text = button?.textContent;
    if (button) Object.assign(button, { disabled: true, textContent: "Sent…" });
    const late = setTimeout(() => this.say(WAITING, "waiting"), PATIENCE_MS);
    return new Promise((done) => {
      this.waiting.set(token, (answer) => {
        clearTimeout(late);
        if (button) Object.assign(button, { disabled: false, textContent: text });
        this.say(answer.text, answer.ok ? "good" : "bad");
        done(answer);
      });
      this.send({ ...message, token });
    });
  }
  answered(answers) {
    for (const answer of answers) {
      this.waiting.get(answer.token)?.(answer);
      this.waiting.delete(answer.token);
    }
  }
  async copy(content, what) {
    await copyText(content);
    this.say(`Copied ${what}.`, "good");
  }
  say(text, kind) {
    this.said = text ? { text, kind } : null;
    this.draw();
  }
  keep(texts) {
    if (JSON.stringify(texts) === JSON.stringify(this.kept)) return;
    this.kept = texts;
    this.draw();
  }
  draw() {
    const notes = this.kept.map((text) => ({ text, kind: "bad" }));
    this.node.replaceChildren(...[...notes, ...(this.said ? [this.said] : [])].map(({ text, kind }, at) => {
      const node = make("div", "hpo-notice");
      node.dataset.kind = kind;
      node.append(make("span", "", text));
      if (at >= notes.length) {
        const close = make("button", "hpo-plain", "✕");
        close.setAttribute("aria-label", "Dismiss");
        close.addEventListener("click", () => this.say(null));
        node.append(close);
      }
      return node;
    }));
  }
}
