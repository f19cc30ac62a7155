"""What is stored of how an answer came about: a list in one place. Nothing else that a browser sends is kept."""

import csv
import json
import re
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.urls import reverse

from studies.exports import export
from studies.models import Response
from studies.trials import TELEMETRY, claim_trials, kept_of
from tests.factories import make_participant
from tests.studies.taking_part import answer, open_study

pytestmark = pytest.mark.django_db
TOLD = {
    "first_value": 2, "first_ms": 812, "changes": 1, "hidden_ms": 0, "viewport": [390, 844], "pixel_ratio": 2.625, "translated": True,
    "view": "photo", "view_changes": 3, "photo_ms": 400, "opacity": 60, "opacity_changes": 2,
    "confidence_ms": 900, "shown_ms": 299.8, "frame_ms": 16.67, "looks": 2, "cut_short": True, "not_seen": True,
    "zooms": 1, "zoom_ms": 2000, "zoom_most": 225, "magnifier": 2, "magnifier_ms": 800,
}  # fmt: skip


@pytest.fixture
def study(client):
    study = open_study(items=4)
    claim_trials(participant=make_participant(study), count=3)
    return study


def send(client, study, telemetry, position=1):
    operation = {
        "id": str(uuid4()),
        "kind": "answer",
        "position": position,
        "value": 0,
        "telemetry": telemetry,
    }
    body = json.dumps({"operations": [operation]})
    address = reverse("answers", args=[f"token-1-of-{study.slug}"])
    assert client.post(address, body, content_type="application/json").status_code == 200
    return Response.objects.order_by("id").last().telemetry


def test_what_is_in_the_list_is_stored_as_it_was_told(client, study):
    assert set(TOLD) == {entry.name for entry in TELEMETRY}
    assert send(client, study, TOLD) == TOLD


def test_what_is_not_in_the_list_is_not_stored(client, study):
    more = {"user_agent": "Mozilla/5.0", "languages": ["de", "fr"], "fonts": 212, "ip": "192.0.2.1"}
    assert send(client, study, {**TOLD, **more}) == TOLD


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, value) for name in ("first_ms", "hidden_ms", "photo_ms") for value in (-1, 86_400_001, "1", 1.5, True, None)),
        *((name, value) for name in ("changes", "view_changes", "opacity_changes") for value in (-1, 10_001, [1], {})),
        *(("viewport", value) for value in ([390], [390, 844, 1], [390, "844"], [0, 844], [10**6, 1], "390x844", {"0": 1})),
        *(("pixel_ratio", value) for value in (0, -1, 21, "2", True)),
        *(("view", value) for value in ("Anna Meier", ["maps"], 1, None, "x" * 5000)),
        *(("opacity", value) for value in (-1, 101, "60")),
        *(("shown_ms", value) for value in (-1, 86_400_001, "300", True)),
        *(("zoom_most", value) for value in (99, 10_001, 150.5)),
        *((name, value) for name in ("cut_short", "not_seen") for value in (False, 1, "TRUE")),
        *(("first_value", value) for value in (-3, 2**15, "0")),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_left_out_and_the_others_stay(name, value):
    rest = {key: told for key, told in TOLD.items() if key != name}
    assert kept_of({**TOLD, name: value}) == rest


@pytest.mark.parametrize("sent", [None, 3, "text", ["first_ms", 1], {}])
def test_what_is_no_table_is_nothing(sent):
    assert kept_of(sent) == {}


def test_the_pages_send_what_is_in_the_list_and_no_more():
    read = {
        name: (Path(settings.BASE_DIR) / f"static/js/{name}.js").read_text("utf-8")
        for name in ("watch", "view", "zoom", "exposure", "trial")
    }
    scripts = "".join(read[name] for name in ("watch", "view", "zoom"))
    sent = [
        name
        for report in re.findall(r"report\(\w*\) \{.*?return \{(.*?)\};", scripts, re.S)
        for name in re.findall(r"(\w+):", report)
    ]
    told = re.findall(r"(\w+_\w+): (?:true|Math\.round\()", read["exposure"]) + re.findall(
        r"told\.(\w+) =", read["exposure"]
    )
    told += re.findall(r"\{ (confidence_ms) \}", read["trial"])
    of_the_server = ["looks"]  # whatever a browser says
    assert sorted({*sent, *told, *of_the_server}) == sorted(TOLD)


def test_each_is_a_column_of_a_file_with_its_meaning_in_the_codebook(study, tmp_path):
    person = study.participants.get()
    first = answer(person, 1, telemetry={**TOLD, "of an older version": "this"}).response
    answer(person, 2)
    export(study=study, to=tmp_path, formats=["csv"])
    rows = list(csv.DictReader((tmp_path / "how-answered.csv").open(encoding="utf-8", newline="")))
    assert list(rows[0]) == ["answer", "participant", "status", *TOLD]
    assert rows[0] == {
        "answer": str(first.answer_id), "participant": "1", "status": "counted",
        **{name: str(value) for name, value in TOLD.items()}, "viewport": "390x844",
        **dict.fromkeys(("translated", "cut_short", "not_seen"), "TRUE"),
    }  # fmt: skip
    assert [rows[1][name] for name in TOLD] == [""] * len(TOLD)
    codebook = list(csv.DictReader((tmp_path / "codebook.csv").open(encoding="utf-8", newline="")))
    told = {row["column"]: row["meaning"] for row in codebook if row["file"] == "how-answered.csv"}
    assert list(told) == list(rows[0])
    assert all(len(meaning) > 20 for meaning in told.values())


def test_whoever_watches_a_study_sees_in_how_many_answers_the_page_was_out_of_sight(
    study, client, admin_user
):
    person = study.participants.get()
    for position, hidden in ((1, 0), (2, 4000)):
        answer(person, position, telemetry={"hidden_ms": hidden})
    answer(person, 3)
    client.force_login(admin_user)
    page = re.sub(r"<[^>]+>", " ", client.get(reverse("study-watch", args=[study.slug])).content.decode())
    assert "Page out of sight 1 of the last 2 answers" in re.sub(r"\s+", " ", page)
