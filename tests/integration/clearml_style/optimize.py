"""Searches the base template with an optimizer and prints what it found."""

import logging

from clearml import Task
from clearml.automation import (
    DiscreteParameterRange,
    HyperParameterOptimizer,
    LogUniformParameterRange,
    RandomSearch,
    UniformIntegerParameterRange,
)

try:
    from clearml.automation.optuna import OptimizerOptuna

    search_strategy = OptimizerOptuna
except ImportError:
    logging.getLogger().warning("optuna is not installed, searching at random")
    search_strategy = RandomSearch


def on_job_complete(job_id, objective_value, objective_iteration, job_parameters, top_performance_job_id):
    best = ", the best so far" if job_id == top_performance_job_id else ""
    print(f"job {job_id}: {objective_value:.4f} at {objective_iteration}{best}", flush=True)


task = Task.init(
    project_name="Digits",
    task_name="Digits: search",
    task_type=Task.TaskTypes.optimizer,
    reuse_last_task_id=False,
)
args = {"template_task_id": None, "run_as_service": False}
args = task.connect(args)
if not args["template_task_id"]:
    args["template_task_id"] = Task.get_task(project_name="Digits", task_name="Digits: base template").id
execution_queue = "one_machine"

an_optimizer = HyperParameterOptimizer(
    base_task_id=args["template_task_id"],
    hyper_parameters=[
        LogUniformParameterRange("General/alpha", min_value=-6, max_value=-2),
        DiscreteParameterRange("General/optimizer/schedule", values=["adaptive", "constant"]),
        UniformIntegerParameterRange("Args/epochs", min_value=1, max_value=3),
        DiscreteParameterRange("Args/penalty", values=["l2", "elasticnet"]),
    ],
    objective_metric_title="validation",
    objective_metric_series="accuracy",
    objective_metric_sign="max",
    max_number_of_concurrent_tasks=2,
    optimizer_class=search_strategy,
    execution_queue=execution_queue,
    spawn_project=None,
    save_top_k_tasks_only=None,
    time_limit_per_job=10.0,
    pool_period_min=0.2,
    total_max_jobs=6,
    min_iteration_per_job=1,
    max_iteration_per_job=30,
)
if args["run_as_service"]:
    task.execute_remotely(queue_name="services", exit_process=True)

an_optimizer.set_report_period(2.2)
an_optimizer.start(job_complete_callback=on_job_complete)
an_optimizer.set_time_limit(in_minutes=10.0)
an_optimizer.wait()
top_experiments = an_optimizer.get_top_experiments(top_k=3)
for each in top_experiments:
    found = each.get_parameters()
    print("top", each.id, each.get_last_scalar_metrics()["validation"]["accuracy"]["last"], sorted(found))
an_optimizer.stop()
print("the search has ended")
