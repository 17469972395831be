"""What the files of a run's result are called; light, for each run of a function loads it."""

#: Paribus's own layout: a mapping of names and numbers, or lists of them, one an epoch.
METRICS = "metrics.json"
TABLE = "metrics.csv"
PREDICTIONS = ("predictions.npz", "predictions.csv")
WEIGHTS = "weights.safetensors"
#: Arrays of predictions that name the examples.
NAMES = {"id", "ids", "index", "image", "path", "paths", "file", "files"}
