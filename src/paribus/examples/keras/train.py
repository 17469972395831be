"""A network of two layers on scikit-learn's digits, by Keras on PyTorch."""

import argparse
import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
from sklearn.datasets import load_digits

import paribus

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int)
parser.add_argument("--l2", type=float, default=0.0)
parser.add_argument("--out", default=".")
args = parser.parse_args()

paribus.streams(args.seed).seed_globals()  # Keras draws initial values and order from these
digits, labels = load_digits(return_X_y=True)
model = keras.Sequential(
    [
        keras.Input((64,)),
        keras.layers.Dense(64, "relu", kernel_regularizer=keras.regularizers.L2(args.l2)),
        keras.layers.Dense(10, "softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(
    digits[:1200] / 16,
    labels[:1200],
    epochs=8,
    verbose=0,
    validation_data=(digits[1200:] / 16, labels[1200:]),
    callbacks=[keras.callbacks.CSVLogger(f"{args.out}/training.csv")],
)
