"""Statistics programs read the export at once: every column with its type, a mixed model, a subset of real people."""

import csv
import json
import shutil
import subprocess
import sys

import numpy as np
import openpyxl
import pandas
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from studies.exports import export
from studies.exports.archive import tables_of
from studies.exports.importer import import_responses
from studies.models import Response
from tests.factories import make_study
from tests.studies.filled import answer, make_participant

pytestmark = pytest.mark.django_db
RSCRIPT = shutil.which("Rscript")
TABLES = ("answers", "answers-wide", "how-answered", "participants", "maps", "contrasts", "codebook")
QUESTIONS = [
    {"key": "age", "text": "How old are you?", "kind": "number", "required": False},
    {"key": "job", "text": "What do you do?", "kind": "text", "required": False},
    {"key": "state", "text": "Where?", "kind": "choice", "options": ["TRUE", "NA"], "required": False},
]


@pytest.fixture
def study():
    """Eight people of whom two are simulated, on six photos; times differ by person."""
    study = make_study(
        "read",
        task="rating",
        items=6,
        methods=("m",),
        networks=("=one", "two"),
        questions=QUESTIONS,
        attention_checks=1,
    )
    random = np.random.default_rng(4)
    for number in range(8):
        background = {"age": 30 + number, "job": "-1+1" if number else "", "state": "TRUE"}
        person = make_participant(
            study, simulated=number > 5, label="=a, “é”", background=background if number != 3 else {}
        )
        for item in range(6):
            told = {"response_ms": int(3000 + 200 * number + random.integers(900))} if item else {}
            value = int(np.clip(round(random.normal(0.3 * number - 1, 1)), -2, 2))
            answer(
                person, item, value, order="0,1", **told, telemetry={"pixel_ratio": 1.5, "viewport": [3, 4]}
            )
        answer(person, 0, 1, order="0,1", kind="check", status="aside")
    return study


@pytest.fixture
def folder(study, tmp_path):
    export(study=study, to=tmp_path, formats=["csv", "jsonl", "parquet", "xlsx"], who="all")
    return tmp_path


PANDAS = {
    "integer": ("int64", "float64"),  # with empty cells a float
    "number": ("float64",),
    "true or false": ("bool", "object", "float64"),
    "text": ("str", "float64", "object"),  # all empty: a float
    "category": ("str", "object", "bool", "float64"),
    "date and time": ("str", "float64"),
}


def test_pandas_reads_every_column_with_the_type_of_the_codebook(folder):
    book = pandas.read_csv(folder / "codebook.csv")
    for file, column, kind in zip(book["file"], book["column"], book["type"], strict=True):
        table = pandas.read_csv(folder / f"{file.removesuffix('.csv')}.csv")
        if not column.endswith(("sha256", "hash")):  # those of test data are nothing but zeros
            assert table[column].dtype.name in PANDAS[kind], (file, column)
    answers = pandas.read_csv(folder / "answers.csv", parse_dates=["answered_at"])
    assert answers["simulated"].dtype == bool
    assert answers["rating"].dtype == answers["item"].dtype == answers["participant"].dtype == "int64"
    assert answers["answered_at"].dtype.kind == "M"
    assert len(answers[~answers["simulated"]]) == 6 * 7
    assert sorted(answers["check_passed"].dropna().unique()) == [True]
    people = pandas.read_csv(folder / "participants.csv")
    assert people["simulated"].dtype == bool
    assert people["age"].dropna().tolist() == [30, 31, 32, 34, 35, 36, 37]


def test_statsmodels_compares_people_with_simulated_ones(folder):
    from statsmodels.formula.api import ols

    answers = pandas.read_csv(folder / "answers.csv")
    fitted = ols("rating ~ simulated", answers[answers["status"] == "counted"]).fit()
    stored = Response.objects.filter(status="counted").values_list("simulated", "rating")
    real, robots = ([value for simulated, value in stored if simulated == who] for who in (False, True))
    assert fitted.params["Intercept"] == pytest.approx(np.mean(real))
    assert fitted.params["simulated[T.True]"] == pytest.approx(np.mean(robots) - np.mean(real))


IN_R = """
answers <- read.csv("answers.csv")
people <- read.csv("participants.csv")
told <- read.csv("how-answered.csv")
book <- read.csv("codebook.csv")
kinds <- function(table) as.list(sapply(table, function(column) class(column)[1]))
real <- subset(answers, !simulated & status == "counted")
time <- as.POSIXct(answers$answered_at, format = "%Y-%m-%dT%H:%M:%OSZ", tz = "UTC")
suppressMessages(library(lme4))
fitted <- suppressMessages(lmer(rating ~ 1 + (1 | participant) + (1 | item), data = real))
say <- function(...) cat(..., sep = "\\n")
say(paste("answers", names(kinds(answers)), kinds(answers)))
say(paste("people", names(kinds(people)), kinds(people)))
say(paste("told", names(kinds(told)), kinds(told)))
say(paste("rows", nrow(real)), paste("times", sum(!is.na(time))), paste("passed", sum(answers$check_passed, na.rm = TRUE)))
say(paste("mean", format(mean(real$rating), digits = 10)), paste("fixed", format(fixef(fitted)[[1]], digits = 10)))
say(paste("people of", lme4::ngrps(fitted)[["participant"]], "items", lme4::ngrps(fitted)[["item"]]))
say(paste("book", nrow(book)))
"""


@pytest.mark.skipif(not RSCRIPT, reason="Rscript is not installed here")
def test_r_reads_it_fits_a_mixed_model_and_takes_real_people_alone(folder, study):
    done = subprocess.run(
        [RSCRIPT, "--vanilla", "-"], input=IN_R, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    for kind in (
        "answers item integer",
        "answers participant integer",
        "answers rating integer",
        "answers rating_shown integer",
        "answers response_ms integer",
        "answers simulated logical",
        "answers check_passed logical",
        "answers status character",
        "answers answered_at character",
        "people simulated logical",
        "people checks_given integer",
        "people age integer",
        "people job character",
        "told pixel_ratio numeric",
        "told viewport character",
    ):
        assert kind in said
    assert "rows 36" in said
    assert "times 56" in said
    assert "passed 8" in said
    assert "people of 6 items 6" in said
    real = Response.objects.filter(simulated=False, status="counted").values_list("rating", flat=True)
    assert float(said[-3].removeprefix("fixed ")) == pytest.approx(sum(real) / 36)


def test_every_table_is_the_same_in_every_format(folder, study):
    book = openpyxl.load_workbook(folder / "tables.xlsx", read_only=True)
    assert tuple(book.sheetnames) == TABLES
    for table in tables_of(study, "all"):
        names = [field.name for field in table.fields]
        rows = (
            [dict(zip(names, row, strict=True)) for row in table.rows()] if table.name != "answers" else None
        )
        lines = [
            json.loads(line) for line in (folder / f"{table.name}.jsonl").read_text("utf-8").splitlines()
        ]
        assert rows in (None, lines), table.name
        frame = pandas.read_parquet(folder / f"{table.name}.parquet")
        assert (list(frame), len(frame)) == (names, len(lines))
        with (folder / f"{table.name}.csv").open(encoding="utf-8", newline="") as file:
            head, *cells = csv.reader(file)
        assert [len(cells), len(head)] == [len(lines), len(names)]
        sheet_head, *sheet = book[table.name].iter_rows(values_only=True)
        assert list(sheet_head) == names
        # What is empty at the end of a row is not there in a sheet.
        padded = [[*row, *[None] * (len(names) - len(row))] for row in sheet]
        assert padded == [list(line.values()) for line in lines], table.name


def test_parquet_has_times_as_times_and_truths_as_truths(folder):
    answers = pandas.read_parquet(folder / "answers.parquet")
    assert str(answers["answered_at"].dtype) == "datetime64[us, UTC]"
    assert answers["simulated"].dtype == bool
    people = pandas.read_parquet(folder / "participants.parquet")
    assert str(people["consented_at"].dtype) == "datetime64[us, UTC]"
    assert pandas.read_parquet(folder / "how-answered.parquet")["pixel_ratio"].dropna().tolist() == [1.5] * 48


def test_the_codebook_has_true_types_and_the_levels_of_every_category(folder):
    book = {
        (row["file"], row["column"]): row
        for row in csv.DictReader((folder / "codebook.csv").read_text("utf-8").splitlines())
    }

    def of(file, column):
        row = book[file, column]
        return row["type"], json.loads(row["levels"] or "null")

    assert of("answers", "rating") == ("integer", None)
    assert of("answers", "answered_at") == ("date and time", None)
    assert of("answers", "first_arm_side") == ("category", ["left", "right"])
    assert of("answers", "status") == ("category", ["counted", "undone", "surplus", "void", "aside"])
    assert of("answers", "group") == ("category", ["=a, “é”"])
    assert of("answers", "class") == ("category", ["hammer"])
    assert of("answers", "simulated") == ("true or false", None)
    assert of("answers-wide.csv", "item_5") == ("integer", None)
    assert of("how-answered.csv", "pixel_ratio") == ("number", None)
    assert of("participants.csv", "consented_at") == ("date and time", None)
    assert of("participants.csv", "age") == ("integer", None)
    assert of("participants.csv", "job") == ("text", None)
    # A question that is called like a column of ours is told from it.
    assert of("participants.csv", "question_state") == ("category", ["TRUE", "NA"])
    assert of("maps.csv", "target") == ("integer", None)


def test_a_choice_has_its_arms_as_levels(tmp_path):
    export(study=make_study("arms", items=1), to=tmp_path, formats=["csv"])
    rows = csv.DictReader((tmp_path / "codebook.csv").read_text("utf-8").splitlines())
    (levels,) = (row["levels"] for row in rows if (row["file"], row["column"]) == ("answers", "choice"))
    assert json.loads(levels) == [
        "grad-cam",
        "ablation-cam",
        "pixel-ablation-cam",
        "same",
        "object",
        "elsewhere",
    ]


def test_a_sheet_runs_no_formula_and_takes_every_text(study, tmp_path):
    person = study.participants.get(number=1)
    person.background = {"age": 1, "job": "=1+1\x07", "state": "NA"}
    person.save()
    export(study=study, to=tmp_path, formats=["xlsx"])
    sheet = openpyxl.load_workbook(tmp_path / "tables.xlsx")["participants"]
    cell = next(cell for row in sheet.iter_rows() for cell in row if str(cell.value).startswith("=1+1"))
    assert (cell.value, cell.data_type) == ("=1+1�", "s")


def test_more_rows_than_a_sheet_holds_are_a_sentence(study, tmp_path, monkeypatch):
    monkeypatch.setattr("studies.exports.excel.MOST_ROWS", 20)
    with pytest.raises(
        CommandError, match=r"answers: has more rows than the 20 of an Excel sheet\. Choose csv or"
    ):
        call_command("export", "read", "--to", str(tmp_path), "--format", "xlsx")
    assert not list(tmp_path.glob("*xlsx*"))


def test_a_host_without_openpyxl_says_which_format_needs_it(study, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    monkeypatch.delitem(sys.modules, "studies.exports.excel", raising=False)
    with pytest.raises(CommandError, match=r"--format xlsx: openpyxl is not installed here.*csv or jsonl"):
        call_command("export", "read", "--to", str(tmp_path), "--format", "xlsx")


def test_csv_begins_with_a_mark_by_choice_and_is_read_as_well(study, tmp_path):
    call_command("export", "read", "--to", str(tmp_path / "plain"), "--who", "all")
    call_command("export", "read", "--to", str(tmp_path / "bom"), "--bom", "--who", "all")
    for path in (tmp_path / "bom").glob("*.csv"):
        plain = (tmp_path / "plain" / path.name).read_bytes()
        assert path.read_bytes() == b"\xef\xbb\xbf" + plain
        assert not plain.startswith(b"\xef\xbb\xbf")
    copy = make_study(
        "copy", task="rating", items=6, methods=("m",), networks=("=one ", "two "), attention_checks=1
    )
    for arm, name in zip(copy.arms.all(), ("=one", "two"), strict=True):
        type(arm).objects.filter(pk=arm.pk).update(name=name)
    assert import_responses(study=copy, path=tmp_path / "bom" / "answers.csv") == (56, 8)
