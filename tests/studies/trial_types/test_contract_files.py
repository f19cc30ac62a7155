"""Answers of every trial type that is registered in files: out, in again, and recomputed from."""

import csv
import re
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from studies.analysis.table import UNKNOWN
from studies.archives import write_archive
from studies.exports.archive import export
from studies.exports.importer import import_responses
from studies.models import Study
from studies.results.as_json import scores_json
from studies.results.part import AnswerSelection
from studies.trial_types import Rows, trial_types
from tests.studies.trial_types.contract import answered, buttons_of, make, orders_of
from tests.studies.trial_types.contract import asked as asked

pytestmark = pytest.mark.django_db


def test_its_columns_are_named_once_and_the_one_to_import_is_among_them(asked):
    names = [column.name for entry in trial_types() for column in entry.files.columns]
    assert len(set(names)) == len(names)
    assert {asked.files.column, asked.files.shown_column} <= {column.name for column in asked.files.columns}
    assert {column.type for column in asked.files.columns} <= {"integer", "text", "category"}


def test_a_file_can_say_whatever_can_be_stored_and_nothing_else(asked):
    arms = ["first", "second"]
    stored = {
        asked.answers.stored_value(order, button)
        for order in orders_of(asked)
        for button in buttons_of(asked)
    }
    readings = asked.files.readings(arms)
    assert set(readings.values()) == stored
    assert {readings[str(asked.files.wide_cell(value, arms))] for value in stored} == stored
    assert asked.files.allowed(arms)


def test_every_answer_has_its_cell_where_nobody_knows_what_was_on_screen(asked):
    """Imported answers come without it."""
    stored = np.array(
        sorted(
            {asked.answers.stored_value(order, b) for order in orders_of(asked) for b in buttons_of(asked)}
        )
    )
    rows = Rows(
        arms=["first", "second"],
        check_maps=["object", "elsewhere"],
        value=stored,
        shown=np.full(len(stored), UNKNOWN),
        check=np.zeros(len(stored), bool),
        orders=[""],
        order=np.zeros(len(stored), int),
    )
    for column in asked.files.columns:
        cells = column.cells(rows)
        said = [cells.values[place] for place in cells.places.tolist()]
        assert len(said) == len(stored)
        if column.name == asked.files.column:
            assert len({*said} - {None}) == len(stored)


def test_an_exported_study_is_imported_again_with_the_same_scores(another_visitor, asked, tmp_path):
    study = answered(asked, another_visitor)
    export(study=study, to=tmp_path, formats=["csv"])
    other = make(asked, "again", items=4, networks=("other",), seed=study.seed)
    path = tmp_path / "answers.csv"
    assert import_responses(study=other, path=path) == (12, 3)
    everyone = AnswerSelection("real")
    once, again = (scores_json(Study.objects.get(pk=row.pk), everyone) for row in (study, other))
    for key in set(once) & {
        "scores",
        "same",
        "mean",
        "interval",
        "by_arm",
        "responses",
        "participants",
        "items",
    }:
        assert again[key] == once[key], key
    with path.open(encoding="utf-8", newline="") as file:
        assert {row["check_passed"] for row in csv.DictReader(file)} == {""}


def test_anybody_recomputes_its_scores_from_the_archive_alone(another_visitor, asked, tmp_path):
    """By the command of its README. From the exported folder: each type's own tests."""
    study = answered(asked, another_visitor)
    write_archive(study=study, to=tmp_path / "study.zip")
    with zipfile.ZipFile(tmp_path / "study.zip") as archive:
        archive.extractall(tmp_path)
    command = re.search(r"^    python (.*)$", (tmp_path / "README.md").read_text("utf-8"), re.MULTILINE)[1]
    done = subprocess.run(
        [sys.executable, "-I", *command.split()], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "every score agrees" in done.stderr
