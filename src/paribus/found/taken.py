"""What is taken to be so of the metric that decides, in a sentence."""

from paribus.found.metrics import Measured
from paribus.found.points import Point
from paribus.study.metrics import DeclaredMetric


def on_primary(metrics: Measured, point: Point, margin_declared: bool) -> str:
    """Which metric decides, where its value is taken, which way is better, and the margin."""
    if metrics.source is None:
        return f"{metrics.primary} decides: it follows from the predictions."
    of, said = metrics.declared[metrics.primary], metrics.said
    by_name = "" if said and said.better else ", as its name says"
    text = f"{metrics.source} decides, {point}: {of.better} is better{by_name}"
    if point.guide == metrics.source:
        text += ". A best value is better than a new evaluation of the same run would be"
    if metrics.margin is None:
        return f"{text}. No margin is declared, so nothing can be equivalent."
    declared = margin_declared or bool(said and said.margin)
    usual = "" if declared else ", unless you declare another margin"
    return f"{text}; differences up to {_size(metrics.margin, of)} don't matter{usual}."


def _size(margin: float, of: DeclaredMetric) -> str:
    """A margin in the metric's unit: "one point", "0.5 points", "3 s"."""
    if of.unit != "%" and of.written != "percent":
        return f"{margin:g}{f' {of.unit}' if of.unit else ''}"
    points = margin if of.unit == "%" else 100 * margin
    return "one point" if points == 1 else f"{points:g} points"
