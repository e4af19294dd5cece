// The tasks of the study as all panels of a page share them; changed in place, in the order of their numbers.
const FIELDS = ["key", "trial", "attempt", "id", "name", "state", "reason", "queued", "started", "ended", "at", "iteration", "values", "feasible", "parameters", "archived"];
const COUNTED = new Set(["completed", "aborted"]);
const SKIPPED = "user: skipped";

export class Trials {
  constructor() {
    this.objectives = [];
    this.parameters = [];
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
  }
  get(key) { return this.byKey.get(key); }
  // The value of an objective as a finite number, else null.
  value(row, objective = 0) {
    const value = row.values[objective];
    return typeof value === "number" ? value : null;
  }
  // Whether it may be among the best: see `hpo_widgets.model.result.wins`.
  counts(row) {
    return COUNTED.has(row.state) && row.reason !== SKIPPED && row.feasible !== false && row.values.length > 0 && row.values.every((v) => typeof v === "number");
  }
  better(a, b, objective = 0) { return this.objectives[objective]?.minimize === false ? a > b : a < b; }
  // The best row of an objective, null while no result counts.
  best(objective = 0) {
    this.found ??= this.objectives.map((_, i) => this.search(i));
    return this.found[objective] ?? null;
  }
  search(objective) {
    let best = null;
    for (const row of this.rows) {
      if (this.counts(row) && (!best || this.better(row.values[objective], best.values[objective], objective))) best = row;
    }
    return best;
  }
  label(row) { return row.trial === null ? row.id.slice(0, 8) : `trial ${row.trial}${row.attempt ? `, attempt ${row.attempt + 1}` : ""}`; }
}
