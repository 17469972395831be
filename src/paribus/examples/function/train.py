"""A function makes the runs of a study, from a script without any guard."""

import numpy as np
from sklearn.datasets import load_digits

import paribus


def train(seed, out, noise, penalty):
    """Fit scikit-learn's digits by ridge regression, on images with noise."""
    images, labels = load_digits(return_X_y=True)
    images = np.column_stack([images / 16, np.ones(len(images))])
    x, y = images[:1200], np.eye(10)[labels[:1200]]
    x = x + noise * paribus.streams(seed).numpy("noise").normal(size=x.shape)
    weights = np.linalg.solve(x.T @ x + penalty * np.eye(65), x.T @ y)
    right = (images[1200:] @ weights).argmax(1) == labels[1200:]
    return {"test_acc": right.mean()}


results = paribus.run(paribus.read_study("study.yaml"), "out", train=train)
print(results.table("comparisons").to_string())
