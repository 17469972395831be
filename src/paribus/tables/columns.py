"""What every table holds: its rows, and each of its columns."""

from collections.abc import Mapping

from paribus.metrics.registry import METRICS

#: Table -> what one row is.
ROWS: Mapping[str, str] = {
    "runs": "One row per run: a setting trained from one seed. The study's own metrics come last.",
    "epochs": (
        "One row per epoch of a run, of a failed one up to where it failed. Other series by epochs "
        "come last, a column each."
    ),
    "steps": (
        "One row per training step (one batch) of a run; compressed, as it is long. Other series "
        "by steps come last, a column each; a step of which nothing is recorded has no row."
    ),
    "per_class": "One row per class of a finished run's predictions after its last epoch.",
    "confusion": "One row per pair of classes of a finished run's predictions, empty pairs too.",
    "failures": (
        "One row per setting and test image that at least one of the setting's seeds gets wrong "
        "after the last epoch, or that a variation fixes or breaks. Probabilities, margin and "
        "suspicion are empty where the runs only have classes."
    ),
    "comparisons": (
        "One row per variation and metric: the variation against the baseline over paired seeds. "
        "A number that the seeds can't give is an empty cell, and `notes` says why."
    ),
    "pairs": (
        "One row per pair of settings on the primary metric, all tested together over the seeds "
        "that all settings have. None of unpaired seeds, of a metric compared by ranks, below six "
        "seeds, and of more than 50 settings."
    ),
    "claims": "One row per claim of the study, in its order.",
    "interventions": "One row per intervention and setting whose networks were analyzed.",
    "interventions_by_class": "One row per setting, intervention and class.",
}

_SETTING = "The setting's name; the baseline is one of them."
_SEED = "The seed that fixes the run's random streams; equal seeds are paired across settings."
_CLASS = "The class, by name."
_INTERVENTION = "What is changed in every test image; docs/statistics.md describes each."

#: Table -> column -> what it holds, with its unit.
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "runs": {
        "setting": _SETTING,
        "seed": _SEED,
        "status": "`finished`, or `failed` where the run ended before its last epoch.",
        **{metric.name: metric.meaning for metric in METRICS.values()},
        "engine": "What trained it: `torch`, or `native`, Paribus's own engine; empty if unknown.",
        "device": "What it was trained on: `cpu`, `cuda` or `mps`; empty if unknown.",
        "train_seconds": "Seconds spent in training steps; validation and tests not counted.",
        "message": "Why a failed run ended; empty for a finished one.",
    },
    "epochs": {
        "setting": _SETTING,
        "seed": _SEED,
        "epoch": "The epoch, from 1.",
        "train_loss": "Mean cross entropy over the epoch's images while training, in nats.",
        "val_loss": "Mean cross entropy over the validation images after the epoch, in nats.",
        "val_accuracy": "Share of the validation images classified correctly after it, 0 to 1.",
        "learning_rate": "The learning rate at the epoch's first step.",
    },
    "steps": {
        "setting": _SETTING,
        "seed": _SEED,
        "step": "The training step, from 1 and counted through all epochs.",
        "train_loss": "Mean cross entropy of the batch before the step, in nats.",
    },
    "per_class": {
        "setting": _SETTING,
        "seed": _SEED,
        "class": _CLASS,
        "precision": (
            "Of the images called this class, the share that are of it, 0 to 1; 0 where no image "
            "is called so."
        ),
        "recall": "Of the images of this class, the share called so, 0 to 1; 0 of none.",
        "f1": "Harmonic mean of precision and recall, 0 to 1; 0 where both are 0.",
        "support": "Number of test images of this class.",
    },
    "confusion": {
        "setting": _SETTING,
        "seed": _SEED,
        "true": "The true class, by name.",
        "predicted": "The class that the network gave, by name.",
        "count": "Number of test images after the last epoch.",
    },
    "failures": {
        "setting": _SETTING,
        "image": "The image's number in its source.",
        "file": "Its path below the folder of the images; empty where the source has no files.",
        "true": "The true class, by name.",
        "predicted": "The wrong class that most seeds give; empty where all seeds are right.",
        "kind": (
            "`systematic`: wrong in every seed; `seed-dependent`: in some; `one-seed`: wrong, and "
            "there is one seed only; `right`: in none, but fixed by the variation."
        ),
        "wrong": "In how many finished seeds it is wrong.",
        "seeds": "Finished seeds of the setting.",
        "wrong_low": (
            "Lower end of the 95 % interval (Wilson) of the probability that a new seed gets this "
            "image wrong, 0 to 1."
        ),
        "wrong_high": "Upper end of the same interval.",
        "true_probability": "Probability of the true class, mean over the seeds, 0 to 1.",
        "predicted_probability": "Probability of `predicted`, mean over the seeds, 0 to 1.",
        "margin": (
            "Logarithm of the true class's mean probability divided by that of the likeliest "
            "other class, in nats; near 0 at the boundary between two classes."
        ),
        "votes": "How many seeds give each class, the most frequent first: `cat: 6, deer: 4`.",
        "change": (
            "`fixed`: the baseline is wrong in more than half of the paired seeds, and the "
            "variation right in more than half; `broken`: the other way; else empty."
        ),
        "fixed": "In how many paired seeds the baseline is wrong and the variation right.",
        "broken": "In how many paired seeds the baseline is right and the variation wrong.",
        "suspicion": (
            "How much speaks for a wrong label, 0 to 1, by confident learning over the runs of "
            "all settings; an order, not a probability."
        ),
        "suspicion_rank": "1 for the most suspicious label of all test images.",
        "adjusted_margin": (
            "The same by differences instead of ratios, -1 to 2. It finds more errors where a "
            "wrong label is the class that the networks find likeliest."
        ),
        "adjusted_margin_rank": "1 for the most suspicious label by the adjusted margin.",
    },
    "comparisons": {
        "variation": "The variation's name.",
        "metric": "What is compared, as a column of `runs` or `recall:` and a class.",
        "unit": "The unit of `estimate`; empty for a plain number and for a ratio.",
        "compare": (
            "`difference` (mean difference, t test), `ratio` (variation divided by baseline, t "
            "test on logarithms) or `ranks` (Hodges-Lehmann difference, signed-rank test)."
        ),
        "n_seeds": "Seeds at which both have a value.",
        "missing": "Seeds left out because either has none.",
        "failed": "Failed runs of the two settings; their seeds are among `missing`.",
        "estimate": "Variation minus baseline, or variation divided by baseline.",
        "low": (
            "Lower end of its interval, for the mean over all seeds, with this training set, split "
            "and test set."
        ),
        "high": "Upper end of the same interval.",
        "level": "The confidence of the interval.",
        "p": "P value of no difference.",
        "p_adjusted": "The same, adjusted over the comparisons made together, and the looks.",
        "p_sign_flip": (
            "P value of no difference by the sign-flip test, not adjusted; of unpaired runs by "
            "permuting Welch's t."
        ),
        "p_equivalence_adjusted": "P value of a difference beyond the margin, adjusted likewise.",
        "p_one_sided_adjusted": (
            "P value of being worse (better) by the margin or more, adjusted likewise, where a "
            "claim expects `not_worse` (`not_better`)."
        ),
        "margin": "Differences up to this size don't matter; for a ratio, as a share.",
        "verdict": (
            "`better`, `worse`, `equivalent` or `undecided`; `higher` or `lower` where neither "
            "way is better; `not worse` or `not better` where a claim asks for it."
        ),
        "p_failing": (
            "P value of both settings failing equally often (McNemar's exact test over paired "
            "seeds), adjusted over the variations and looks; empty where no run failed."
        ),
        "p_counting_failed": (
            "As `p_adjusted`, with failed runs counted at chance, the worst value or the worst "
            "rank where they speak against the direction; empty where no run failed."
        ),
        "verdict_of_finished": (
            "The verdict over the seeds that both finished; `verdict` is `undecided` where this "
            "one doesn't hold with failed runs counted."
        ),
        "shape": (
            "`lopsided` or `clumpy` where the differences look unlike what the t test takes them "
            "to be; else empty."
        ),
        "verdict_robust": (
            "The verdict by tests that ask for less, where the shape is odd; else as `verdict`."
        ),
        "seeds_needed": (
            "Seeds with which at least 80 % of studies would decide an undecided comparison, if "
            "its mean and spread so far were the true ones; empty where up to 1,000 don't."
        ),
        "power": "The share of studies that so many seeds would decide, 0 to 1.",
        "predicted_low": (
            "Lower end of the prediction interval: what one new seed will show, if both of its "
            "runs finish; as `estimate`, a difference or a ratio."
        ),
        "predicted_high": "Upper end of the same interval.",
        "predicted_level": "Its level: 0.95, but by ranks what the number of seeds can give.",
        "outperforms": (
            "Share of seeds in which the variation is better (higher, where neither way is), ties "
            "counted half; a failed run loses to one that finished. 0 to 1."
        ),
        "outperforms_low": "Lower end of its 95 % interval (Clopper and Pearson).",
        "outperforms_high": "Upper end of the same interval.",
        "probability_worse": (
            "Probability, given the seeds and a flat prior, that the mean difference is worse by "
            "more than the margin (lower, where neither way is better); not adjusted for looks."
        ),
        "probability_equivalent": "Of a difference within the margin.",
        "probability_better": "Of one better by more than the margin (higher).",
        "low_new_images": (
            "As `low`, over all seeds and all such test images; of metrics that are means over the "
            "test images only. Never above `low`: one that came out narrower contains the interval "
            "for these images."
        ),
        "high_new_images": "As `high`, likewise; never below it.",
        "truncated_new_images": (
            "Whether that interval is on the safe side, because its variance came out below what "
            "is possible; docs/statistics.md tells more."
        ),
        "correlation": "Correlation of the paired values, from three seeds on.",
        "paired": "Whether values are compared seed by seed; else as two groups of runs.",
        "planned": (
            "`planned`: as declared before the first run; else what was changed after results had "
            "been seen, or that it isn't known."
        ),
        "notes": "What limits or qualifies the comparison, in sentences.",
    },
    "pairs": {
        "first": "The first setting.",
        "second": "The setting that it is compared with.",
        "metric": "The study's primary metric.",
        "n_seeds": "Seeds at which all settings have a value.",
        "estimate": "First minus second, or first divided by second.",
        "low": "Lower end of its interval; all intervals hold together.",
        "high": "Upper end of it.",
        "level": "The confidence of all intervals together.",
        "p_adjusted": "P value of no difference, adjusted over all pairs (and looks).",
        "verdict": "What the first is: `better`, `worse`, `higher`, `lower` or `undecided`.",
    },
    "claims": {
        "id": "The claim's id in the study.",
        "says": "The claim's sentence.",
        "verdict": "`supported`, `refuted` or `undecided`.",
        "estimate": (
            "Of the statement that decides the claim: the one most surely false if it is refuted, "
            "else the one least surely true. A share, a ratio, or in the metric's unit."
        ),
        "low": "Lower end of its interval.",
        "high": "Upper end of its interval.",
        "level": "The confidence of the interval.",
        "n_seeds": "Seeds behind it.",
        "failed": (
            "Failed runs of the settings that the claim is about. What it says of these settings "
            "is neither supported nor refuted."
        ),
        "p": "P value against the claim's contrary; against the claim itself if it is refuted.",
        "planned": "As in `comparisons`: `planned`, or what was changed, or that it isn't known.",
        "evidence": "The numbers, in sentences.",
        "figure": "The part of the report that shows them: `report.html#` and this.",
    },
    "interventions": {
        "setting": _SETTING,
        "intervention": _INTERVENTION,
        "topic": "The cause it asks about: background, color, position, resolution or texture.",
        "amount": (
            "How much is changed: per cent of the area (the center's), of the side (shifts and "
            "blurs) or of the color, or the patches along a side."
        ),
        "n_seeds": "Seeds whose networks were analyzed.",
        "accuracy": "Share of changed test images classified correctly, mean over seeds.",
        "low": "Lower end of its 95 % interval, for new seeds on these test images.",
        "high": "Upper end of it.",
        "chance": "Mean accuracy of answers given as often, but unrelated to the images.",
        "p_chance": (
            "P value of `accuracy` being chance: the larger of that over seeds and that of "
            "permuted labels, adjusted over the setting's rows."
        ),
        "change": "Accuracy on changed images minus that on unchanged ones.",
        "change_low": "Lower end of its interval, for new seeds on these test images.",
        "change_high": "Upper end of it.",
        "change_low_new_images": (
            "Lower end of the interval for new seeds and new images, which contains the other."
        ),
        "change_high_new_images": "Upper end of it.",
        "change_truncated_new_images": "Whether it is on the safe side, as in `comparisons`.",
        "p": "P value of no change.",
        "p_adjusted": "The same, adjusted over the setting's rows.",
        "verdict": "`worse`, `better`, `equivalent` (within the study's margin) or `undecided`.",
    },
    "interventions_by_class": {
        "setting": _SETTING,
        "intervention": _INTERVENTION,
        "class": _CLASS,
        "n_seeds": "Seeds whose networks were analyzed.",
        "recall": "Share of the class's changed images that are called so, mean over seeds.",
        "low": "Lower end of its 95 % interval, for new seeds on these test images.",
        "high": "Upper end of it.",
        "chance": "Share of all changed images that are called so: its recall by chance.",
        "p_chance": (
            "P value of `recall` being `chance`: the larger of that over seeds and that of "
            "permuted labels, adjusted over classes and interventions."
        ),
        "change": "Recall on changed images minus that on unchanged ones.",
        "change_low": "Lower end of its interval, for new seeds on these test images.",
        "change_high": "Upper end of it.",
        "p_change": "P value of no change, adjusted over classes and interventions.",
    },
}


def tables_page() -> str:
    """The page docs/tables.md: every table and column, from `ROWS` and `COLUMNS`."""
    parts = [
        "# Tables",
        "`paribus run` and `paribus report` write these under `tables/`. They are CSV as RFC 4180 "
        "has it, in UTF-8, one row each; an empty cell is a number that isn't there. Text that "
        "begins with `=`, `+`, `-`, `@`, their wide forms, a tab or a line break has a single "
        "quote before it, and so have these signs within a text behind `;`, a tab or a line break, "
        "so that a spreadsheet doesn't run it as a formula. So has text that pandas or R would "
        "read as a missing number: a class called `NA` stands as `'NA`, also `null`, `nan`, `None` "
        "and the like. Numbers are never changed.",
        "A table that holds more than ASCII, such as a class called `größer`, begins with the "
        "signature of UTF-8 (EF BB BF), without which spreadsheets garble accents. pandas "
        "(`pd.read_csv`), readr and data.table skip it; for base R, use "
        '`read.csv(file, fileEncoding = "UTF-8-BOM")`; for Python\'s `csv`, '
        '`open(file, encoding="utf-8-sig", newline="")`; both also read tables without it. '
        "Classes that are all named by numbers are read as numbers, unless you say "
        '`dtype={"class": str}`.',
        "Generated by `make docs`.",
    ]
    for table, columns in COLUMNS.items():
        rows = [f"| `{name}` | {meaning} |" for name, meaning in columns.items()]
        parts += [f"## {table}.csv{'.gz' if table == 'steps' else ''}", ROWS[table]]
        parts += ["\n".join(["| column | meaning |", "| --- | --- |", *rows])]
    return "\n\n".join(parts) + "\n"
