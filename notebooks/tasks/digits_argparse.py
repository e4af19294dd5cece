"""Trains a linear classifier on scikit-learn's digits, epoch by epoch; knows nothing of hyperparameter optimization."""

import argparse

from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alpha", type=float, default=1e-4, help="strength of the regularization")
    parser.add_argument("--loss", choices=["hinge", "log_loss", "modified_huber"], default="hinge")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--average", action="store_true", help="use averaged weights")
    return parser.parse_args()


def main() -> None:
    args = parse()
    x, y = load_digits(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(x, y, random_state=0)
    scaler = StandardScaler().fit(x_train)
    model = SGDClassifier(alpha=args.alpha, loss=args.loss, average=args.average, random_state=0)
    for epoch in range(args.epochs):
        model.partial_fit(scaler.transform(x_train), y_train, classes=range(10))
        print(f"epoch={epoch} accuracy={model.score(scaler.transform(x_test), y_test):.4f}")


if __name__ == "__main__":
    main()
