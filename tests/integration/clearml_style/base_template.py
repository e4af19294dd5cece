"""Trains a classifier of handwritten digits and reports its accuracy: the template of the two searches beside it."""

import argparse

from clearml import Logger, Task
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

task = Task.init(project_name="Digits", task_name="Digits: base template", tags=["template"])

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=3)
parser.add_argument("--penalty", choices=["l2", "l1", "elasticnet"], default="l2")
args = parser.parse_args()

settings = {"alpha": 1e-4, "average": False, "optimizer": {"eta0": 0.01, "schedule": "adaptive"}}
task.connect(settings)


class Split:
    """Says how the data is split."""

    test_size = 0.25
    seed = 7


task.connect(Split, name="Data")

features, labels = load_digits(return_X_y=True)
train_x, test_x, train_y, test_y = train_test_split(
    features, labels, test_size=Split.test_size, random_state=Split.seed
)
scaler = StandardScaler().fit(train_x)
model = SGDClassifier(
    alpha=settings["alpha"],
    average=settings["average"],
    eta0=settings["optimizer"]["eta0"],
    learning_rate=settings["optimizer"]["schedule"],
    penalty=args.penalty,
    random_state=Split.seed,
)
for epoch in range(args.epochs):
    model.partial_fit(scaler.transform(train_x), train_y, classes=range(10))
    accuracy = model.score(scaler.transform(test_x), test_y)
    Logger.current_logger().report_scalar("validation", "accuracy", value=accuracy, iteration=epoch)
print(f"trained {args.epochs} epochs with penalty {args.penalty}: accuracy {accuracy:.4f}")
