import argparse

from fitting import train

from hpo_widgets.comet import Experiment, Optimizer  # noqa: F401 - as in the sample

parser = argparse.ArgumentParser()
## Add your own args here:
parser.add_argument("--project-name", default=None)

## These passed on from "comet optimize":
parser.add_argument("optimizer", default="test1_optimizer.json")
parser.add_argument("--trials", "-t", type=int, default=None)
parsed = parser.parse_args()

opt = Optimizer(parsed.optimizer, trials=parsed.trials)  # the sample leaves this line out

count = 0
for experiment in opt.get_experiments():
    loss = train(experiment.params["x"])
    msg = experiment.log_metric("loss", loss)
    count += 1

print("Optimizer job done! Completed %s experiments." % count)  # noqa: UP031
