# The network, its training and its data are scikit-learn's instead of Keras's; all else is the sample's own.
import logging

import fitting

import hpo_widgets.comet as comet_ml

logging.basicConfig(level=logging.INFO)
LOGGER = logging.getLogger("comet_ml")


def build_model_graph(experiment):
    return fitting.Network(experiment.get_parameter("first_layer_units"))


def train(experiment, model, x_train, y_train, x_test, y_test):
    model.fit(
        x_train,
        y_train,
        batch_size=experiment.get_parameter("batch_size"),
        epochs=experiment.get_parameter("epochs"),
        validation_data=(x_test, y_test),
        experiment=experiment,
    )


def evaluate(experiment, model, x_test, y_test):
    score = model.evaluate(x_test, y_test, verbose=0)
    LOGGER.info("Score %s", score)


def get_dataset():
    x_train, y_train, x_test, y_test = fitting.X_TRAIN, fitting.Y_TRAIN, fitting.X_TEST, fitting.Y_TEST
    print(x_train.shape[0], "train samples")
    print(x_test.shape[0], "test samples")
    return x_train, y_train, x_test, y_test


# Get the dataset:
x_train, y_train, x_test, y_test = get_dataset()

# The optimization config:
config = {
    "algorithm": "bayes",
    "name": "Optimize MNIST Network",
    "spec": {"maxCombo": 10, "objective": "minimize", "metric": "loss"},
    "parameters": {
        "first_layer_units": {
            "type": "integer",
            "mu": 500,
            "sigma": 50,
            "scalingType": "normal",
        },
        "batch_size": {"type": "discrete", "values": [64, 128, 256]},
    },
    "trials": 1,
}

opt = comet_ml.Optimizer(config)

for experiment in opt.get_experiments(project_name="my_project"):
    # Log parameters, or others:
    experiment.log_parameter("epochs", 10)

    # Build the model:
    model = build_model_graph(experiment)

    # Train it:
    train(experiment, model, x_train, y_train, x_test, y_test)

    # How well did it do?
    evaluate(experiment, model, x_test, y_test)

    # Optionally, end the experiment:
    experiment.end()
