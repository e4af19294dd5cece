// Ranking under several objectives, as `hpo_widgets.model.front` does it.
const dominates = (a, b) => a.every((x, i) => x <= b[i]) && a.some((x, i) => x < b[i]);

// Rows by Pareto front, then those first whose neighbours on their front lie far apart; `cost` gives a row's numbers,
// of which less is better. Sorted by all numbers no row is dominated by a later one: each finds its front by bisection.
export function byFronts(rows, cost) {
  const points = rows.map((row) => ({ row, at: cost(row) }));
  const order = (a, b) => a.at.reduce((found, x, i) => found || x - b.at[i], 0);
  const fronts = [];
  for (const point of [...points].sort((a, b) => order(a, b) || a.row.key - b.row.key)) {
    let [low, high] = [0, fronts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (fronts[middle].findLast((other) => dominates(other.at, point.at))) low = middle + 1;
      else high = middle;
    }
    (fronts[low] ??= []).push(point);
  }
  return fronts.flatMap((front) => apart(front).map(({ row }) => row));
}

function apart(front) {
  const far = new Map(front.map((point) => [point, 0]));
  for (let axis = 0; axis < front[0].at.length; axis += 1) {
    const column = [...new Set(front.map(({ at }) => at[axis]))].sort((a, b) => a - b);
    const span = column[column.length - 1] - column[0];
    const place = new Map(column.map((value, i) => [value, i]));
    for (const point of front) {
      const at = place.get(point.at[axis]);
      const end = at === 0 || at === column.length - 1;
      far.set(point, far.get(point) + (end ? Infinity : (column[at + 1] - column[at - 1]) / span));
    }
  }
  return [...front].sort((a, b) => (far.get(a) === far.get(b) ? 0 : far.get(b) - far.get(a)) || a.row.key - b.row.key);
}
