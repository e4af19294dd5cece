// The tasks of the study as all panels of a page share them; changed in place, in the order of their numbers.
const FIELDS = ["key", "trial", "attempt", "id", "name", "state", "reason", "queued", "started", "ended", "at", "iteration", "values", "feasible", "parameters", "archived", "rung"];
const WAITING = ["running", "unfinished", "queued", "created"];
const COUNTED = new Set(["completed", "aborted"]);
const UNCOUNTED = new Set(["user: skipped", "user: stopped with the study, run again"]);

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
function spread(values) {
  if (values.length < 2) return null;
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
}

export class Trials {
  constructor() {
    this.objectives = [];
    this.parameters = [];
    this.repeats = 1;
    this.clear();
  }
  clear() {
    this.byKey = new Map();
    this.rows = [];
    this.version = 0;
  }
  take(content, buffers, whole) {
    if (whole) {
      this.clear();
      this.objectives = content.objectives;
      this.parameters = content.parameters;
      this.repeats = content.repeats ?? 1;
    } else if (content.parameters) {
      // Some were added on the way, behind the others: the trials so far have none of them.
      this.parameters = content.parameters;
      for (const row of this.rows) while (row.parameters.length < this.parameters.length) row.parameters.push(null);
    }
    let ordered = true;
    for (const given of content.rows) {
      const row = {};
      FIELDS.forEach((field, i) => { row[field] = given[i]; });
      const known = this.byKey.get(row.key);
      if (known) { Object.assign(known, row); continue; }
      ordered &&= !this.rows.length || this.rows[this.rows.length - 1].key < row.key;
      this.byKey.set(row.key, row);
      this.rows.push(row);
    }
    for (const [key, at, iteration, values, feasible] of content.moved ?? []) {
      const row = this.byKey.get(key);
      if (row) Object.assign(row, { at, iteration, values, feasible });
    }
    if (!ordered) this.rows.sort((a, b) => a.key - b.key);
    this.version += 1;
    this.found = undefined;
    this.sets = undefined;
  }
  // With repeats: mean and spread of each objective over the runs of a row's parameter set, null where there is none.
  setOf(row) {
    this.sets ??= this.gather();
    return this.sets.get(JSON.stringify(row.parameters)) ?? { mean: null, spread: null, feasible: null, runs: [] };
  }
  gather() {
    const runs = new Map();
    for (const row of this.rows) {
      const key = JSON.stringify(row.parameters);
      if (!runs.has(key)) runs.set(key, []);
      runs.get(key).push(row);
    }
    return new Map([...runs].map(([key, rows]) => {
      const counted = rows.filter((row) => this.counted(row));
      const each = (make) => (counted.length ? this.objectives.map((_, i) => make(counted.map((row) => row.values[i]))) : null);
      return [key, { mean: each(mean), spread: each(spread), feasible: !rows.some((row) => row.feasible === false), runs: counted }];
    }));
  }
  get(key) { return this.byKey.get(key); }
  // The value of an objective as a finite number, else null.
  value(row, objective = 0) {
    const value = row.values[objective];
    return typeof value === "number" ? value : null;
  }
  // Whether it may be among the best: see `hpo_widgets.model.result.wins`.
  counts(row) { return row.feasible !== false && this.counted(row); }
  counted(row) {
    return COUNTED.has(row.state) && !UNCOUNTED.has(row.reason) && row.values.length > 0 && row.values.every((v) => typeof v === "number");
  }
  // What counts of a row: its values, with repeats the means of its set; null where there is none.
  reached(row) { return this.repeats > 1 ? this.setOf(row).mean : row.values; }
  wins(row) { return this.counts(row) && (this.repeats === 1 || this.setOf(row).feasible); }
  better(a, b, objective = 0) { return this.objectives[objective]?.minimize === false ? a > b : a < b; }
  // The best row of an objective, null while no result counts.
  best(objective = 0) {
    this.found ??= this.objectives.map((_, i) => this.search(i));
    return this.found[objective] ?? null;
  }
  search(objective) {
    let best = null;
    for (const row of this.rows) {
      if (this.wins(row) && (!best || this.better(this.reached(row)[objective], this.reached(best)[objective], objective))) best = row;
    }
    return best;
  }
  // What a chart says that has no value to draw, `null` when there is one.
  nothing(objective = null) {
    const axes = objective === null ? this.objectives.map((_, i) => i) : [objective];
    if (!this.rows.length) return "No trial yet.";
    if (this.rows.some((row) => axes.some((i) => this.value(row, i) !== null))) return null;
    const counts = new Map(WAITING.map((state) => [state, 0]));
    for (const { state } of this.rows) counts.set(state, (counts.get(state) ?? 0) + 1);
    return `No result yet: ${[...counts].filter(([, count]) => count).map(([state, count]) => `${count} ${state}`).join(", ")}.`;
  }
  // Nobody tells any more how it goes on with what ran.
  leave() {
    for (const row of this.rows) if (row.state === "running") row.state = "unfinished";
    this.version += 1;
  }
  label(row) { return row.trial === null ? row.id.slice(0, 8) : `trial ${row.trial}${row.attempt ? `, attempt ${row.attempt + 1}` : ""}`; }
}
