"""Trains a linear classifier of scikit-learn's digits; written for ClearML, as it would be found in a project."""

from clearml import Logger, Task
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split

task = Task.init(project_name="Digits", task_name="Linear digits")
settings = {"alpha": 1e-4, "eta0": 0.01, "average": False, "epochs": 8}
task.connect(settings)

x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x / 16, y, random_state=0)
model = SGDClassifier(
    alpha=settings["alpha"],
    eta0=settings["eta0"],
    average=settings["average"],
    learning_rate="constant",
    random_state=0,
)
for epoch in range(settings["epochs"]):
    model.partial_fit(x_train, y_train, classes=range(10))
    accuracy = model.score(x_test, y_test)
    Logger.current_logger().report_scalar("accuracy", "validation", value=accuracy, iteration=epoch)
