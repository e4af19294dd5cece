"""Trains gradient-boosted trees on scikit-learn's digits, written for ClearML's `Task`: it connects its parameters."""

from sklearn.datasets import load_digits
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import train_test_split

from hpo_widgets import Logger, Task

task = Task.init(project_name="Digits", task_name="Boosted trees")
settings = {"learning_rate": 0.1, "tree": {"leaves": 8, "min_samples": 20}, "rounds": 4}
task.connect(settings)
data = task.connect({"test_size": 0.25, "seed": 0}, name="Data")

x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=data["test_size"], random_state=data["seed"])
model = HistGradientBoostingClassifier(
    learning_rate=settings["learning_rate"],
    max_leaf_nodes=settings["tree"]["leaves"],
    min_samples_leaf=settings["tree"]["min_samples"],
    early_stopping=False,
    warm_start=True,
    random_state=data["seed"],
)
for iteration in range(settings["rounds"]):
    model.set_params(max_iter=iteration + 1).fit(x_train, y_train)
    accuracy = model.score(x_test, y_test)
    Logger.current_logger().report_scalar("accuracy", "valid", value=accuracy, iteration=iteration)
