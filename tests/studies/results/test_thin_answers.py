"""However little there is to score, every output is a sentence: no NaN, no infinity, no stack trace."""

import csv
import json
import re

import pytest
from django.core.management import call_command
from django.urls import reverse

from studies.exports.archive import export
from studies.models import Study
from tests import by_sql
from tests.factories import make_study
from tests.studies.exports.test_report import text_of
from tests.studies.filled import fill

from .test_humans_beside_metrics import evaluate

pytestmark = pytest.mark.django_db
RULES = {
    "analysis": {"contrasts": [["b", "a"]]},
    "looks": {"after": [0.5, 1.0]},
    "exclusions": {"median_ms": 400, "position_share": 0.5},
}
BOTH = ("choice", "rating")
CASES = {  # what people say, and the sentence that a reader must find
    "nobody answered": (BOTH, [], "No answers"),
    "one participant": (BOTH, [[0, 1, 0]], "only one participant"),
    "one item with answers": (BOTH, [[0], [1], [0]], "only one item"),
    "one answer": (BOTH, [[1]], "only one participant"),
    "unanimous": (BOTH, [[1, 1, 1]] * 3, "Every answer is the same"),
    "everybody says same": (("choice",), [[-1, -1, -1]] * 3, "Nobody preferred any arm"),
    "every rating is zero": (("rating",), [[0, 0, 0]] * 3, "Neither network was judged more reliable"),
    "everybody left out": (BOTH, [[1, 1, 0], [1, 0, 1], [1, 1, 1]], "leave out all 3 participants"),
    "nobody left who decides": (BOTH, [[1, 1, 0], [1, 0, 1], [1, 1, 1]], "leave out all 3 participants"),
    "no two people share an item": (BOTH, [[0], [], [1]], "interval"),
}


def thin(task, answers, fast):
    arms = {"methods": ("m",), "networks": ("a", "b")}
    study = make_study("thin", task=task, items=3, responses_per_item=3, protocol=RULES, **arms)
    for person in fill(study, answers):
        by_sql.change(person.responses.all(), response_ms=100 if fast else 1000)
    if task == "choice":
        evaluate(study, [[0.5, 0.6], [0.6, 0.5], [0.1, 0.1]])
    Study.objects.filter(pk=study.pk).update(state="open")
    study.refresh_from_db()
    return study


def outputs(study, client, capsys, folder):
    """Every way in which a result leaves the house, by name."""
    texts = {}
    for name in (
        "study-results",
        "study-humans",
        "study-results-people",
        "study-items",
        "study-results-json",
        "study-export",
        "study-report",
    ):
        response = client.get(reverse(name, args=["thin"]))
        assert response.status_code == 200, name
        texts[name] = response.getvalue().decode()
    for item in range(3):
        texts[f"item {item}"] = client.get(reverse("study-item", args=["thin", item])).content.decode()
    for name in ("scores", "answers"):
        texts[f"api {name}"] = json.dumps(client.get(f"/api/studies/thin/{name}/").json(), ensure_ascii=False)
    call_command("scores", "thin")
    texts["scores"] = capsys.readouterr().out
    call_command("scores", "thin", "--json")
    texts["scores --json"] = capsys.readouterr().out
    folder /= "out"
    export(study=study, to=folder, formats=["csv", "jsonl", "parquet"])
    # Scripts are programs: their own test runs them.
    said = (path for path in folder.iterdir() if path.suffix not in (".parquet", ".R", ".py"))
    texts |= {path.name: path.read_text("utf-8") for path in said}
    return texts


@pytest.mark.parametrize(("task", "case"), [(task, case) for case in CASES for task in CASES[case][0]])
def test_every_output_is_a_sentence(task, case, admin_client, capsys, tmp_path):
    _, answers, sentence = CASES[case]
    study = thin(task, answers, fast="left" in case)
    if case == "nobody left who decides":
        study.protocol["analysis"]["decided_by"] = "kept"
        Study.objects.filter(pk=study.pk).change_what_is_frozen(protocol=study.protocol)
    texts = outputs(study, admin_client, capsys, tmp_path)
    for name, text in texts.items():
        bad = re.search(r"\b(nan|infinity|-?inf|none|null null)\b", text_of(text), re.IGNORECASE)
        allowed = (
            name in ("codebook.csv", "study-report", *(f"item {number}" for number in range(3)))
            or "json" in name
            or "api" in name
        )
        assert not bad or (allowed and bad[0].lower() == "none"), (
            f"{name}: …{text_of(text)[max(bad.start() - 60, 0) : bad.end() + 20]}"
        )
    for name in ("study-results", "study-report") + (
        () if case == "everybody left out" else ("scores", "scores --json", "api scores", "scores.json")
    ):
        assert sentence in text_of(texts[name]).replace("\u00a0", " "), name
    for name in ("scores --json", "scores.json", "study-results-json", "api scores"):
        json.loads(texts[name], parse_constant=pytest.fail)
    assert texts["scores --json"].strip() == texts["scores.json"].strip()
    assert len(list(csv.DictReader(texts["answers.csv"].splitlines()))) == sum(map(len, answers))
    assert not re.search(r"\bnan\b", texts["study-report"], re.IGNORECASE)
