"""A study's archive: one ZIP that others can read, check and recompute, and that gives nobody away."""

import csv
import hashlib
import io
import json
import re
import subprocess
import sys
import uuid
import zipfile

import numpy as np
import pytest
import time_machine
import yaml
from django.core.management import CommandError, call_command
from django.urls import reverse

from explain.models import ImageSet
from studies.archives.contents import WAY_BACK, Wanted
from studies.archives.licences import licence_named
from studies.archives.packing import write_archive
from studies.lifecycle.opening import open_study
from studies.lifecycle.readiness import create_study
from studies.models import ItemMap, Response, Study, Trial
from studies.protocol.schema import check_protocol
from tests import by_sql
from tests.factories import CONSENT, METHODS, make_image, make_map, make_network
from tests.studies.filled import answer, make_participant

pytestmark = pytest.mark.django_db

ID, SECRET, WORDS = "5f1c0ffee1d5", "visit-77aa", "I keep bees in Leeds"
ANSWERS = "data/description-answers_data.csv"
PEOPLE = "data/description-participants_data.csv"
SOURCE = {
    "version": 1,
    "slug": "small",
    "title": "A <b>“small”</b> study",
    "task": "choice",
    "photos": {"set": "birds", "per_class": 2, "limit": 3},
    "arms": [{"network": "tiny", "method": method, "name": f"={method}"} for method in METHODS],
    "design": {"seed": 3, "responses_per_item": 7, "trials_per_participant": 3},
    "questions": [
        {"key": "prior", "text": "Do you know networks?", "options": ["No", "Yes"]},
        {"key": "state", "text": "How do you feel?", "options": ["Well", "Ill"], "required": False},
        {"key": "hobby", "text": "What do you do?", "kind": "text", "required": False},
    ],
    "consent": CONSENT,
    "analysis": {"contrasts": [["=grad-cam", "=ablation-cam"]]},
    "exclusions": {"median_ms": 400},
}


@pytest.fixture
def study():
    image_set, network = ImageSet.objects.create(name="birds"), make_network()
    for number in range(6):
        image = make_image(image_set, number, ("hen", "robin")[number % 2], 8 + 7 * (number % 2))
        for method in METHODS:
            make_map(image, network, method)
    study = open_study(study=create_study(protocol=check_protocol(SOURCE)))
    people = [
        make_participant(
            study,
            external_id=f"prolific:{ID}{number}",
            external={"PROLIFIC_PID": f"{ID}{number}", "SESSION_ID": SECRET},
            background={"prior": "No" if number else "Yes", "state": "Well", "hobby": WORDS},
        )
        for number in range(7)
    ]
    for item in study.items.all():
        for person, trial in zip(people, item.trials.order_by("pk"), strict=True):
            Trial.objects.filter(pk=trial.pk).update(participant=person, state=Trial.State.ANSWERED)
            choice = trial.arms[0] if person.number % 2 else -1
            Response.objects.create(
                answer_id=uuid.uuid4(),
                trial=trial,
                participant=person,
                choice=choice,
                shown_value=1 if choice >= 0 else 0,
                response_ms=100 if person.number == 2 else 900,
            )
    answer(people[-1], 0, 1, kind="repeat", status="aside")
    return study


def packed(study, path, **wanted) -> zipfile.ZipFile:
    write_archive(study=study, to=path / "study.zip", wanted=Wanted(**wanted))
    return zipfile.ZipFile(path / "study.zip")


def rows(archive, name):
    return list(csv.DictReader(io.StringIO(archive.read(name).decode())))


def holders(archive, text):
    """The files in whose bytes a text stands."""
    return {name for name in archive.namelist() if text.encode() in archive.read(name)}


def test_an_archive_is_whole_says_what_it_is_and_recomputes_from_itself_alone(study, tmp_path):
    archive = packed(study, tmp_path, licence=licence_named("cc-by-4.0"))
    folder = tmp_path / "unpacked"
    archive.extractall(folder)
    assert {
        "README.md", "CHANGES.md", "CITATION.cff", "methods.bib", "codebook.csv", "scores.json", "report.html", "protocol.toml",
        "consent.md", "preregistration.html", "provenance.json", "recompute_scores.py", "analysis.R", "analysis.py",
        "ro-crate-metadata.json", "dataset_description.json", "datapackage.json", "croissant.json", ANSWERS, PEOPLE,
    } <= set(archive.namelist())  # fmt: skip
    assert not [name for name in archive.namelist() if name.startswith("maps/")]

    read_me = archive.read("README.md").decode()
    command = re.search(r"^    python (.*)$", read_me, re.MULTILINE)[1].split()
    done = subprocess.run(
        [sys.executable, "-I", *command], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "every score agrees" in done.stderr) == (0, True), done.stderr
    # With the people's table gone the rules' answers cannot be told: it is read where it lies in an archive.
    (folder / PEOPLE).unlink()
    gone = subprocess.run(
        [sys.executable, "-I", *command], cwd=folder, capture_output=True, text=True, check=False
    )
    assert gone.returncode == 2

    scores = json.loads(archive.read("scores.json"))
    assert scores["responses"] == sum(row["status"] == "counted" for row in rows(archive, ANSWERS)) == 21
    assert hashlib.sha256(archive.read(ANSWERS)).hexdigest() in archive.read("report.html").decode()
    provenance = json.loads(archive.read("provenance.json"))
    assert provenance["protocol_sha256"] == study.protocol_sha256
    assert {arm["weights_sha256"] for arm in provenance["arms"]} == {"0" * 64}
    for name in ("analysis.R", "analysis.py"):
        script = archive.read(name).decode()
        assert f'"{ANSWERS}"' in script
        assert '"answers.csv"' not in script
    read = {(row["file"], row["column"]) for row in rows(archive, "codebook.csv")}
    for name in (name for name in archive.namelist() if name.startswith("data/")):
        header = next(csv.reader(io.StringIO(archive.read(name).decode())))
        assert {(name.removeprefix("data/"), column) for column in header} == {
            one for one in read if one[0] == name.removeprefix("data/")
        }


def test_each_description_is_true_and_valid(study, tmp_path):
    archive = packed(study, tmp_path, licence=licence_named("CC-BY-4.0"), maps=True)
    archive.extractall(tmp_path / "unpacked")
    described = {
        name: json.loads(archive.read(name)) for name in archive.namelist() if name.endswith(".json")
    }
    # RO-Crate 1.2: the descriptor, what the root must say, and every file with its hash.
    graph = {entity["@id"]: entity for entity in described["ro-crate-metadata.json"]["@graph"]}
    assert graph["ro-crate-metadata.json"]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.2"}
    root = graph[graph["ro-crate-metadata.json"]["about"]["@id"]]
    assert all(root[key] for key in ("name", "description", "datePublished", "license", "hasPart"))
    assert graph[root["license"]["@id"]]["@id"] == "https://spdx.org/licenses/CC-BY-4.0"
    files = set(archive.namelist()) - {"ro-crate-metadata.json"}
    reached = {part["@id"] for entity in graph.values() for part in entity.get("hasPart", ())}
    assert files == {name for name in reached if not name.endswith("/")}
    for name in files:
        assert graph[name]["sha256"] == hashlib.sha256(archive.read(name)).hexdigest(), name
    # Psych-DS: names of data files, and columns and variables that are the same on both sides.
    about = described["dataset_description.json"]
    assert (about["@context"], about["@type"]) == ("https://schema.org/", "Dataset")
    columns = set()
    for name in (name for name in files if name.startswith("data/")):
        assert re.fullmatch(r"data/[a-z]+-[a-zA-Z0-9]+(_[a-z]+-[a-zA-Z0-9]+)*_data\.csv", name)
        columns |= set(next(csv.reader(io.StringIO(archive.read(name).decode()))))
    variables = [variable["name"] for variable in about["variableMeasured"]]
    assert sorted(variables) == sorted(columns)
    # Citation File Format 1.2.0: what it must say.
    cff = yaml.safe_load(archive.read("CITATION.cff"))
    assert (cff["cff-version"], cff["type"], cff["title"]) == ("1.2.0", "dataset", study.title)
    assert cff["authors"] == [{"name": "Dr. Test"}]
    assert [len(one["authors"]) for one in cff["references"]] == [2, 6, 4]
    bib = archive.read("methods.bib").decode()
    assert re.findall(r"^@\w+\{(.*),$", bib, re.MULTILINE) == sorted(METHODS)
    # Raw maps, where they are asked for.
    row = ItemMap.objects.get(item__index=1, arm__index=2)
    values = np.load(io.BytesIO(archive.read("maps/item-1_arm-2.npy")))
    assert hashlib.sha256(values.tobytes()).hexdigest() == row.map.values_sha256


def test_programs_of_others_read_it(study, tmp_path):
    """Their own validators: ro-crate-py, frictionless, mlcroissant."""
    import frictionless
    import mlcroissant
    from rocrate.rocrate import ROCrate

    folder = tmp_path / "unpacked"
    packed(study, tmp_path, licence=licence_named("CC-BY-4.0")).extractall(folder)
    crate = ROCrate(str(folder))
    assert crate.root_dataset["name"] == study.title
    assert all((folder / file.id).is_file() for file in crate.get_by_type("File"))
    report = frictionless.Package(str(folder / "datapackage.json")).validate()
    assert report.valid, report.flatten(["title", "message"])
    dataset = mlcroissant.Dataset(str(folder / "croissant.json"))
    assert not dataset.metadata.ctx.issues.errors
    records = list(dataset.records("answers"))
    assert len(records) == 22
    assert {record["answers/status"] for record in records} == {b"counted", b"aside"}


def test_what_is_withheld_is_in_no_byte_of_it(study, tmp_path):
    archive = packed(study, tmp_path)
    for text in (ID, SECRET, WORDS, "hobby"):
        assert holders(archive, text) <= (
            {"protocol.toml", "README.md", "preregistration.html", "preregistration.md"}
            if text == "hobby"
            else set()
        )
    for told in study.participants.values_list("token_sha256", "completion_code"):
        assert not [text for text in told if text and holders(archive, text)]
    assert "What people wrote in their own words (hobby)" in archive.read("README.md").decode()
    asked = packed(study, tmp_path, free_text=True, recruitment_ids=True)
    assert holders(asked, WORDS) == holders(asked, ID) == holders(asked, SECRET) == {PEOPLE}
    assert rows(asked, PEOPLE)[2]["recruitment_id"] == f"prolific:{ID}2"
    assert "publish this archive nowhere" in asked.read("README.md").decode()


def test_it_says_who_could_be_found_and_what_no_licence_means(study, tmp_path):
    study.participants.filter(number__in=(6, 7)).update(state="withdrawn")
    text = packed(study, tmp_path).read("README.md").decode()
    assert "prior = Yes, question_state = Well: 1 person" in text
    assert "prior = No, question_state = Well: 4 people" in text  # six said so, and two of them withdrew
    assert "group = class: " not in text  # five
    assert "all rights are then reserved" in text
    assert "# A &lt;b>“small”&lt;/b> study" in text


def test_it_warns_of_a_completion_code_that_stands_in_the_protocol(study, tmp_path, admin_client):
    """Whoever has it can be paid without having taken part."""
    page = reverse("study-archive", args=[study.slug])

    def warned():
        said = packed(study, tmp_path).read("README.md").decode(), admin_client.get(page).text
        return [WAY_BACK in text for text in said]

    assert warned() == [False, False]
    for recruitment in (
        {"completion_url": "https://example.org/?cc=C1"},
        {"ways_back": {"full": {"code": "C2"}}},
    ):
        protocol = study.protocol | {"recruitment": recruitment}
        by_sql.change(Study.objects.filter(pk=study.pk), protocol=protocol)
        study.refresh_from_db()
        assert warned() == [True, True]


def test_the_same_study_at_the_same_time_is_the_same_bytes(study, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        with time_machine.travel("2026-11-30T12:00:00Z", tick=False):
            packed(study, tmp_path / name)
    one, two = (zipfile.ZipFile(tmp_path / name / "study.zip") for name in ("one", "two"))
    assert [name for name in one.namelist() if one.read(name) != two.read(name)] == []
    assert (tmp_path / "one" / "study.zip").read_bytes() == (tmp_path / "two" / "study.zip").read_bytes()
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["study.zip"]


def test_the_command_names_every_file_and_refuses_a_licence_that_there_is_not(study, tmp_path, capsys):
    to = tmp_path / "new" / "study.zip"
    with pytest.raises(
        CommandError, match="--licence: licence 'CC-BY-9': SPDX has no licence of that name"
    ) as error:
        call_command("archive", "small", "--to", str(to), "--licence", "CC-BY-9")
    assert (error.value.returncode, to.exists()) == (2, False)
    call_command("archive", "small", "--to", str(to), "--licence", "cc0-1.0", "--json")
    printed = json.loads(capsys.readouterr().out)
    assert printed["licence"] == "CC0-1.0"
    assert {file["path"] for file in printed["files"]} == set(zipfile.ZipFile(to).namelist())


def test_the_page_gives_each_what_they_may_have(client, study, django_user_model):
    colleague, stranger = (
        django_user_model.objects.create_user(name, is_staff=True) for name in ("colleague", "stranger")
    )
    study.viewers.add(colleague)
    address = reverse("study-archive", args=["small"])
    client.force_login(stranger)
    assert client.get(address).status_code == 404
    client.force_login(colleague)
    page = client.get(address).content.decode()
    assert 'name="free_text"' not in page
    assert 'name="recruitment_ids"' not in page
    assert "1 combination of answers to prior, question_state" in page
    refused = client.post(address, {"licence": "mine"}).content.decode()
    assert "SPDX has no licence of that name" in refused
    sent = client.post(address, {"licence": "CC0-1.0", "free_text": "on", "recruitment_ids": "on"})
    assert sent["Content-Disposition"] == 'attachment; filename="small-archive.zip"'
    archive = zipfile.ZipFile(io.BytesIO(b"".join(sent.streaming_content)))
    assert "CC0-1.0" in archive.read("README.md").decode()
    assert not holders(archive, ID)
    assert not holders(archive, WORDS)
    study.researchers.add(colleague)
    study.payers.add(colleague)
    sent = client.post(address, {"free_text": "on", "recruitment_ids": "on"})
    archive = zipfile.ZipFile(io.BytesIO(b"".join(sent.streaming_content)))
    assert holders(archive, ID) == holders(archive, WORDS) == {PEOPLE}
