"""Fits a polynomial to a noisy sine by gradient descent; its hyperparameters are the literals below."""

import numpy as np

learning_rate = 0.1
degree = 5
steps = 200
momentum: float = 0.9
seed = 0

random = np.random.default_rng(seed)
x = np.linspace(-1, 1, 100)
y = np.sin(3 * x) + random.normal(0, 0.1, x.size)
powers = np.vander(x, degree + 1)
weights = np.zeros(degree + 1)
speed = np.zeros(degree + 1)

for step in range(steps):
    error = powers @ weights - y
    speed = momentum * speed - learning_rate * powers.T @ error / x.size
    weights = weights + speed
    if step % 20 == 19:
        print(f"step={step + 1} loss={np.mean(error**2):.6f} size={np.abs(weights).max():.3f}")
