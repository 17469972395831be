"""The whole way, from pictures with a planted cause to the verdict on a claim about it."""

from pathlib import Path

import pytest

import paribus
from evaluation.planted import write_planted
from paribus.pipeline import Results
from paribus.study.spec import Study


def results(folder: Path, shortcut: bool) -> Results:
    write_planted(folder / "pictures", shortcut)
    test = {"measure": "background_in_failures", "within": {"baseline": [0, 1]}}
    study = Study.model_validate(
        {
            "name": "planted",
            "data": {"source": "folder", "path": str(folder / "pictures"), "size": 32},
            "epochs": 8,
            "batch_size": 32,
            "seeds": 3,
            "claims": [
                {"id": "background", "says": "Failures come from the background.", "test": test}
            ],
        }
    )
    return paribus.run(study, folder / "out", jobs=2)


@pytest.mark.parametrize(("shortcut", "verdict"), [(True, "supported"), (False, "refuted")])
def test_failures_are_put_down_to_the_background_only_where_it_was_made_to_mislead(
    tmp_path: Path, shortcut: bool, verdict: str
) -> None:
    found = results(tmp_path, shortcut)
    (claim,) = found.claims
    assert claim.verdict == verdict, claim.evidence
    assert claim.figure == "causes"
    effects = found.table("interventions").set_index("intervention")
    centre, around = (effects.loc[f"{part}-blanked-50-mean"] for part in ("centre", "surroundings"))
    assert (centre["change"] < around["change"]) == (not shortcut)
    assert 'id="causes"' in found.report.read_text()
