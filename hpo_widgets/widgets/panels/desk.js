// What the panels of one page share: presses and their answers, notices, and a trial to be cloned.
import { attachLine, make } from "../dashboard_kit.js";
import { copyText } from "./kit.js";

const PATIENCE_MS = 1200;
const WAITING = "Sent. The kernel is busy and answers when its cell has ended; nothing need be pressed again.";
const GONE = (name) => `The kernel is gone; ${attachLine(name)} finds the study again.`;
const desks = new WeakMap();

export function deskOf(ctx) {
  if (!desks.has(ctx.shared)) desks.set(ctx.shared, new Desk());
  return desks.get(ctx.shared);
}

class Desk {
  constructor() {
    this.said = null; // what came of the last press: { text, kind }
    this.listeners = { clone: new Set(), notice: new Set() };
    this.ahead = 0;
  }
  // The kernel's clock: a browser on another machine has one of its own.
  now() { return Date.now() / 1000 - this.ahead; }
  async setClock(ctx) {
    const asked = Date.now();
    const { now } = await ctx.ask({ op: "clock" });
    if (Date.now() - asked < PATIENCE_MS) this.ahead = (asked + Date.now()) / 2000 - now;
  }
  on(what, call) {
    this.listeners[what].add(call);
    return () => this.listeners[what].delete(call);
  }
  tell(what, value) { for (const call of this.listeners[what]) call(value); }
  say(text, kind) {
    this.said = text ? { text, kind } : null;
    this.tell("notice", this.said);
  }

  // Sends one request and says what came of it. The button tells that it was sent until the kernel has answered.
  async act(ctx, message, button) {
    if (ctx.dead()) {
      this.say(GONE(ctx.head().name), "bad");
      return false;
    }
    const text = button?.textContent;
    if (button) Object.assign(button, { disabled: true, textContent: "Sent…" });
    const late = setTimeout(() => this.say(WAITING, "waiting"), PATIENCE_MS);
    try {
      const answer = await ctx.ask(message);
      this.say(answer?.text, "good");
      beside(button, answer?.text);
      return true;
    } catch (error) {
      this.say(error.message, "bad");
      beside(button, error.message);
      return false;
    } finally {
      clearTimeout(late);
      if (button) Object.assign(button, { disabled: false, textContent: text });
    }
  }
  async copy(content, what) {
    await copyText(content);
    this.say(`Copied ${what}.`, "good");
  }
}

// The notices are in the control bar, which may be out of sight where the press was.
function beside(button, text) {
  const place = button?.closest("[data-panel=control]") ? null : button?.parentElement;
  if (!place) return;
  const last = place.lastElementChild;
  const node = last.classList.contains("hpo-said") ? last : place.appendChild(make("span", "hpo-said hpo-faint"));
  node.textContent = text ?? "";
}
