"""What Comet's samples call `fit` and `train`: a real, small training with scikit-learn."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits
from sklearn.kernel_approximation import RBFSampler
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.tree import DecisionTreeClassifier

X, Y = load_digits(return_X_y=True)
X_TRAIN, Y_TRAIN, X_TEST, Y_TEST = X[:400] / 16.0, Y[:400], X[400:800] / 16.0, Y[400:800]


def fit(x: int) -> float:
    """Gives the error of a tree of depth `x` on data that it has not seen."""
    tree = DecisionTreeClassifier(max_depth=x, random_state=0).fit(X_TRAIN, Y_TRAIN)
    return 1.0 - float(tree.score(X_TEST, Y_TEST))


train = fit


class Network:
    """Is a layer of random units under a trained softmax, with the methods of Keras's models that the samples use."""

    def __init__(self, units: int) -> None:
        self.layer = RBFSampler(gamma=0.02, n_components=units, random_state=0)
        self.softmax = SGDClassifier(loss="log_loss", random_state=0)

    def fit(self, x, y, batch_size, epochs, validation_data, experiment):
        hidden = self.layer.fit_transform(x)
        for epoch in range(epochs):
            for start in range(0, len(x), batch_size):
                part = slice(start, start + batch_size)
                self.softmax.partial_fit(hidden[part], y[part], classes=np.unique(Y))
            experiment.log_metric("loss", log_loss(y, self.softmax.predict_proba(hidden)), epoch=epoch)

    def evaluate(self, x, y, verbose=0):
        return self.softmax.score(self.layer.transform(x), y)
