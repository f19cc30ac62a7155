"""What anybody outside gets to see is what it was when it was recorded: tests/recorded/.

Everything is compared, name by name. On the machine of the record (processor and libraries) so are the bytes that rest on the
last digits of a network's numbers: raw maps, pictures, and the hashes over them.
"""

import json
import subprocess
import sys

import pytest

from tests.recorded.compare import differences
from tests.recorded.masks import ANYWHERE, masked_csv, of_csv
from tests.recorded.record import RECORD, ROOT, machine

AGAIN = "Where that is meant, record anew and commit it with the change: python -m tests.recorded.record"


@pytest.mark.worker
def test_nothing_that_anybody_outside_sees_has_changed(tmp_path):
    before = json.loads(RECORD.read_text("utf-8"))
    to = tmp_path / "now.json"
    command = [sys.executable, "-m", "tests.recorded.record", "--to", str(to)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    now = json.loads(to.read_text("utf-8"))
    changed = list(differences(before["anywhere"], now["anywhere"]))
    same_machine = before["machine"]["which"] == now["machine"]["which"]
    if same_machine:
        changed += differences(before["machine"]["demo"], now["machine"]["demo"], "bytes")
    assert not changed, "\n".join([f"{len(changed)} things differ from {RECORD.name}:", *changed, AGAIN])
    if not same_machine:
        other = list(differences(before["machine"]["which"], machine()))
        pytest.skip(f"all is as recorded, but for maps and pictures, made on another machine: {other}")


RECORDED = {
    "commands": {"scores": {"--json": "json, a flag", "slug": "slug, required"}},
    "addresses": {"studies": "studies/", "study": "studies/<slug:slug>/"},
    "answers.csv": {"rows": 2, "columns": {"item": "0f", "choice": "1e"}},
    "tasks": ["explain.run_batch", "explain.run_job"],
    "share": 0.1 + 0.2,
}
CHANGES = {
    "an option that is gone": (("commands", "scores"), {"slug": "slug, required"}, "commands › scores › --json: is gone (was 'json, a flag')"),
    "an address": (("addresses", "study"), "study/<slug:slug>/", "addresses › study: was 'studies/<slug:slug>/', is 'study/<slug:slug>/'"),
    "the order of columns": (("answers.csv", "columns"), {"choice": "1e", "item": "0f"}, "answers.csv › columns: the same names in another order"),
    "a value in a column": (("answers.csv", "columns", "item"), "2d", "answers.csv › columns › item: was '0f', is '2d'"),
    "a task that is gone": (("tasks",), ["explain.run_job"], "tasks: had 2 entries, has 1; gone: ['explain.run_batch']; new: []"),
    "a task by another name": (("tasks",), ["explain.do_job", "explain.run_batch"], "tasks: had 2 entries, has 2; gone: ['explain.run_job']; new: ['explain.do_job']"),
    "a number as text": (("answers.csv", "rows"), "2", "answers.csv › rows: was 2, is '2'"),
    "a fraction": (("share",), 0.31, "share: was 0.30000000000000004, is 0.31"),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_named(what):
    path, value, line = CHANGES[what]
    now = json.loads(json.dumps(RECORDED))
    *way, last = path
    place = now
    for key in way:
        place = place[key]
    place[last] = value
    assert list(differences(RECORDED, now)) == [line]


def test_what_is_the_same_is_not_named_nor_are_last_digits():
    assert list(differences(RECORDED, {**json.loads(json.dumps(RECORDED)), "share": 0.3})) == []


CSV = '"answer","choice","answered_at"\n"5f","a, or ""b""","2026-01-02"\n"6a","",\n'


def test_only_the_columns_that_are_masked_are_masked_and_empty_cells_stay_empty():
    assert masked_csv(CSV, ANYWHERE) == '"answer","choice","answered_at"\n"…","a, or ""b""","…"\n"…","",\n'
    read = of_csv(CSV, ANYWHERE)
    assert read["rows"] == 2
    assert read["columns"]["answer"] == "…"
    other = of_csv(CSV.replace("b", "c"), ANYWHERE)["columns"]
    assert [name for name in other if other[name] != read["columns"][name]] == ["choice"]


def test_a_file_that_is_no_csv_is_refused():
    with pytest.raises(ValueError, match="ends with a line"):
        of_csv(CSV.rstrip("\n"), ANYWHERE)
