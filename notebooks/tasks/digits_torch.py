"""Trains a small network on scikit-learn's digits with PyTorch and writes TensorBoard scalars."""

import argparse
import tempfile

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.tensorboard import SummaryWriter


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lr", type=float, default=1e-2, help="learning rate")
    parser.add_argument("--hidden", type=int, default=32, help="width of the hidden layer")
    parser.add_argument("--activation", choices=["relu", "tanh"], default="relu")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--logdir", default=None, help="a temporary folder when not given")
    args = parser.parse_args()

    torch.manual_seed(0)
    x, y = load_digits(return_X_y=True)
    x, y = torch.tensor(x / 16, dtype=torch.float32), torch.tensor(y)
    x_train, y_train, x_test, y_test = x[:1400], y[:1400], x[1400:], y[1400:]
    activation = {"relu": nn.ReLU, "tanh": nn.Tanh}[args.activation]
    model = nn.Sequential(nn.Linear(64, args.hidden), activation(), nn.Linear(args.hidden, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    lossfn = nn.CrossEntropyLoss()
    with tempfile.TemporaryDirectory() as folder, SummaryWriter(args.logdir or folder) as writer:
        for epoch in range(args.epochs):
            for part in torch.randperm(len(x_train)).split(64):
                optimizer.zero_grad()
                loss = lossfn(model(x_train[part]), y_train[part])
                loss.backward()
                optimizer.step()
            with torch.no_grad():
                scores = model(x_test)
            writer.add_scalar("loss/train", loss, epoch)
            writer.add_scalar("loss/valid", lossfn(scores, y_test), epoch)
            writer.add_scalar("accuracy", (scores.argmax(1) == y_test).float().mean(), epoch)


if __name__ == "__main__":
    main()
