"""Trains a forest on scikit-learn's digits; its command line is made with click."""

import click
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split


@click.command()
@click.option("--trees", type=click.IntRange(1, 500), default=20, show_default=True, help="Number of trees.")
@click.option("--max-depth", type=int, default=8, show_default=True)
@click.option("--criterion", type=click.Choice(["gini", "entropy"]), default="gini")
@click.option("--bootstrap/--no-bootstrap", default=True)
@click.argument("seed", type=int)
def train(trees: int, max_depth: int, criterion: str, bootstrap: bool, seed: int) -> None:
    """Trains with a SEED."""
    x_train, x_test, y_train, y_test = train_test_split(*load_digits(return_X_y=True), random_state=seed)
    model = RandomForestClassifier(
        trees, max_depth=max_depth, criterion=criterion, bootstrap=bootstrap, random_state=seed
    )
    model.fit(x_train, y_train)
    click.echo(f"accuracy={model.score(x_test, y_test):.4f}")


if __name__ == "__main__":
    train()
