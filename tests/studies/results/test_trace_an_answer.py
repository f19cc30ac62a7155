"""From a row of the export back to answer, trial, the picture that was seen, its map, the weights and the code."""

import csv
import hashlib
import json
import re
import uuid

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from studies.exports.archive import export
from studies.exports.columns import COLUMNS, CONFIDENCE
from studies.lifecycle.fingerprint import is_intact
from studies.models import ItemMap, Response
from studies.results.provenance import MEANINGS, origins
from tests.factories import make_study
from tests.studies.filled import answer, make_participant

pytestmark = pytest.mark.django_db


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def taken_part(visitor, invite, tmp_path):
    """One volunteer's answer with the pictures that the browser got for it, and the export of the study."""
    study, join = invite()
    visitor.start(join)
    seen = [visitor.client.get(picture["src"]) for picture in visitor.soup.select("main img")]
    visitor.answer(1)
    export(study=study, to=tmp_path, formats=["csv", "jsonl", "parquet"])
    return study, [sha256(picture.content) for picture in seen], tmp_path


def test_a_row_of_the_export_leads_to_the_very_pictures_that_were_seen(taken_part):
    study, seen, folder = taken_part
    (row,) = rows(folder / "answers.csv")
    stored = Response.objects.get(answer_id=row["answer"])
    assert int(row["trial_id"]) == stored.trial_id
    assert row["order"].split(" > ") == [study.arms.get(index=index).name for index in stored.trial.arms]
    maps = {
        map_row["arm"]: map_row for map_row in rows(folder / "maps.csv") if map_row["item"] == row["item"]
    }
    assert [maps[arm]["shown_sha256"] for arm in row["order"].split(" > ")] == seen[1:]
    assert {map_row["photo_shown_sha256"] for map_row in maps.values()} == {seen[0]}
    assert len(set(seen)) == 4
    chosen = ItemMap.objects.get(item=stored.trial.item, arm__name=row["choice"])
    assert maps[row["choice"]]["map_sha256"] == sha256(bytes(chosen.map.values))
    assert maps[row["choice"]]["weights_sha256"] == chosen.arm.network.weights_sha256
    assert row["protocol_sha256"] == study.protocol_sha256
    assert is_intact(study)


def test_the_command_prints_the_whole_chain_of_an_answer(taken_part, capsys):
    study, seen, folder = taken_part
    (row,) = rows(folder / "answers.csv")
    call_command("provenance", study.slug, "--answer", row["answer"], "--json")
    chain = json.loads(capsys.readouterr().out)
    (answer,) = chain["answers"]
    assert (answer["answer"], answer["trial"], answer["said"]) == (
        row["answer"],
        int(row["trial_id"]),
        row["choice"],
    )
    assert " > ".join(answer["order"]) == row["order"]
    shown = {map_row["arm"]: map_row["shown_sha256"] for map_row in chain["maps"]}
    assert [shown[arm] for arm in answer["order"]] == seen[1:]
    assert chain["code_version"] == study.code_version != ""
    assert (answer["protocol_version"], answer["protocol_sha256"]) == (1, study.protocol_sha256)
    call_command("provenance", study.slug, "--answer", row["answer"])
    text = capsys.readouterr().out
    for fact in (row["answer"], row["trial_id"], *seen, study.protocol_sha256, study.code_version):
        assert fact in text, fact
    for map_row in chain["maps"]:
        for name in ("arm", "map_sha256", "weights_sha256", "parameters_hash"):
            assert map_row[name] in text, name
    printed = [
        re.split(r" {2,}", line.strip().replace("SHA-256 ", "SHA-256  ", 1)) for line in text.splitlines()
    ]
    for name, value in {
        "protocol, SHA-256": study.protocol_sha256,
        "code version": study.code_version,
        "said": row["choice"],
        "trial": f"{row['trial_id']} (main): {row['order']}",
        "as shown, SHA-256": seen[0],
    }.items():
        assert [name, value] in printed, name
    for map_row in chain["maps"]:
        start = printed.index([f"arm {map_row['arm']}"])
        assert printed[start + 1 : start + 7] == [
            ["picture as shown, SHA-256", map_row["shown_sha256"]],
            ["raw map, SHA-256", f"{map_row['map_sha256']} (map {map_row['map']})"],
            ["method, target", f"{map_row['method']}, class {map_row['target']}"],
            ["parameters, hash", map_row["parameters_hash"]],
            ["network, layer", f"{map_row['network']}, {map_row['layer']}"],
            ["weights, SHA-256", map_row["weights_sha256"]],
        ]


def test_the_page_finds_an_answer_and_shows_the_chain(taken_part, admin_client):
    study, seen, folder = taken_part
    (row,) = rows(folder / "answers.csv")
    response = admin_client.get(reverse("study-items", args=[study.slug]), {"answer": row["answer"]})
    assert response.url == reverse("study-item", args=[study.slug, row["item"]]) + f"#answer-{row['answer']}"
    html = admin_client.get(response.url).content.decode()
    assert f'id="answer-{row["answer"]}"' in html
    for fact in (row["trial_id"], *seen, study.protocol_sha256, study.code_version, "0" * 64):
        assert fact in html, fact


def test_an_answer_that_there_is_not_is_named(taken_part, admin_client):
    study, _, _ = taken_part
    for wrong in ("x", str(uuid.uuid4())):
        page = admin_client.get(reverse("study-items", args=[study.slug]), {"answer": wrong})
        assert f"This study has no answer “{wrong}”" in page.content.decode()
        with pytest.raises(CommandError, match=f"{wrong}: is n") as error:
            call_command("provenance", study.slug, "--answer", wrong)
        assert error.value.returncode == 2
    with pytest.raises(CommandError, match="item 9: demo has items 0 to 3"):
        call_command("provenance", study.slug, "--item", "9")


def test_an_answer_of_another_study_is_not_found(taken_part):
    other = answer(make_participant(make_study("other", networks=("another",))), 0, 1)
    with pytest.raises(CommandError, match="is no answer in demo"):
        call_command("provenance", "demo", "--answer", str(other.answer_id))


def test_an_item_has_all_its_answers_those_taken_back_too(capsys):
    study = make_study("methods")
    answer(make_participant(study), 1, 2, status="undone")
    answer(make_participant(study, simulated=True), 1, -1)
    call_command("provenance", "methods", "--item", "1", "--json")
    chain = json.loads(capsys.readouterr().out)
    assert [(answer["said"], answer["status"], answer["simulated"]) for answer in chain["answers"]] == [
        ("pixel-ablation-cam", "undone", False),
        ("same", "counted", True),
    ]
    call_command("provenance", "methods", "--item", "0")
    assert "answer" not in capsys.readouterr().out.replace("provenance", "")


def test_an_attention_check_leads_to_the_pictures_of_the_check(capsys):
    from django.core.files.base import ContentFile

    from studies.models import CheckMap, Study

    study = make_study("checked", attention_checks=1)
    Study.objects.filter(pk=study.pk).update(state="draft")
    item = Study.objects.get().items.get(index=0)
    for place in range(3):
        CheckMap.objects.create(item=item, place=place, file=ContentFile(b"picture %d" % place, "map.jpg"))
    Study.objects.filter(pk=study.pk).update(state="open")
    response = answer(make_participant(study), 0, 0, order="1,0,2", kind="check", status="aside")
    call_command("provenance", "checked", "--answer", str(response.answer_id), "--json")
    chain = json.loads(capsys.readouterr().out)
    assert chain["answers"][0]["order"] == ["elsewhere", "object", "elsewhere"]
    assert chain["checks"] == [sha256(b"picture %d" % place) for place in range(3)]
    call_command("provenance", "checked", "--item", "0")
    lines = [line.strip() for line in capsys.readouterr().out.splitlines() if "check " in line]
    assert [re.split(r" {2,}", line.replace("SHA-256 ", "SHA-256  ")) for line in lines] == [
        ["check on the object, SHA-256", chain["checks"][0]],
        ["check elsewhere, SHA-256", chain["checks"][1]],
        ["check elsewhere, SHA-256", chain["checks"][2]],
    ]


def test_a_picture_that_nobody_has_been_shown_has_no_hash():
    study = make_study("unseen")
    map_ = ItemMap.objects.filter(item__study=study, item__index=0).first()
    map_.picture.storage.delete(map_.picture.name)
    assert [origin.shown_sha256 == "" for origin in origins(study, 0)] == [True, False, False]


def test_every_column_is_described(taken_part):
    _, _, folder = taken_part
    book = {(line["file"], line["column"]): line["meaning"] for line in rows(folder / "codebook.csv")}
    always = [column for column in COLUMNS if column.task in ("", "choice") and column is not CONFIDENCE]
    assert all(book["answers", column.name] for column in always)
    assert all(book["maps.csv", "class" if name == "class_name" else name] for name in MEANINGS)
