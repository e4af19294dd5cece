"""Searches the base template by hand: clones it, draws other parameters, and has an agent run the clones."""

import random

from clearml import Task

task = Task.init(project_name="Digits", task_name="Digits: random search by hand", task_type=Task.TaskTypes.optimizer)
plan = {
    "total_number_of_experiments": 3,
    "template": "Digits: base template",
    "queue": "default",
    "alpha_exponents": [-6, -2],
}
task.connect(plan)

random.seed(3)
template = Task.get_task(project_name="Digits", task_name=plan["template"])
running = []
for i in range(plan["total_number_of_experiments"]):
    clone = Task.clone(source_task=template, name=f"{template.name} {i}", parent=template.id)
    values = clone.get_parameters()
    values["General/alpha"] = 10 ** random.uniform(*plan["alpha_exponents"])
    values["Args/epochs"] = random.randint(1, 3)
    clone.set_parameters(values)
    Task.enqueue(clone.id, queue_name=plan["queue"])
    running.append(clone)

best, best_accuracy = None, -1.0
for each in running:
    each.wait_for_status()
    accuracy = each.get_last_scalar_metrics()["validation"]["accuracy"]["last"]
    print(f"{each.name}: {accuracy:.4f} with {each.get_parameters()['General/alpha']:.2e}")
    if accuracy > best_accuracy:
        best, best_accuracy = each, accuracy
print(f"best {best.id} {best_accuracy:.4f}")
