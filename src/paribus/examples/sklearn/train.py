"""A forest of decision trees on scikit-learn's digits, which leaves its predictions."""

import argparse

import numpy as np
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier

import paribus

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int)
parser.add_argument("--trees", type=int, default=50)
parser.add_argument("--max-features", default="sqrt")
parser.add_argument("--out", default=".")
args = parser.parse_args()

digits, labels = load_digits(return_X_y=True)
forest = RandomForestClassifier(
    args.trees,
    max_features=args.max_features,
    random_state=int(paribus.streams(args.seed).numpy("forest").integers(2**32)),
)
forest.fit(digits[:1200], labels[:1200])
np.savez(
    f"{args.out}/predictions.npz",
    id=np.arange(1200, len(digits)),
    label=labels[1200:],
    p=forest.predict_proba(digits[1200:]),
)
