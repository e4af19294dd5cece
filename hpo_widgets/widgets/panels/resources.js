// The resources: who serves the study, what runs and waits, and what each running task takes of the machine.
import { button, clock, make, number } from "../dashboard_kit.js";
import { bytes } from "./kit.js";

export function create(root, ctx) {
  root.classList.add("hpo-panel", "hpo-resources");
  const facts = make("ul", "hpo-facts");
  const table = make("table", "hpo-table");
  const gpus = make("div");
  root.append(facts, table, gpus);

  function fact(name, value, title = "") {
    const item = make("li");
    item.append(make("strong", "", value), ` ${name}`);
    item.title = title;
    return item;
  }
  function rows({ tasks, has_gpu: hasGpu }) {
    const apart = new Set(tasks.map(({ where }) => where)).size > 1;
    table.hidden = !tasks.length;
    table.replaceChildren();
    table.setAttribute("aria-label", "Running tasks");
    const titles = table.createTHead().insertRow();
    const names = ["trial", "for", "processor", "memory", ...(hasGpu ? ["GPU memory"] : []), "processes", "process", ...(apart ? ["agent"] : [])];
    for (const name of names) {
      const cell = make("th", name === "agent" ? "" : "hpo-number", name);
      cell.scope = "col";
      titles.append(cell);
    }
    const body = table.createTBody();
    for (const task of tasks) {
      const row = body.insertRow();
      const open = button(task.trial === null ? task.id.slice(0, 8) : String(task.trial), "hpo-link", () => ctx.open(task.key));
      open.setAttribute("aria-label", `Open trial ${open.textContent}`);
      const cell = row.insertCell();
      cell.className = "hpo-number";
      cell.append(open);
      const said = [
        clock(task.seconds),
        task.cpu === null || task.cpu === undefined ? "–" : `${number(Math.round(task.cpu * 100))} %`,
        bytes(task.memory),
        ...(hasGpu ? [bytes(task.gpu_memory)] : []),
        task.processes ?? "–",
        task.pid ?? "–",
      ];
      for (const each of said) Object.assign(row.insertCell(), { className: "hpo-number", textContent: String(each) });
      if (apart) Object.assign(row.insertCell(), { textContent: task.where, title: task.where });
    }
  }
  return {
    update() {
      const message = ctx.data.value;
      if (!message.servers) return;
      if (ctx.dead()) {
        facts.replaceChildren(make("li", "hpo-faint", "Not known any more: the kernel is gone."));
        table.hidden = true;
        gpus.replaceChildren();
        return;
      }
      const { servers, slots, running, pending, cores, memory } = message;
      facts.replaceChildren(
        fact(servers.length === 1 ? "agent" : "agents", String(servers.length), servers.map((each) => `${each.name} on ${each.host}: ${each.slots}`).join("\n")),
        fact(slots === 1 ? "slot" : "slots", String(slots)),
        fact("running", String(running)),
        fact("waiting", String(pending)),
        fact(cores === 1 ? "core" : "cores", String(cores), "of this machine, for this process"),
        fact("memory free", bytes(memory.free), `of ${bytes(memory.total)}`),
      );
      rows(message);
      gpus.replaceChildren(...message.gpus.map((gpu) => make("p", "",
        `GPU ${gpu.index}, ${gpu.name}: ${gpu.busy === null ? "–" : `${gpu.busy} %`} busy, ${bytes(gpu.used)} of ${bytes(gpu.total)}`)));
    },
  };
}
