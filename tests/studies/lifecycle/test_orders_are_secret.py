"""Which map stands where follows from a secret until the study is closed; then it is published, and everything can be recomputed."""

import io
import json
import logging
import subprocess
import sys
import tomllib

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db.models import Q
from django.test import Client
from django.urls import reverse

from explain.core.streams import Stream, order_seed
from explain.models import ImageSet
from studies.lifecycle import opening
from studies.lifecycle.opening import new_nonce, open_study
from studies.lifecycle.readiness import create_study
from studies.lifecycle.revisions import find_version, revise, reworded
from studies.lifecycle.seal import broken_seal, seal_json
from studies.lifecycle.transitions import change_state
from studies.models import ApiToken, Event, Study
from studies.protocol import ProtocolError, check_protocol
from studies.results import part_of, scores_json
from studies.simulation import blinding_audit, check_blinding
from studies.trial_types import trial_type_of
from studies.trials.attention_checks import check_order
from studies.trials.practice import right_side
from tests import by_sql
from tests.factories import CONSENT, make_image, make_map, make_network, make_participant, make_study
from tests.studies.filled import fill
from tests.studies.taking_part import answer_all

pytestmark = pytest.mark.django_db

PROTOCOL = {
    "consent": CONSENT,
    "version": 1,
    "slug": "small",
    "title": "A small study",
    "task": "choice",
    "photos": {"set": "birds"},
    "arms": [{"network": "tiny", "method": method} for method in ("grad-cam", "ablation-cam", "layer-cam")],
    "design": {"seed": 3, "responses_per_item": 4, "trials_per_participant": 12, "attention_checks": 2},
}
BOX = [[4, 4, 24, 24]]


@pytest.fixture(autouse=True)
def drawn_nonces(monkeypatch):
    """As in real life: another nonce for each study."""
    monkeypatch.setattr(opening, "new_nonce", new_nonce)


@pytest.fixture
def birds():
    image_set, network = ImageSet.objects.create(name="birds"), make_network()
    for number in range(12):
        image = make_image(image_set, number, ("hen", "robin")[number % 2], 8 + 7 * (number % 2))
        image.boxes = BOX
        image.save()
        for method in ("grad-cam", "ablation-cam", "layer-cam"):
            make_map(image, network, method)


def made(protocol=PROTOCOL, **changes) -> Study:
    study = create_study(protocol=check_protocol({**protocol, **changes}))
    return open_study(study=study)


def closed(study: Study) -> Study:
    return change_state(study=study, to=Study.State.CLOSED)


def laid_out(study: Study) -> list[tuple[int, str]]:
    return list(study.trials.order_by("pk").values_list("item__index", "order"))


def reckoned(study: Study, seed: int) -> list[tuple[int, str]]:
    """What somebody works out who knows the protocol and takes this for the seed of orders."""
    rows = trial_type_of(study).layout.rows(
        arms=study.arms.count(), items=study.items.count(), stages=study.stages, seed=seed
    )
    return [(item, ",".join(map(str, order))) for item, order in rows]


def answered(study: Study, people: int) -> None:
    for number in range(1, people + 1):
        answer_all(make_participant(study, number), count=12)


def run(*args, **options) -> str:
    out = io.StringIO()
    call_command(*args, stdout=out, **options)
    return out.getvalue()


# While people answer


def test_what_is_published_does_not_say_which_map_stands_where(birds):
    """Of 48 trials with six orders each eight are right by chance; all were, when the seed alone said it."""
    study = made()
    actual, guess = laid_out(study), reckoned(study, study.seed)
    by_item = [
        [[order for item, order in rows if item == index] for index in range(12)] for rows in (actual, guess)
    ]
    right = sum(a == b for one, other in zip(*by_item, strict=True) for a, b in zip(one, other, strict=True))
    assert right < 24
    assert [item for item, _ in actual] != [item for item, _ in guess]
    assert actual == reckoned(study, study.order_seed)


def test_no_seed_that_set_up_would_draw_lays_out_the_same_orders(birds):
    study = made()
    actual = laid_out(study)
    seeds = np.random.default_rng(0).integers(0, 10**6, size=500)
    right = [
        sum(a == b for a, b in zip(actual, reckoned(study, int(seed)), strict=True)) for seed in [3, *seeds]
    ]
    assert max(right) < 10  # item and order at one place: one of 72 by chance


def test_two_studies_of_one_protocol_have_orders_checks_and_practice_of_their_own(birds):
    one, other = made(), made(slug="other")
    assert one.nonce != other.nonce
    assert laid_out(one) != laid_out(other)
    people = [[make_participant(study, number) for number in range(1, 33)] for study in (one, other)]
    sides = [[right_side(person, 0) for person in of_study] for of_study in people]
    places = [[check_order(study, number, 0) for number in range(1, 33)] for study in (one, other)]
    assert sides[0] != sides[1]
    assert places[0] != places[1]


@pytest.mark.parametrize("draw", ["practice", "check order"])
def test_practice_and_checks_do_not_follow_from_the_protocol(birds, draw):
    study = made()
    numbers = range(1, 257)
    if draw == "practice":
        actual = [right_side(make_participant(study, number), 0) for number in numbers]
        guess = [
            int(np.random.default_rng(Stream.PRACTICE.of(study.seed, number, 0)).integers(2))
            for number in numbers
        ]
    else:
        actual = [check_order(study, number, 0) for number in numbers]
        study.nonce = ""
        guess = [check_order(study, number, 0) for number in numbers]
    right = sum(a == b for a, b in zip(actual, guess, strict=True))
    by_chance = {"practice": 128, "check order": 43}[draw]  # of two sides, and of six orders
    assert (
        right < by_chance + 25
    )  # three deviations; half an order that follows gives twice as many as chance


def test_maps_of_checks_cannot_be_drawn_from_the_protocol(birds):
    one, other = made(), made(slug="other")
    shown = [
        sorted(row.file.read() for item in study.items.all() for row in item.check_maps.all())
        for study in (one, other)
    ]
    assert shown[0]
    assert shown[0] != shown[1]


def said_of(study: Study, admin_user, tmp_path) -> dict[str, str]:
    """All that pages, API, commands and files tell of a study, by where."""
    site, said = Client(), {}
    site.force_login(admin_user)
    token = {"authorization": f"Token {ApiToken.issue(admin_user, name='t', scope='read')[1]}"}
    study.researchers.add(admin_user)
    for name in ("study", "study-protocol", "study-protocol-file", "study-record", "study-results"):
        said[name] = site.get(reverse(name, args=[study.slug])).content.decode()
    said["a version"] = site.get(
        reverse("study-protocol-file", args=[study.slug]), {"version": 1}
    ).content.decode()
    for address in ("", "versions/", "record/", "answers/", "scores/"):
        said[f"api {address}"] = site.get(
            f"/api/studies/{study.slug}/{address}", headers=token
        ).content.decode()
    said["schema"] = site.get("/api/schema/", headers=token).content.decode()
    for name, row in (("study", study), ("protocolversion", study.versions.first())):
        page = reverse(f"admin:studies_{name}_change", args=[row.pk])
        said[f"admin {name}"] = site.get(page).content.decode()
    for line in (["show_protocol", study.slug], ["show_protocol", f"{study.slug}@1"], ["scores", study.slug]):
        said[" ".join(line)] = run(*line) + run(*line, json=True)
    run("export", study.slug, to=tmp_path / study.slug, format="csv,jsonl,parquet")
    run("report", study.slug, to=tmp_path / study.slug / "report.html")
    for path in (tmp_path / study.slug).iterdir():
        said[path.name] = path.read_bytes().decode("latin-1")
    return said


def test_the_nonce_stands_nowhere_while_people_answer_and_where_it_belongs_once_the_study_is_closed(
    birds, admin_user, tmp_path, caplog
):
    caplog.set_level(logging.DEBUG)
    study = made()
    assert len(study.nonce) == 64
    answered(study, 1)
    everywhere = said_of(study, admin_user, tmp_path)
    assert {"protocol.toml", "answers.parquet", "report.html", "api record/"} <= set(everywhere)
    assert [place for place, text in everywhere.items() if study.nonce in text] == []
    change_state(study=study, to=Study.State.PAUSED)
    by_sql.change(Study.objects.filter(pk=study.pk), nonce="")  # even a broken seal does not tell it
    broken = Study.objects.get(pk=study.pk)
    assert ("study", "nonce") in {(change.part, change.key) for change in broken_seal(broken).changes}
    assert study.nonce not in json.dumps(seal_json(broken)) + run("show_protocol", study.slug)
    by_sql.change(Study.objects.filter(pk=study.pk), nonce=study.nonce)
    study = closed(Study.objects.get(pk=study.pk))
    assert broken_seal(study) is None
    everywhere = said_of(study, admin_user, tmp_path)
    told = {place for place, text in everywhere.items() if study.nonce in text}
    assert told == {
        *(
            "study-protocol",
            "study-protocol-file",
            "a version",
            "study-record",
            "api versions/",
            "api record/",
        ),
        *("show_protocol small", "show_protocol small@1", "protocol.toml"),
    }
    before_it_was_closed = [line for line in caplog.records if study.nonce in line.getMessage()]
    assert [line for line in before_it_was_closed if line.name.startswith(("blindsight", "django.r"))] == []


def test_the_hash_commits_to_the_nonce_at_the_opening(birds):
    study = made()
    by_sql.change(Study.objects.filter(pk=study.pk), nonce="0" * 64)
    (change,) = broken_seal(Study.objects.get(pk=study.pk)).changes
    assert (change.part, change.key, change.now) == ("study", "nonce", "another")


def test_it_cannot_be_changed_once_the_study_is_open(birds):
    study = made()
    study.nonce = "0" * 64
    with pytest.raises(Exception, match="what it asks can no longer change"):
        study.save()


def test_versions_after_the_opening_go_on_under_the_same_nonce(birds):
    study = change_state(study=made(), to=Study.State.PAUSED)
    nonce = study.nonce
    changed = reworded(study, wording={**study.wording, "thanks": "Thanks!"})
    revise(study=study, source=changed, why="shorter")
    study = closed(Study.objects.get())
    assert study.nonce == nonce
    assert [find_version(study, number)["design"]["nonce"] for number in (1, 2)] == [nonce, nonce]
    assert broken_seal(study) is None


# Once it is closed


def test_a_study_that_is_made_from_a_closed_ones_protocol_has_the_same_orders_and_checks(birds):
    study = closed(made())
    protocol = tomllib.loads(run("show_protocol", "small"))
    again = made(protocol, slug="again")
    assert again.nonce == study.nonce
    assert laid_out(again) == laid_out(study)
    assert [check_order(again, n, 0) for n in range(9)] == [check_order(study, n, 0) for n in range(9)]
    shown = [
        [row.file.read() for item in each.items.all() for row in item.check_maps.order_by("place")]
        for each in (study, again)
    ]
    assert shown[0] == shown[1]
    # What was named is out of sight while people answer, too: it is the same as with a secret of its own.
    assert study.nonce not in run("show_protocol", "again")
    assert find_version(closed(again))["design"] == find_version(study)["design"]


def test_the_page_of_the_protocol_promises_the_same_orders_only_where_they_come_out(
    birds, admin_client, monkeypatch
):
    def page_of(study):
        return admin_client.get(reverse("study-protocol", args=[study.slug])).content.decode()

    same, other = "makes the same study again: the same items, orders and hash", "with orders of its own"
    study = made()
    assert other in page_of(study)
    assert "Once this study is closed the file holds it" in page_of(study)
    assert same not in page_of(study)
    assert same in page_of(closed(study))
    monkeypatch.setattr(opening, "new_nonce", lambda: "")  # opened before there were nonces
    assert same in page_of(made(slug="old"))


def test_it_has_the_same_hash_again(birds):
    study = closed(made())
    before, protocol = study.protocol_sha256, find_version(study)
    by_sql.remove_study(study)
    assert made(protocol).protocol_sha256 == before


def test_every_order_is_recomputed_from_the_exported_folder_alone(birds, tmp_path, settings):
    study = made()
    answered(study, 4)
    assert not study.trials.filter(kind="main").exclude(state="answered").exists()
    run("export", "small", to=tmp_path / "early", format="csv")
    closed(study)
    run("export", "small", to=tmp_path / "late", format="csv")
    script = settings.BASE_DIR / "docs/recompute_orders.py"

    def recomputed(folder):
        done = subprocess.run(
            [sys.executable, "-I", script, tmp_path / folder, "--json"], capture_output=True, text=True
        )
        return done.returncode, json.loads(done.stdout)

    assert recomputed("late") == (0, {"trials": 48, "answers": 48, "in the recomputed order": 48})
    status, early = recomputed("early")
    assert status == 1
    assert early["in the recomputed order"] < 48


def test_it_is_on_record_that_a_protocol_named_its_nonce_and_whoever_makes_it_is_told(birds, tmp_path):
    study = closed(made())
    path = tmp_path / "again.toml"
    path.write_text(run("show_protocol", "small").replace('slug = "small"', 'slug = "again"'))
    assert "can work out which map stands where" in run("create_study", path)
    ready = Study.objects.get(slug="again")
    site = Client()
    site.force_login(_researcher_of(ready))
    page = site.get(reverse("setup-step", args=["again", "check"]), follow=True).content.decode()
    assert "can work out which map stands where" in page
    assert "can work out which map stands where" in run("open_study", "again")
    events = Event.objects.filter(kind="opened").order_by("pk")
    assert [event.data.get("nonce") for event in events] == [None, "named by its protocol"]
    assert study.nonce not in json.dumps(events.last().data)


def _researcher_of(study):
    from django.contrib.auth import get_user_model

    user = get_user_model().objects.create_superuser("r", password="correct horse battery")
    study.researchers.add(user)
    return user


@pytest.mark.parametrize("nonce", ["abc", "G" * 64, "A" * 64, 7, "0" * 65, " " + "0" * 63])
def test_a_nonce_that_is_none_is_refused_in_words(nonce):
    protocol = {**PROTOCOL, "design": {**PROTOCOL["design"], "nonce": nonce}}
    with pytest.raises(ProtocolError, match=r"design\.nonce: is .*; it must be 64 digits of 0-9 and a-f"):
        check_protocol(protocol)


# What was before, and what is left alone


def test_a_study_that_was_opened_before_there_were_nonces_keeps_its_orders_and_its_hash(birds, monkeypatch):
    monkeypatch.setattr(opening, "new_nonce", lambda: "")  # as it was
    study = made()
    assert study.order_seed == study.seed == order_seed(3, "")
    assert laid_out(study) == reckoned(study, 3)
    assert not study.versions.filter(Q(sealed__contains="nonce")).exists()
    study = closed(study)
    assert "nonce" not in find_version(study)["design"]
    assert "nonce" not in study.events.get(kind="closed").data
    assert broken_seal(study) is None


def test_figures_are_drawn_by_the_seed_and_not_by_the_nonce(birds):
    study = made()
    fill(study, [[0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1], [0, 1, 1, -1, 0, 0, 2, -1, 0, 1, 2, 2]])
    before = scores_without_seal(study)
    assert before["computed_with"]["seed"] == 3
    by_sql.change(Study.objects.filter(pk=study.pk), nonce="0" * 64)
    assert scores_without_seal(Study.objects.get(pk=study.pk)) == before


def scores_without_seal(study: Study) -> dict:
    return {key: value for key, value in scores_json(study, part_of(study)).items() if key != "seal"}


# The attack that is tried on any study


def reckoning(study: Study):
    """One of the checks by itself: all of them together take part in the study."""
    return blinding_audit._reckoning(study, seed=0)


def test_check_blinding_reckons_orders_from_the_protocol(monkeypatch):
    study = open_study(study=make_study(items=12, responses_per_item=4, seed=3))
    assert reckoning(study).leaks == []
    monkeypatch.setattr(opening, "new_nonce", lambda: "")
    early = open_study(study=make_study("early", items=12, responses_per_item=4, seed=3, networks=("other",)))
    (leak,) = next(check for check in check_blinding(study=early) if check.name == "reckoning").leaks
    assert "the order of trials follows from the protocol: 48 of 48, by chance 8" in leak


def test_check_blinding_says_that_the_protocol_named_the_nonce(birds):
    closed(made())
    again = made(find_version(Study.objects.get()), slug="again")
    (leak,) = reckoning(again).leaks
    assert "named the nonce" in leak


def test_an_unknown_study_is_still_refused_in_words():
    with pytest.raises(CommandError, match="no such study"):
        run("show_protocol", "nothing")
