"""Anyone can recompute a study's scores from its exported file, with numpy and nothing of ours."""

import json
import subprocess
import sys

import numpy as np
import pytest
from django.conf import settings

from studies.exports.archive import export
from tests.factories import make_study
from tests.studies.filled import answer, fill, make_participant

pytestmark = pytest.mark.django_db
SCRIPT = settings.BASE_DIR / "docs/recompute_scores.py"


def recompute(folder, seed):
    return subprocess.run(
        [sys.executable, "-I", SCRIPT, "answers.csv", "--seed", str(seed), "--check", "scores.json"],
        cwd=folder,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("task", ["choice", "rating"])
def test_the_script_gets_every_printed_score_and_interval(tmp_path, task):
    arms = {"choice": {}, "rating": {"methods": ("m",), "networks": ("a", "b")}}[task]
    study = make_study("open", task=task, items=6, seed=11, **arms)
    rng = np.random.default_rng(2)
    low, high = (-1, 3) if task == "choice" else (-2, 3)
    for row in rng.integers(low, high, (7, 6)).tolist():
        person = make_participant(study)
        for item, value in enumerate(row):
            if rng.random() < 0.8:
                answer(person, item, value, status=str(rng.choice(["counted", "counted", "undone"])))
    person.state = person.State.WITHDRAWN
    person.save()
    fill(study, [[0] * 6], simulated=True)
    export(study=study, to=tmp_path, formats=["csv"])
    done = recompute(tmp_path, seed=11)
    assert done.returncode == 0, done.stderr
    assert "every score agrees" in done.stderr


def test_the_script_says_which_number_was_changed(tmp_path):
    study = make_study("open", items=3)
    fill(study, [[0, 1, 2], [0, 0, -1]])
    export(study=study, to=tmp_path, formats=["csv"])
    scores = json.loads((tmp_path / "scores.json").read_text())
    scores["scores"]["grad-cam"]["score"] += 0.25
    (tmp_path / "scores.json").write_text(json.dumps(scores))
    done = recompute(tmp_path, seed=0)
    assert done.returncode == 1
    assert "grad-cam" in done.stderr


def test_repeats_and_attention_checks_are_in_the_file_and_in_no_score(tmp_path):
    study = make_study("open", items=3, seed=3)
    for row in ([0, 1, 2], [0, 0, -1]):
        person = make_participant(study)
        for item, value in enumerate(row):
            answer(person, item, value)
        for kind in ("repeat", "check"):
            answer(person, 0, 1, kind=kind, status="aside")
    export(study=study, to=tmp_path, formats=["csv"])
    text = (tmp_path / "answers.csv").read_text()
    assert text.count('"check"') == text.count('"repeat"') == 2
    done = recompute(tmp_path, seed=3)
    assert done.returncode == 0, done.stderr
    # Even a row that says it counts is left out where it answers no main trial.
    (tmp_path / "answers.csv").write_text(text.replace('"aside"', '"counted"'))
    assert recompute(tmp_path, seed=3).returncode == 0
