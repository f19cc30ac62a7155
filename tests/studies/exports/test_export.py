"""What a researcher takes away: files with every answer, a codebook, and the scores."""

import csv
import hashlib
import io
import json
import re
import sys

import numpy as np
import pyarrow.parquet
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from explain.models import ExplanationMap
from studies.exports.archive import export
from studies.exports.columns import COLUMNS, Export
from studies.exports.csv_columns import csv_rows
from studies.exports.tables import moment
from studies.exports.writers import csv_chunks
from studies.models import Arm, ItemMap, Participant, Response
from studies.results.as_json import as_json, scores_json
from studies.results.part import part_of
from studies.results.summary import summary_of
from tests import by_sql
from tests.factories import make_study
from tests.studies.filled import answer, fill, make_participant

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    study = make_study("methods", items=2, protocol_sha256="ab" * 32)
    person = make_participant(study, label="course A")
    answer(person, 0, 2, order="2,0,1", response_ms=1500)
    answer(person, 1, -1, order="0,1,2")
    answer(make_participant(study, simulated=True), 0, 0, order="1,0,2", status="undone")
    return study


def read(study) -> list[dict]:
    return list(csv.DictReader(io.StringIO(b"".join(csv_chunks(study)).decode())))


def plain(value) -> str:
    return "" if value is None else str(value).upper() if isinstance(value, bool) else str(value)


def test_every_answer_is_one_row_with_arms_by_name(study):
    rows = read(study)
    first = Response.objects.first()
    assert rows[0] == {
        "study": "methods",
        "answer": str(first.answer_id),
        "item": "0",
        "photo": "hammer-0.jpg",
        "class": "hammer",
        "participant": "1",
        "group": "course A",
        "serial_position": "",
        "order": "pixel-ablation-cam > grad-cam > ablation-cam",
        "choice": "pixel-ablation-cam",
        "position": "1",
        "response_ms": "1500",
        "simulated": "FALSE",
        "status": "counted",
        "trial": "main",
        "trial_id": str(first.trial_id),
        "check_passed": "",
        "participant_state": "active",
        "left_out_by": "",
        "imported_from": "",
        "answered_at": first.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "protocol_version": "1",
        "protocol_sha256": "ab" * 32,
    }
    assert [(row["choice"], row["position"], row["response_ms"]) for row in rows[1:]] == [
        ("same", "0", ""),
        ("grad-cam", "2", ""),
    ]
    assert [(row["status"], row["simulated"]) for row in rows] == [
        ("counted", "FALSE"),
        ("counted", "FALSE"),
        ("undone", "TRUE"),
    ]


def test_ratings_are_oriented_to_the_first_arm_and_say_where_it_stood():
    study = make_study("networks", task="rating", methods=("grad-cam",), networks=("resnet50", "vgg16"))
    person = make_participant(study)
    answer(person, 0, 2, order="0,1")
    answer(person, 1, -1, order="1,0")
    rows = read(study)
    assert [(row["rating"], row["rating_shown"], row["first_arm_side"]) for row in rows] == [
        ("2", "-2", "left"),
        ("-1", "-1", "right"),
    ]
    assert "choice" not in rows[0]


def test_text_is_defused_for_spreadsheets_while_numbers_stay_numbers():
    study = make_study("evil", task="rating", methods=("grad-cam",), networks=("resnet50", "vgg16"))
    image = study.items.first().image
    image.class_name, image.original_name = '=HYPERLINK("x")', "@cat, big.jpg"
    image.save()
    answer(make_participant(study, label="\t+1+cmd|x"), 0, -2, order="1,0")
    row = read(study)[0]
    assert row["class"] == '\'=HYPERLINK("x")'
    assert row["photo"] == "'@cat, big.jpg"
    assert row["group"] == "'\t+1+cmd|x"
    assert row["rating"] == "-2"


def test_anyone_can_recompute_the_scores_from_the_file_alone():
    study = make_study("open", items=3)
    fill(study, [[0, 1, 2], [0, 0, -1], [1, 1, 1]])
    person = fill(study, [[2, 2, 2]])[0]
    person.state = Participant.State.WITHDRAWN
    person.save()
    rows = [
        row for row in read(study) if row["status"] == "counted" and row["participant_state"] != "withdrawn"
    ]
    totals: dict[str, float] = {}
    for item in {row["item"] for row in rows}:
        choices = [row["choice"] for row in rows if row["item"] == item]
        for name in choices:
            totals[name] = totals.get(name, 0) + 1 / len(choices)
    summary = summary_of(study)
    assert totals == pytest.approx(
        {score.name: score.score for score in (*summary.outcome.scores, summary.outcome.same)}
    )


def test_all_formats_hold_the_same_answers(study, tmp_path):
    export(study=study, to=tmp_path, formats=["csv", "jsonl", "parquet"])
    lines = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    table = pyarrow.parquet.read_table(tmp_path / "answers.parquet")
    rows = table.to_pylist()
    for row in rows:
        row["answered_at"] = moment(row["answered_at"])
    assert rows == lines
    as_text = [{name: plain(value) for name, value in line.items()} for line in lines]
    assert as_text == read(study)
    assert (
        table.schema.field("photo").metadata[b"description"] == b"File name of the photo as it was imported."
    )


def test_the_codebook_describes_every_column_of_every_file(study, tmp_path):
    study.questions = [{"key": "age", "text": "How old are you?", "kind": "number"}]
    study.save()
    export(study=study, to=tmp_path, formats=["csv"])
    book = list(csv.DictReader((tmp_path / "codebook.csv").open()))
    for file in ("answers", "answers-wide.csv", "how-answered.csv", "participants.csv", "maps.csv"):
        header = next(csv.reader((tmp_path / (file if "." in file else f"{file}.csv")).open()))
        assert [line["column"] for line in book if line["file"] == file] == header
    assert all(line["meaning"] for line in book)
    assert len({column.name for column in COLUMNS}) == len(COLUMNS)


def test_the_wide_file_has_a_row_a_participant_and_a_column_an_item(tmp_path):
    study = make_study("wide", items=3)
    fill(study, [[0, -1, 2], [1, 1]])
    export(study=study, to=tmp_path, formats=["csv"])
    assert list(csv.reader((tmp_path / "answers-wide.csv").open())) == [
        ["participant", "item_0", "item_1", "item_2"],
        ["1", "grad-cam", "same", "pixel-ablation-cam"],
        ["2", "ablation-cam", "ablation-cam", ""],
    ]


def test_ratings_stay_numbers_in_the_wide_file(tmp_path):
    study = make_study("wide", task="rating", items=2, methods=("m",), networks=("a", "b"))
    fill(study, [[-2, 1]])
    export(study=study, to=tmp_path, formats=["csv"])
    assert (tmp_path / "answers-wide.csv").read_text().splitlines()[1] == "1,-2,1"


def test_participants_say_what_they_said_and_not_who_they_are(study, tmp_path):
    study.questions = [{"key": "job", "text": "What do you do?", "kind": "text"}]
    study.save()
    person = study.participants.get(number=1)
    person.background, person.external_id = {"job": "=cmd()"}, "PROLIFIC-77"
    person.save()
    export(study=study, to=tmp_path, formats=["csv"])
    text = (tmp_path / "participants.csv").read_text()
    row = next(iter(csv.DictReader(io.StringIO(text))))
    assert (row["participant"], row["group"], row["job"]) == ("1", "course A", "'=cmd()")
    assert "PROLIFIC-77" not in text
    assert person.token_sha256 not in text


def test_a_row_leads_back_to_the_map_its_weights_and_the_photo(study, tmp_path):
    # One database gives back the keys as they came, another in an order of its own: the file is the same.
    ExplanationMap.objects.update(manifest={"torch": "2", "blindsight": "1", "weights": "é"})
    export(study=study, to=tmp_path, formats=["csv"])
    answered = read(study)[0]
    rows = list(csv.DictReader((tmp_path / "maps.csv").open()))
    assert len(rows) == 2 * 3
    origin = next(r for r in rows if r["item"] == answered["item"] and r["arm"] == answered["choice"])
    item_map = ItemMap.objects.get(item__index=0, item__study=study, arm__name="pixel-ablation-cam")
    assert origin["map_sha256"] == hashlib.sha256(bytes(item_map.map.values)).hexdigest()
    assert origin["weights_sha256"] == item_map.arm.network.weights_sha256
    assert origin["photo_sha256"] == item_map.item.image.content_sha256
    assert origin["manifest"] == '{"blindsight": "1", "torch": "2", "weights": "é"}'


def test_the_scores_file_is_what_the_scores_command_prints(study, tmp_path):
    export(study=study, to=tmp_path, formats=["csv"])
    printed = json.loads((tmp_path / "scores.json").read_text())
    assert printed == json.loads(json.dumps(scores_json(study, part_of(study))))
    assert printed["computed_with"]["seed"] == study.seed
    assert as_json(summary_of(study)).keys() < printed.keys()


def test_chunks_join_without_a_seam(monkeypatch):
    study = make_study("long", items=5)
    fill(study, [[0, 1, 2, -1, 0], [2, 2, 1, 0, 0]])
    whole = b"".join(csv_chunks(study))
    from studies.core import bulk_read

    monkeypatch.setattr(bulk_read.chunks, "__defaults__", (3,))
    parts = list(csv_chunks(study))
    assert len(parts) >= 5  # header, and 10 rows, at most 3 at a time
    assert b"".join(parts) == whole


def test_what_comes_while_answers_are_read_waits_for_the_next_export(study):
    begun, before = Export(study), read(study)
    answer(make_participant(study), 0, 0)
    someone = study.participants.first()
    by_sql.change(Response.objects.filter(participant=someone), version=2)
    tables = list(begun.tables())
    names = [column.name for column in begun.columns]
    people = [number for table in tables for number in table[names.index("participant")].values()]
    assert sorted(people) == sorted(
        int(row["participant"]) for row in before if int(row["participant"]) != someone.number
    )
    assert all(csv_rows(table) for table in tables if len(table[0].values()))


def test_an_arm_may_be_called_anything():
    study = make_study("names", items=1)
    Arm.objects.filter(study=study, index=0).update(name="=sum, “a”")
    answer(make_participant(study), 0, 0)
    assert read(study)[0]["choice"] == "'=sum, “a”"
    assert read(study)[0]["order"].startswith("'=sum, “a” > ablation-cam")


def test_a_study_without_answers_gives_a_header_and_no_rows(tmp_path):
    export(study=make_study("none"), to=tmp_path, formats=["csv", "jsonl", "parquet"])
    assert len((tmp_path / "answers.csv").read_text().splitlines()) == 1
    assert (tmp_path / "answers.jsonl").read_text() == ""
    assert pyarrow.parquet.read_table(tmp_path / "answers.parquet").num_rows == 0
    assert json.loads((tmp_path / "scores.json").read_text())["notes"]


def test_a_failed_export_leaves_the_old_file_and_no_litter(study, tmp_path, monkeypatch):
    (tmp_path / "answers.csv").write_text("old")

    def broken(_study):
        yield b"half"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("studies.exports.tables.AnswersTable.csv_chunks", broken)
    with pytest.raises(CommandError, match="No space left on device") as error:
        call_command("export", "methods", "--to", str(tmp_path))
    assert error.value.returncode == 2
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["answers.csv"]
    assert (tmp_path / "answers.csv").read_text() == "old"


def test_the_command_names_the_files_and_refuses_formats_it_lacks(study, tmp_path, capsys):
    call_command("export", "methods", "--to", str(tmp_path / "new"), "--format", "csv,parquet")
    assert re.search(r"bytes {2}\S+answers\.parquet", capsys.readouterr().out)
    with pytest.raises(CommandError, match="--format sav: not one of csv, jsonl, parquet, xlsx"):
        call_command("export", "methods", "--to", str(tmp_path), "--format", "csv,sav")


def test_a_host_without_pyarrow_says_which_format_needs_it(study, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "studies.exports.parquet", raising=False)
    with pytest.raises(
        CommandError, match=r"--format parquet: pyarrow is not installed here.*csv or jsonl"
    ) as error:
        call_command("export", "methods", "--to", str(tmp_path), "--format", "parquet")
    assert error.value.returncode == 2
    assert not [path for path in tmp_path.iterdir() if path.is_file()]


def test_numpy_alone_reads_the_file(study):
    lines = b"".join(csv_chunks(study)).decode().splitlines()
    table = np.genfromtxt(lines, delimiter=",", names=True, dtype=None, encoding="utf-8")
    assert table.dtype.names is not None
    assert len(table) == 3


def test_no_file_of_the_folder_has_a_cell_that_a_spreadsheet_runs(tmp_path):
    """Free text that begins like a formula is text in every CSV file; a rating of −2 stays a number."""
    study = make_study(
        "risky",
        task="rating",
        items=2,
        methods=("m",),
        networks=("=1+1", "@b"),
        questions=[{"key": "-1-1", "text": "=HYPERLINK()", "kind": "text", "required": False}],
    )
    image = study.items.first().image
    image.original_name, image.class_name = "=cmd|' /C calc'!A0", "-2+3"
    image.save()
    fill(study, [[-2, 1]], label="+cmd", background={"-1-1": "@SUM(1)"})
    export(study=study, to=tmp_path / "out", formats=["csv"])
    for path in (tmp_path / "out").glob("*.csv"):
        for row in csv.reader(path.read_text("utf-8").splitlines()):
            risky = [
                cell
                for cell in row
                if cell[:1] in "=+-@" and cell and not re.fullmatch(r"-?\d+(\.\d+)?(e-\d+)?", cell)
            ]
            assert risky == [], f"{path.name}: {risky}"
    answers = list(csv.DictReader((tmp_path / "out" / "answers.csv").read_text("utf-8").splitlines()))
    assert answers[0]["rating"] == "-2"
    assert answers[0]["group"] == "'+cmd"
    assert "-2" in (tmp_path / "out" / "answers-wide.csv").read_text("utf-8").splitlines()[1].split(",")
