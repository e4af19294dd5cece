// The forms of the control bar. Each gives one message; the kernel checks it and says all that is wrong.
import { make } from "../dashboard_kit.js";
import { Form } from "./kit.js";

function limits(fields, { cancel, send }) {
  const form = new Form("Limits", {
    action: "Put in force",
    cancel,
    // What was not touched stays as it is then, whoever has changed it meanwhile.
    submit: () => send({ op: "limits", limits: Object.fromEntries(inputs.filter(([, input, text]) => input.value !== text).map(([name, input]) => [name, input.value])) }, form.action),
  });
  const inputs = fields.map(({ name, label, text, empty, hint }) => [name, form.text(label, text, hint, empty), text]);
  return form;
}

function trial(fields, { cancel, send }) {
  const form = new Form("A trial by hand", {
    action: "Queue it",
    cancel,
    submit: () => send({ op: "enqueue", texts: Object.fromEntries(inputs.map(([name, input]) => [name, input.value])) }, form.action),
  });
  const inputs = fields.map(({ name, text, choices, hint }) => {
    if (!choices) return [name, form.text(name, text, hint)];
    const select = make("select", "hpo-input");
    for (const choice of choices) {
      const option = make("option", "", choice);
      Object.assign(option, { value: choice, selected: choice === text });
      select.append(option);
    }
    return [name, form.add(name, select, hint)];
  });
  return form;
}

function space(fields, { cancel, send }) {
  const form = new Form("Ranges from now on", {
    action: "Search these",
    cancel,
    submit: () => send({ op: "space", fields: readers.map((read) => read()) }, form.action),
  });
  const readers = fields.map((field) => {
    const { name, kind, hint } = field;
    if (kind === "range") {
      const pair = make("span", "hpo-pair");
      const [low, high] = ["low", "high"].map((what) => {
        const input = make("input", "hpo-input");
        Object.assign(input, { type: "text", value: field[what] });
        input.setAttribute("aria-label", `${name}: ${what}`);
        return input;
      });
      pair.append(low, "…", high);
      form.add(name, pair, hint);
      return () => ({ name, low: low.value, high: high.value });
    }
    if (kind === "choice") {
      const select = make("select", "hpo-input");
      Object.assign(select, { multiple: true, size: Math.min(6, Math.max(2, field.choices.length)) });
      const chosen = new Set(field.chosen);
      field.choices.forEach((choice, at) => {
        const option = make("option", "", choice);
        Object.assign(option, { value: at, selected: chosen.has(at) });
        select.append(option);
      });
      const more = make("input", "hpo-input");
      Object.assign(more, { type: "text", placeholder: "more, separated by commas" });
      more.setAttribute("aria-label", `${name}: more choices`);
      const pair = make("span", "hpo-pair");
      pair.append(select, more);
      form.add(name, pair);
      return () => ({ name, chosen: [...select.selectedOptions].map((option) => Number(option.value)), more: more.value });
    }
    form.add(name, make("span", "hpo-faint", hint));
    return () => ({ name });
  });
  form.node.append(make("p", "hpo-faint", "What was found so far stays and counts; the strategy learns from what lies inside."));
  return form;
}

function exported([kind, label, place], { cancel, send }) {
  const form = new Form(`Export: ${label}`, {
    action: "Write",
    cancel,
    submit: () => send({ op: "export", kind, place: input.value }, form.action),
  });
  const input = form.text(kind === "optuna" ? "Storage" : "File", place,
    kind === "optuna" ? "an address as Optuna takes it" : "in the folder of the notebook's kernel, or a whole path; a file of this name is replaced");
  return form;
}

export const FORMS = { limits, trial, space, export: exported };
