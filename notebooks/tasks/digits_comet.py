"""Trains a small network on scikit-learn's digits in a loop over an optimizer's parameter sets, as Comet's users do.

    python digits_comet.py digits_comet.config
    hpo-widgets optimize -j 2 digits_comet.py digits_comet.config -- --epochs 6

With Comet itself the import would be `from comet_ml import Optimizer`; the rest is the same.
"""

import argparse

from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from hpo_widgets.comet import Optimizer

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--epochs", type=int, default=8)
# These two come from `hpo-widgets optimize`:
parser.add_argument("optimizer", help="config file, or the id of an optimizer")
parser.add_argument("--trials", "-t", type=int, default=None)
parsed = parser.parse_args()

x, y = load_digits(return_X_y=True)
x_fit, x_check, y_fit, y_check = train_test_split(x / 16, y, test_size=0.3, stratify=y, random_state=0)


def fit(experiment):
    model = MLPClassifier(
        hidden_layer_sizes=(experiment.get_parameter("hidden_units"),),
        activation=experiment.get_parameter("activation"),
        learning_rate_init=experiment.get_parameter("learning_rate"),
        batch_size=experiment.get_parameter("batch_size"),
        random_state=0,
    )
    for epoch in range(parsed.epochs):
        model.partial_fit(x_fit, y_fit, classes=range(10))
        with experiment.train():
            experiment.log_metric("loss", log_loss(y_fit, model.predict_proba(x_fit)), step=epoch)
        with experiment.validate():
            experiment.log_metric("loss", log_loss(y_check, model.predict_proba(x_check)), step=epoch)
            experiment.log_metric("accuracy", model.score(x_check, y_check), step=epoch)
    return model.score(x_check, y_check)


count = 0
optimizer = Optimizer(parsed.optimizer, trials=parsed.trials)
for experiment in optimizer.get_experiments(project_name="digits"):
    experiment.log_parameter("epochs", parsed.epochs)
    accuracy = fit(experiment)
    print(f"{experiment.get_key()[:8]}: {accuracy:.3f} of the unseen digits are right")
    experiment.end()
    count += 1
print(f"Optimizer job done! Completed {count} experiments.")
