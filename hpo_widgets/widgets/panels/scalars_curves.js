// The points of curves as they were reported, and what a chart makes of them: smoothed, cut to a window, decimated.
const START = 64;

export class Curve {
  constructor() {
    this.n = 0;
    this.x = new Float64Array(START);
    this.y = new Float64Array(START);
  }
  // Puts points at a place, so that being told twice changes nothing.
  put(first, xs, ys) {
    const end = first + xs.length;
    if (end > this.x.length) {
      const size = Math.max(end, 2 * this.x.length);
      for (const name of ["x", "y"]) {
        const bigger = new Float64Array(size);
        bigger.set(this[name].subarray(0, this.n));
        this[name] = bigger;
      }
    }
    this.x.set(xs, first);
    this.y.set(ys, first);
    this.n = Math.max(this.n, end);
    this.made = undefined;
  }
  // In the order of iterations (a resumed task may go back), smoothed: y is a weighted mean of what came before.
  ready(weight) {
    if (this.made?.weight === weight) return this.made;
    let x = this.x.subarray(0, this.n);
    let y = this.y.subarray(0, this.n);
    if (x.some((value, i) => i && value < x[i - 1])) {
      const order = [...x.keys()].sort((a, b) => x[a] - x[b] || a - b);
      [x, y] = [x, y].map((values) => Float64Array.from(order, (i) => values[i]));
    }
    if (weight) y = smooth(y, weight);
    this.made = { x, y, weight };
    return this.made;
  }
}

// Exponential moving mean without the bias of its start; what is no number stays so and is not averaged in.
export function smooth(y, weight) {
  let mean = 0;
  let share = 1;
  return Float64Array.from(y, (value) => {
    if (!Number.isFinite(value)) return value;
    mean = mean * weight + (1 - weight) * value;
    share *= weight;
    return mean / (1 - share);
  });
}

// The first place at which x is at least `value`.
export function place(x, value) {
  let low = 0;
  let high = x.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

// Appends the points of a window to `xs` and `ys`: all, or the least and greatest of each of `most` / 2 stretches.
export function decimate({ x, y }, from, to, most, xs, ys) {
  const a = Math.max(0, place(x, from) - 1);
  const b = Math.min(x.length, place(x, to) + 2);
  if (b - a <= most) {
    for (let i = a; i < b; i += 1) { xs.push(x[i]); ys.push(y[i]); }
    return;
  }
  const stretches = (most - 2) >> 1;
  const width = (b - a - 2) / stretches;
  const add = (i) => { xs.push(x[i]); ys.push(y[i]); };
  add(a);
  for (let s = 0; s < stretches; s += 1) {
    const first = a + 1 + Math.floor(s * width);
    const end = a + 1 + Math.floor((s + 1) * width);
    let least = first;
    let most = first;
    for (let i = first + 1; i < end; i += 1) {
      if (y[i] < y[least] || Number.isNaN(y[least])) least = i;
      if (y[i] > y[most] || Number.isNaN(y[most])) most = i;
    }
    add(Math.min(least, most));
    if (least !== most) add(Math.max(least, most));
  }
  add(b - 1);
}

// All curves of a page: task → metric → curve.
export class Curves {
  constructor() { this.clear(); }
  clear() {
    this.tasks = new Map();
    this.metrics = [];
    this.best = [];
    this.objectives = [];
  }
  take(content, buffers, whole) {
    if (whole) { this.clear(); this.objectives = content.objectives ?? []; }
    const { blocks = [], gone = [], best = [], metrics = this.metrics } = content;
    Object.assign(this, { best, metrics });
    for (const key of gone) this.tasks.delete(key);
    const [xs, ys] = buffers.map(numbers);
    let at = 0;
    for (const [key, metric, first, count] of blocks) {
      if (!this.tasks.has(key)) this.tasks.set(key, new Map());
      const curves = this.tasks.get(key);
      if (!curves.has(metric)) curves.set(metric, new Curve());
      curves.get(metric).put(first, xs.subarray(at, at + count), ys.subarray(at, at + count));
      at += count;
    }
  }
  get(key, metric) { return this.tasks.get(key)?.get(metric); }
}

// A buffer may begin anywhere in a message: copied, since float64 wants its own alignment.
function numbers(view) {
  const { buffer, byteOffset = 0, byteLength } = ArrayBuffer.isView(view) ? view : new DataView(view);
  return new Float64Array(buffer.slice(byteOffset, byteOffset + byteLength));
}
