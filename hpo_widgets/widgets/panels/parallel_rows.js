// Which trials parallel coordinates draw, along which axes, and under which names.
import { number } from "../dashboard_kit.js";

export const CAPACITY = 2000;
export const FEASIBLE = new Map([[true, "feasible"], [false, "infeasible"]]);
const LONGEST_NAME = 24;
const LONGEST_VALUE = 14;

// At most CAPACITY rows: those to keep, the best, the newest, and an even share of the others.
export function thinned(rows, keep, value, better, capacity = CAPACITY) {
  if (rows.length <= capacity) return rows;
  const chosen = new Set(rows.filter(keep).slice(0, capacity / 2));
  const room = Math.floor((capacity - chosen.size) / 4);
  const ranked = rows.filter((row) => value(row) !== null).sort((a, b) => (better(value(a), value(b)) ? -1 : 1));
  for (const row of [...ranked.slice(0, room), ...rows.slice(-room)]) chosen.add(row);
  const rest = rows.filter((row) => !chosen.has(row));
  const left = capacity - chosen.size;
  for (let i = 0; i < left; i += 1) chosen.add(rest[Math.floor((i * rest.length) / left)]);
  return rows.filter((row) => chosen.has(row));
}

// Short texts, different for different ones: they are the names of axes and of choices.
export class Labels {
  constructor(longest) { Object.assign(this, { longest, known: new Map(), taken: new Set() }); }
  of(text) {
    if (!this.known.has(text)) {
      const line = text.replace(/\s+/g, " ");
      const short = line.length <= this.longest ? line : `${line.slice(0, this.longest - 9)}…${line.slice(-8)}`;
      let free = short;
      for (let i = 2; this.taken.has(free); i += 1) free = `${short} (${i})`;
      this.taken.add(free);
      this.known.set(text, free);
    }
    return this.known.get(text);
  }
}

// A value as the trials have it: a number, `{n: "nan"}`, `{t: "text"}`, or null where there is none.
export function bare(value) {
  if (value === null || value === undefined) return null;
  if (typeof value === "object") return "t" in value ? value.t : null;
  return value;
}

// `log`: places of the parameters whose axis is logarithmic.
export class Axes {
  constructor(trials) {
    Object.assign(this, { trials, log: new Set(), labels: new Labels(LONGEST_NAME), texts: new Labels(LONGEST_VALUE), list: [] });
    for (const name of ["trial", "uid", "from_uid"]) this.labels.of(name);
  }
  // Gives the axes of these rows: parameters in their order, then objectives; numbers as such unless a text is among them.
  of(rows) {
    const { parameters, objectives } = this.trials;
    const axes = parameters.map((name, i) => ({ name, place: i, kind: "parameter", read: (row) => bare(row.parameters[i]) }));
    if (rows.some((row) => FEASIBLE.has(row.feasible))) {
      const taken = [...parameters, ...objectives.map(({ name }) => name)].includes("constraints");
      axes.push({ name: taken ? "task: constraints" : "constraints", kind: "constraint", read: (row) => FEASIBLE.get(row.feasible) ?? null });
    }
    objectives.forEach(({ name }, i) => axes.push({ name, kind: "objective", objective: i, read: (row) => bare(row.values[i]) }));
    for (const axis of axes) {
      axis.label = this.labels.of(axis.kind === "objective" && parameters.includes(axis.name) ? `objective: ${axis.name}` : axis.name);
      const values = rows.map(axis.read).filter((value) => value !== null);
      axis.numeric = values.length > 0 && values.every((value) => typeof value === "number");
      axis.low = axis.numeric ? Math.min(...values) : null;
      axis.high = axis.numeric ? Math.max(...values) : null;
      axis.log = axis.numeric && axis.kind === "parameter" && axis.low > 0 && this.log.has(axis.place);
      axis.empty = !values.length;
    }
    this.list = axes;
    return axes;
  }
  text(value) { return this.texts.of(typeof value === "string" ? value : number(value)); }
}
