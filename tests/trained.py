"""Studies that Paribus trains, where a test reads them from text."""

from paribus.study.scripted import ScriptedStudy
from paribus.study.spec import Study


def trained(study: Study | ScriptedStudy) -> Study:
    assert isinstance(study, Study)
    return study
