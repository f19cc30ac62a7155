"""Attention checks: one map plainly on the object, at seeded places, blind like every trial and never in a score."""

import csv
import io

import numpy as np
import pytest
from PIL import Image as PillowImage

from explain.cam.metrics import attention_maps, localisation
from studies.exports.archive import export
from studies.lifecycle.check_maps import AttentionError
from studies.lifecycle.fingerprint import is_intact
from studies.lifecycle.opening import open_study
from studies.lifecycle.study_pictures import lengthen_pictures
from studies.models import CheckMap, Invitation, Participant, Response, Study, Trial
from studies.results.answers import answers
from studies.simulation.blinding_audit import check_blinding
from studies.trials.attention_checks import check_passed
from tests.factories import SIDE, make_study, without_pictures

pytestmark = pytest.mark.django_db
BOX = [[8.0, 8.0, 34.0, 34.0]]  # of a photo of 64 × 64 pixels


def with_boxes(study: Study, boxes=BOX) -> Study:
    for item in study.items.select_related("image"):
        item.image.boxes = boxes
        item.image.save(update_fields=["boxes"])
    return study


@pytest.fixture
def invite():
    """A function that opens a study with boxes and gives it with the path of its invitation."""

    def invite(**fields):
        if fields.get("task") == "rating":
            fields = {"methods": ("grad-cam", "ablation-cam"), **fields}
        study = make_study(**{"items": 8, "responses_per_item": 2, "attention_checks": 2, **fields})
        study = open_study(study=with_boxes(study))
        _, token = Invitation.issue(study)
        return study, f"/join/{token}/"

    return invite


def current(participant: Participant) -> Trial:
    return participant.trials.filter(state="claimed").order_by("position").first()


def go_through(visitor, on_check=lambda trial: trial.arms.index(0), on_main=0):
    """Answer everything; a check with what `on_check` says. The kinds in the order in which they came."""
    kinds = []
    while visitor.on_trial:
        trial = current(Participant.objects.last())
        kinds.append(trial.kind)
        visitor.answer(on_check(trial) if trial.kind == "check" else on_main)
    return kinds


def test_every_person_gets_as_many_as_the_protocol_says_spread_over_the_main_part(visitor, invite):
    study, join = invite(items=12, repeats_per_participant=2)
    visitor.start(join)
    assert "1 of 16" in visitor.text
    kinds = go_through(visitor)
    assert "/thanks/" in visitor.path
    assert "a little early" not in visitor.text
    assert kinds.count("check") == 2
    assert kinds[0] == "main"
    assert kinds[-2:] == ["repeat", "repeat"]
    first, second = (place for place, kind in enumerate(kinds) if kind == "check")
    assert first < 8 <= second + 1
    assert is_intact(Study.objects.get(pk=study.pk))


def test_they_come_at_the_same_places_again_and_elsewhere_for_someone_else(another_visitor, invite):
    _, join = invite(items=12, responses_per_item=6)
    kinds = [go_through(another_visitor().start(join)) for _ in range(6)]
    assert len({tuple(sequence) for sequence in kinds}) > 1
    for participant in Participant.objects.all():
        stood = [
            trial.arms.index(0) for trial in participant.trials.filter(kind="check").order_by("position")
        ]
        assert len(set(stood)) == 2  # who always presses the same button cannot pass both


def test_a_check_shows_a_photo_that_was_answered_before_and_never_one_that_comes_later(visitor, invite):
    _, join = invite(items=8)
    go_through(visitor.start(join))
    for check in Trial.objects.filter(kind="check"):
        main = Trial.objects.get(kind="main", item=check.item, participant=check.participant)
        assert main.position < check.position - 1


def test_with_photos_to_spare_the_photo_of_a_check_is_not_given_afterwards(another_visitor, invite):
    _, join = invite(items=8, trials_per_participant=4, responses_per_item=1)
    for _ in range(2):
        go_through(another_visitor().start(join))
    for check in Trial.objects.filter(kind="check"):
        later = Trial.objects.filter(
            kind="main", item=check.item, participant=check.participant, position__gt=check.position
        )
        assert not later.exists()


def test_answers_to_checks_are_kept_apart_from_the_scores(visitor, invite):
    study, join = invite()
    go_through(visitor.start(join))
    assert len(answers(study, "all")) == 8
    checks = Response.objects.filter(trial__kind="check")
    assert [answer.status for answer in checks] == ["aside", "aside"]
    assert all(check_passed(answer, study) for answer in checks)
    assert study.trials.filter(kind="main").count() == 16


@pytest.mark.parametrize(("task", "wrong"), [("choice", -1), ("rating", 0)])
def test_saying_that_they_look_the_same_is_a_missed_check(visitor, invite, task, wrong):
    study, join = invite(task=task)
    go_through(visitor.start(join), on_check=lambda trial: wrong)
    assert [check_passed(answer, study) for answer in Response.objects.filter(trial__kind="check")] == [
        False,
        False,
    ]


def test_a_rating_passes_on_the_side_of_the_object(visitor, invite):
    study, join = invite(task="rating")
    go_through(visitor.start(join), on_check=lambda trial: -1 if trial.arms[0] == 0 else 2)
    responses = Response.objects.filter(trial__kind="check")
    assert [check_passed(answer, study) for answer in responses] == [True, True]
    assert {answer.rating for answer in responses} <= {1, 2}


def test_a_check_can_be_taken_back_and_a_withdrawal_takes_it_out(visitor, invite):
    _, join = invite()
    visitor.start(join)
    while current(Participant.objects.get()).kind != "check":
        visitor.answer(0)
    check = current(Participant.objects.get())
    visitor.answer(-1).press("form#undo")
    assert current(Participant.objects.get()) == check
    visitor.answer(check.arms.index(0))
    assert list(check.responses.values_list("status", flat=True)) == ["undone", "aside"]
    visitor.get(visitor.home + "leave/").press("form")
    check.refresh_from_db()
    assert check.state == "void"
    assert not Trial.objects.filter(kind="check").exclude(state="void").exists()
    assert not Response.objects.exists()


@pytest.mark.real_pictures
def test_what_is_shown_is_made_by_the_same_renderer_on_and_off_the_object(invite):
    study, _ = invite(items=2, attention_checks=1, picture="masked")
    (box,) = attention_maps.boxes_in_frame(BOX, SIDE, SIDE)
    inside = localisation.box_mask([tuple(448 * edge for edge in box)], (448, 448))
    for row in CheckMap.objects.all():
        content = row.file.read()
        assert len(content) == study.items.first().picture.size
        picture = PillowImage.open(io.BytesIO(content))
        assert (picture.size, picture.format) == ((448, 448), "WEBP")
        shown = np.asarray(picture).max(2) > 40  # the top fifth; the rest is black
        assert shown.mean() == pytest.approx(0.2, abs=0.03)
        assert (shown[inside].mean() > 0.6) == (row.place == 0)
        assert (shown[inside].mean() < 0.15) == (row.place > 0)
    assert study.items.first().check_maps.count() == 3


@pytest.mark.parametrize("kind", ["overlay", "heat"])
@pytest.mark.real_pictures
def test_a_check_is_shown_as_the_studys_maps_are(invite, kind):
    invite(items=2, attention_checks=1, picture=kind)
    for row in CheckMap.objects.all():
        shown = np.asarray(PillowImage.open(row.file).convert("L"), float)
        rough = np.abs(np.diff(shown)).mean() > 2  # as the photo is, which is noise; a map is smooth
        assert rough == (kind == "overlay")
        assert (shown > 20).mean() > 0.9  # nothing is blacked out


def test_check_blinding_finds_nothing(invite):
    study = make_study(
        items=10, responses_per_item=2, attention_checks=2, methods=("grad-cam", "ablation-cam")
    )
    study = open_study(study=with_boxes(without_pictures(study)), alike_seen=True)  # noise looks like noise
    assert {check.name: check.leaks for check in check_blinding(study=study) if check.leaks} == {}


def test_a_set_without_boxes_is_refused_with_the_remedy():
    study = make_study(items=4, attention_checks=1)
    with pytest.raises(AttentionError, match=r"0 of 4 photos have a box around their object.*--boxes"):
        open_study(study=study)
    study.refresh_from_db()
    assert study.state == "ready"
    assert not Trial.objects.exists()


def test_a_box_that_leaves_no_room_beside_it_does_not_help():
    study = with_boxes(make_study(items=4, attention_checks=1), [[0.0, 0.0, 64.0, 64.0]])
    with pytest.raises(AttentionError, match="0 of 4 photos allow one"):
        open_study(study=study)


def test_more_checks_than_half_of_the_photos_are_refused():
    study = with_boxes(make_study(items=4, attention_checks=3))
    with pytest.raises(AttentionError, match="more than half of the 4 photos"):
        open_study(study=study)


def test_nothing_stays_of_an_opening_that_fails(monkeypatch, settings):
    study = with_boxes(make_study(items=4, attention_checks=1))
    lengthen_pictures(study, 60_000)  # as long as checks can be
    monkeypatch.setattr("studies.lifecycle.opening.lay_out_trials", lambda study: 1 / 0)
    before = {path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()}
    with pytest.raises(ZeroDivisionError):
        open_study(study=study)
    assert {path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()} == before
    assert not CheckMap.objects.exists()


def test_a_changed_check_map_is_noticed(invite):
    study, _ = invite()
    assert is_intact(study)
    row = CheckMap.objects.first()
    with row.file.storage.open(row.file.name, "wb") as file:
        file.write(b"something else")
    assert not is_intact(study)


@pytest.mark.parametrize("task", ["choice", "rating"])
def test_the_export_names_no_arm_in_a_check_and_says_whether_it_was_passed(visitor, invite, tmp_path, task):
    study, join = invite(task=task)
    go_through(visitor.start(join), on_check=lambda trial: 0)
    export(study=study, to=tmp_path, formats=["csv"])
    with (tmp_path / "answers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    checks = [row for row in rows if row["trial"] == "check"]
    assert len(checks) == 2
    for row in checks:
        stored = Response.objects.get(answer_id=row["answer"])
        assert row["check_passed"] == str(check_passed(stored, study)).upper()
        assert sorted(row["order"].split(" > ")) == sorted(
            ["object"] + ["elsewhere"] * (len(stored.trial.arms) - 1)
        )
        if task == "choice":
            assert row["choice"] == row["order"].split(" > ")[stored.shown_value]
    assert {row["check_passed"] for row in rows if row["trial"] == "main"} == {""}
    arms = {name for row in rows if row["trial"] == "main" for name in row["order"].split(" > ")}
    assert arms == set(study.arms.values_list("name", flat=True))
