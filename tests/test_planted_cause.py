"""The whole way, from images with a planted cause to the verdict on a claim about it."""

from pathlib import Path

from explain.planted import write_planted
from faults.here import Written, run_here
from paribus.results import Results
from paribus.study.spec import Study

#: What would show that the background decides: little is lost where the center is hidden.
CLAIMED = {
    "background_reliance": [0, 1],
    "background_in_failures": [0, 1],
    "drop:center-blanked-50-mean": [-1, 0.1],
}


def results(folder: Path, shortcut: bool, written: Written) -> Results:
    write_planted(folder / "images", shortcut)
    study = Study.model_validate(
        {
            "name": "planted",
            "data": {"source": "folder", "path": str(folder / "images"), "size": 32},
            "epochs": 8,
            "batch_size": 32,
            "seeds": 3,
            "claims": [
                {
                    "id": metric.replace(":", "-"),
                    "says": "The background decides.",
                    "test": {"metric": metric, "within": {"baseline": bounds}},
                }
                for metric, bounds in CLAIMED.items()
            ],
        }
    )
    return run_here(study, folder / "out", written)


def test_a_background_that_was_made_to_mislead_is_found(tmp_path: Path) -> None:
    result = results(tmp_path, shortcut=True, written={})
    assert {claim.verdict for claim in result.claims} == {"supported"}
    assert {claim.figure for claim in result.claims} == {"causes"}
    assert 'id="causes"' in result.report.read_text()


def test_where_the_object_decides_the_background_is_not_blamed(tmp_path: Path) -> None:
    result = results(tmp_path, shortcut=False, written={"report.html": b""})
    # Of its failures nothing is said: these networks have none.
    assert [claim.verdict for claim in result.claims] == ["refuted", "undecided", "refuted"]
    effects = result.table("interventions").set_index("intervention")
    hidden, alone = (effects.loc[f"{part}-blanked-50-mean"] for part in ("center", "surroundings"))
    assert hidden["change"] < alone["change"] - 0.2
    assert (hidden["verdict"], hidden["n_seeds"]) == ("worse", 3)
