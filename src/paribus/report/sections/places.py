"""The titles of the sections that others lead to, by their anchors."""

from __future__ import annotations

from collections.abc import Mapping

PLACES: Mapping[str, str] = {
    "answer": "Did it help?",
    "loss": "Training and validation loss",
    "recall": "Accuracy of each class",
    "report": "Classification report",
    "causes": "What the networks look at",
    "comparison": "Comparisons",
    "pairing": "Proof of pairing",
}
