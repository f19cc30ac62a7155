"""Arms that no network made compete like any other, and results say in words that they are controls."""

import pytest

from studies.exports.report import report_html
from studies.lifecycle.opening import open_study
from studies.results.summary import summary_of
from studies.simulation.blinding_audit import check_blinding
from tests.factories import make_study
from tests.studies.filled import fill

pytestmark = pytest.mark.django_db


def test_a_control_is_scored_like_any_arm_and_named_as_one():
    study = make_study("controls", items=3, methods=("grad-cam", "random", "centre"))
    fill(study, [[0, 1, 2], [0, 0, 2]])
    summary = summary_of(study)
    assert [score.score for score in summary.outcome.scores] == pytest.approx([1.5, 0.5, 1.0])
    assert "random is a control: noise drawn for each photo, by no network." in summary.notes
    assert "centre is a control: the same spot in the middle of every photo, by no network." in summary.notes
    assert not any("grad-cam is a control" in note for note in summary.notes)
    assert "random is a control" in report_html(study)


def test_volunteers_read_nothing_of_a_control():
    study = open_study(
        study=make_study("controls", items=4, methods=("grad-cam", "random"), responses_per_item=2)
    )
    names = next(check for check in check_blinding(study=study) if check.name == "names")
    assert names.leaks == []
