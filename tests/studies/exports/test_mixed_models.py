"""The export brings the usual mixed models along: they run as they are, and say beside the printed figures what they find."""

import csv
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from django.core.management import call_command

from studies.results.answers import Reading
from studies.results.part import part_of
from studies.results.summary import summary_of
from studies.trial_types import trial_type, trial_type_of, trial_types
from tests.factories import make_study
from tests.studies.filled import answer, make_participant
from tests.studies.trial_types.test_contract_results import answered

pytestmark = pytest.mark.django_db
RSCRIPT = shutil.which("Rscript")
needs_r = pytest.mark.skipif(not RSCRIPT, reason="Rscript is not installed here")
PEOPLE, ITEMS = 12, 10


def filled(task, seed, *, lean=0.6, spread=0.8, simulated=False, names=("=first", "second"), slug="mixed"):
    """Everybody answered everything: then the mean is the same by every model. People and photos differ."""
    rng = np.random.default_rng(seed)
    study = make_study(slug, task=task, items=ITEMS, methods=("m",), networks=names)
    people = spread * rng.normal(size=PEOPLE)
    photos = spread * rng.normal(size=ITEMS)
    for number in range(PEOPLE):
        person = make_participant(study, simulated=simulated)
        for item in range(ITEMS):
            latent = lean + people[number] + photos[item] + rng.normal()
            if task == "rating":
                value = int(np.clip(round(latent), -2, 2))
            else:
                picked = -1 if abs(latent) < 0.25 else int(latent < 0)
                value = stored_of(task, picked)
            answer(person, item, value, order=("0,1", "1,0")[(number + item) % 2])
    return study


def stored_of(task, picked):
    """What is stored where one of two arms is better, or neither (-1); where a type has no such answer, the second is."""
    answers = trial_type(task).answers
    better = {
        button: next((side for side in (0, 1) if answers.prefers_place(button, side)), -1)
        for button in answers.shown_values(2)
    }
    button = next((button for button, side in better.items() if side == picked), max(better))
    return answers.stored_value((0, 1), button)


DATA = [
    ("choice", 1, {}),
    ("choice", 2, {"lean": 0.0, "simulated": True}),
    ("rating", 4, {}),
    ("rating", 5, {"lean": -0.4, "spread": 0.5}),
]


def lines(folder, name):
    with (folder / name).open(encoding="utf-8-sig", newline="") as file:
        return {row["model"]: row for row in csv.DictReader(file)}


def run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def numbers(row):
    return [float(row[name]) for name in ("estimate", "low", "high", "p")]


def agrees(printed, fitted):
    """Balanced: the same estimate, half widths within 15 %, and the same verdict."""
    assert fitted[0] == pytest.approx(printed[0], abs=1e-6)
    assert (fitted[2] - fitted[1]) / (printed[2] - printed[1]) == pytest.approx(1, abs=0.15)
    assert (fitted[3] <= 0.05) == (printed[3] <= 0.05)


@needs_r
@pytest.mark.parametrize(("task", "seed", "world"), DATA)
def test_in_r_the_linear_model_agrees_and_the_one_of_the_field_points_the_same_way(
    task, seed, world, tmp_path
):
    study = filled(task, seed, **world)
    call_command("export", study.slug, "--to", str(tmp_path))
    said = run([RSCRIPT, "analysis.R"], tmp_path)
    models = lines(tmp_path, "mixed-models.csv")
    printed, linear = numbers(models["printed"]), numbers(models["linear"])
    if task == "choice":
        scores = {score.name: score.share for score in summary_of(study).outcome.scores}
        first, second = study.arms.order_by("index").values_list("name", flat=True)
        assert printed[0] == pytest.approx(scores[first] - scores[second])
    else:
        assert printed[0] == pytest.approx(summary_of(study).outcome.as_json()["mean"])
    agrees(printed, linear)
    other = models["by pairs (log odds)" if task == "choice" else "ordinal (log odds)"]
    assert np.sign(float(other["estimate"])) == np.sign(printed[0])
    assert f"{PEOPLE * ITEMS} answers" in said


@needs_r
def test_in_r_without_lmertest_the_normal_distribution_serves(tmp_path):
    call_command("export", filled("choice", 8).slug, "--to", str(tmp_path))
    widths = {}
    for name, before in (("with", ""), ("without", "requireNamespace <- function(...) FALSE; ")):
        run([RSCRIPT, "-e", f'{before}source("analysis.R")'], tmp_path)
        row = numbers(lines(tmp_path, "mixed-models.csv")["linear"])
        widths[name] = row[2] - row[1]
    assert 0.8 < widths["without"] / widths["with"] < 1


@pytest.mark.parametrize(("task", "seed", "world"), DATA)
def test_in_python_the_linear_model_agrees(task, seed, world, tmp_path):
    study = filled(task, seed, **world)
    call_command("export", study.slug, "--to", str(tmp_path))
    run([sys.executable, "analysis.py"], tmp_path)
    models = lines(tmp_path, "mixed-models-python.csv")
    printed, linear = numbers(models["printed"]), numbers(models["linear"])
    assert linear[0] == pytest.approx(printed[0], abs=1e-6)
    # Without degrees of freedom, and on a scale without ends: t of 9 against the normal makes 15 % alone.
    assert 0.7 < (linear[2] - linear[1]) / (printed[2] - printed[1]) < 1.2


PROGRAMS = {"r": [RSCRIPT, "analysis.R"], "python": [sys.executable, "analysis.py"]}
EACH_PROGRAM = [pytest.param("r", marks=needs_r), "python"]
# In one process over all folders: loading the packages takes longer than the models.
OVER_FOLDERS = {
    "r": [RSCRIPT, "-e", 'for (folder in commandArgs(TRUE)) { setwd(folder); source("analysis.R") }'],
    "python": [
        *(sys.executable, "-c"),
        "import os, runpy, sys\nfor folder in sys.argv[1:]: os.chdir(folder); runpy.run_path('analysis.py', run_name='__main__')",
    ],
}


@pytest.mark.parametrize("program", EACH_PROGRAM)
def test_real_peoples_answers_are_not_mixed_with_simulated_ones(program, tmp_path):
    folders, said = [], []
    for task in ("choice", "rating"):
        study = filled(task, 6, slug=f"mixed-{task}", names=(f"{task}-a", f"{task}-b"))
        robot = make_participant(study, simulated=True)
        for item in range(ITEMS):
            answer(robot, item, 0, order="0,1")
        for who, people in (("real", PEOPLE), ("all", PEOPLE + 1)):
            folders.append(tmp_path / f"{task}-{who}")
            call_command("export", study.slug, "--to", str(folders[-1]), "--who", who)
            said.append(f"{people * ITEMS} answers, {who}")
    printed = run([*OVER_FOLDERS[program], *map(str, folders)], tmp_path)
    assert re.findall(r"\d+ answers, \w+", printed) == said


@pytest.mark.parametrize(
    ("task", "program"), [("choice", "python"), pytest.param("rating", "r", marks=needs_r)]
)
def test_without_answers_they_say_so(task, program, tmp_path):
    study = make_study("mixed", task=task, items=2, methods=("m",), networks=("one", "two"))
    call_command("export", study.slug, "--to", str(tmp_path))
    done = subprocess.run(PROGRAMS[program], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0
    assert "there are no answers yet" in done.stderr


@pytest.mark.parametrize("kind", trial_types(), ids=lambda kind: kind.name)
def test_contrasts_csv_has_what_scores_json_has(kind, tmp_path):
    shows_both = kind.layout.shown(2) == 2
    study = filled(kind.name, 7) if shows_both else answered(kind)
    reading = Reading(study, part_of(study))
    rows = trial_type_of(study).results.contrast_rows(reading.answers, reading.compared)
    call_command("export", study.slug, "--to", str(tmp_path))
    with (tmp_path / "contrasts.csv").open(encoding="utf-8", newline="") as file:
        written = list(csv.DictReader(file))
    assert [float(row["p"]) for row in written] == [row.found.p for row in rows]
    assert [row["planned"] for row in written] == [str(row.planned).upper() for row in rows]
    assert written
    assert not shows_both or written[0]["first"] == "'=first"  # the guard of text, as in answers.csv
