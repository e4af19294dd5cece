// What people type to filter a table: words that any cell contains, and comparisons such as lr<0.01 or state!=failed.

const PART = /"([^"]*)"|(\S+)/g;
const COMPARISON = /^(.+?)(<=|>=|!=|=|<|>)(.*)$/s;
const TESTS = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};

export function compile(words, columns) {
  const tests = [];
  let problem = null;
  const named = (name) => columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
  for (const [, quoted, word] of words.matchAll(PART)) {
    const [, name, sign, wanted] = (quoted === undefined && COMPARISON.exec(word)) || [];
    const column = name === undefined ? undefined : named(name);
    if (column) tests.push(comparison(column, sign, wanted));
    else {
      if (name !== undefined && /[<>]/.test(sign)) problem = `There is no column ${name}.`;
      tests.push(contains((quoted ?? word).toLowerCase(), columns));
    }
  }
  return { problem, test: (row) => tests.every((test) => test(row)) };
}

function comparison({ get, show }, sign, wanted) {
  const value = Number(wanted);
  if (sign in TESTS) {
    return (row) => {
      const mine = get(row);
      return typeof mine === "number" && wanted !== "" && TESTS[sign](mine, value);
    };
  }
  const same = (mine) => mine !== null && mine !== undefined
    && (String(mine).toLowerCase() === wanted.toLowerCase() || show(mine) === wanted || (wanted !== "" && typeof mine === "number" && mine === value));
  return sign === "=" ? (row) => same(get(row)) : (row) => !same(get(row));
}

function contains(word, columns) {
  return (row) => columns.some((column) => {
    const value = column.get(row);
    return value !== null && value !== undefined
      && (String(value).toLowerCase().includes(word) || column.show(value).toLowerCase().includes(word));
  });
}
