"""Simulated volunteers use the real pages, follow the preference that was stated, and are marked for good."""

import json
import logging

import numpy as np
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from explain.cam.preprocessing import Preprocessing
from explain.models import Network
from studies.lifecycle.opening import open_study
from studies.models import ItemMap, Participant, Response, Study, Trial
from studies.simulation.box_preference import in_boxes
from studies.simulation.volunteers import Preference, Simulated, SimulationError, local_server, simulate
from studies.trials.attention_checks import check_passed
from tests.factories import make_study
from tests.studies.trials.test_attention_checks import with_boxes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def opened(live_server):
    def make(**fields) -> Study:
        study = make_study(**{"items": 6, "responses_per_item": 2, "trials_per_participant": 4, **fields})
        open_study(study=study)
        return Study.objects.get(pk=study.pk)

    return make


def run(study, live_server, **changes):
    return simulate(
        **{
            "study": study,
            "participants": 3,
            "seed": 1,
            "preference": Preference({"grad-cam": 1}),
            "base_url": live_server.url,
            "at_once": 1,
            **changes,
        }
    )


def test_they_fill_a_choice_study_and_every_answer_is_marked(opened, live_server):
    study = opened()
    assert run(study, live_server).answers == 12
    assert not study.trials.exclude(state=Trial.State.ANSWERED).exists()
    assert Response.objects.filter(simulated=True).count() == Response.objects.count() == 12
    assert set(study.participants.values_list("state", "simulated")) == {(Participant.State.FINISHED, True)}


def test_they_find_the_arm_they_prefer_wherever_it_stands(opened, live_server):
    study = opened()
    run(study, live_server)
    preferred = study.arms.get(name="grad-cam").index
    assert set(Response.objects.values_list("choice", flat=True)) == {preferred}
    assert len(set(Response.objects.values_list("shown_value", flat=True))) == 3  # it stood in every place


def test_they_rate_the_first_arm_on_whichever_side_it_is(opened, live_server):
    study = opened(task="rating", methods=("pixel-ablation-cam",), networks=("strong", "weak"))
    run(study, live_server, preference=Preference({}, mean=2, spread=0.01, concentration=1e6))
    assert set(Response.objects.values_list("rating", flat=True)) == {2}
    assert set(Response.objects.values_list("shown_value", flat=True)) == {2, -2}


def test_the_same_seed_gives_the_same_answers(opened, live_server):
    shares = {"grad-cam": 1, "ablation-cam": 1, "pixel-ablation-cam": 1, "same": 1}
    answers = []
    for slug in ("one", "two"):
        study = opened(slug=slug, networks=(f"net-{slug}",))
        run(study, live_server, seed=5, preference=Preference(shares))
        responses = Response.objects.filter(trial__study=study).order_by("id")
        answers.append(list(responses.values_list("trial__item__index", "choice")))
    assert answers[0] == answers[1]


def test_somebody_who_leaves_gives_no_more_answers(opened, live_server):
    study = opened()
    assert run(study, live_server, preference=Preference({"same": 1}, dropout=1.0)).answers == 3
    assert study.participants.filter(state=Participant.State.ACTIVE).count() == 3


def test_those_who_come_to_a_full_study_are_turned_away_and_counted(opened, live_server):
    study = opened(items=1)
    assert run(study, live_server, participants=5) == Simulated(answers=2, let_in=2)


def test_their_invitation_is_marked_and_holds_no_more_than_came(opened, live_server):
    study = opened()
    heard = []
    run(study, live_server, participants=2, seed=9, report=heard.append)
    invitation = study.invitations.get()
    assert (invitation.label, invitation.simulated, invitation.quota) == ("simulated, seed 9", True, 2)
    assert heard == [4, 4]


def test_people_of_one_simulation_are_not_one_person(opened, live_server):
    """Of people who hardly agree, each has one favourite, and not all the same one."""
    study = opened()
    shares = {"grad-cam": 1, "ablation-cam": 1, "pixel-ablation-cam": 1}
    run(study, live_server, seed=3, preference=Preference(shares, concentration=0.001))
    choices = set(Response.objects.values_list("participant", "choice"))
    assert len(choices) == 3  # everybody keeps to their favourite
    assert len({choice for _, choice in choices}) > 1


def test_the_command_says_that_they_are_simulated_by_which_rule_and_who_was_turned_away(
    opened, live_server, capsys
):
    """On a server of its own unless it is told of one."""
    study = opened(items=1)
    words = ["--participants", "3", "--prefer", "grad-cam=1", "--at-once", "1", "--base-url", live_server.url]
    call_command("simulate", study.slug, *words, "--json")
    assert json.loads(capsys.readouterr().out) == {
        "study": study.slug, "simulated": True, "answers": 2, "people": 2, "rule": "grad-cam 100.0%",
    }  # fmt: skip
    other = opened(slug="other", networks=("another",), items=2)
    call_command("simulate", "other", "--participants", "2", "--at-once", "1", "--rule", "localisation")
    printed = capsys.readouterr().out
    assert "simulated people" in printed.splitlines()[0]
    assert printed.splitlines()[1].split() == ["other", "2", "4"]
    assert "They followed this rule: they prefer the map with more of itself in the photo's boxes" in printed
    assert "turned away" not in printed
    assert not Response.objects.filter(simulated=False).exists()
    other.state = Study.State.PAUSED
    other.save()
    with pytest.raises(CommandError, match="is paused, not open"):
        call_command("simulate", "other")


def test_a_server_of_its_own_leaves_the_logs_as_they_are():
    """Setting Django up once more closes all handlers; absl's closes stderr, and nothing more is printed."""
    closed = []
    handler = logging.StreamHandler()
    handler.close = lambda: closed.append("closed")
    with local_server():
        pass
    assert closed == []


def test_a_page_that_cannot_be_used_is_named(opened, live_server):
    study = opened()
    for item_map in ItemMap.objects.filter(item__study=study).select_related("map"):
        item_map.picture.delete(save=False)
    with pytest.raises(SimulationError, match=r"GET /picture/[\w-]+: 503"):
        run(study, live_server)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"slug": "nowhere"}, r"nowhere: no such study\. Studies: simulated"),
        ({"prefer": "gradcam=1"}, "there is no arm 'gradcam'"),
        ({"prefer": "grad-cam=much"}, "is not NAME=NUMBER"),
        ({"prefer": "grad-cam=0"}, "not all 0"),
        ({"participants": 0}, "must be 1 or more"),
        ({"attention": 1.5}, "must be between 0 and 1"),
    ],
)
def test_the_command_refuses_what_makes_no_sense(opened, arguments, complaint):
    opened(slug="simulated")
    with pytest.raises(CommandError, match=complaint) as refused:
        call_command("simulate", arguments.pop("slug", "simulated"), **arguments)
    assert refused.value.returncode == 2


def test_they_answer_the_questions_so_that_they_may_take_part(opened, live_server):
    questions = [
        {"key": "knows", "text": "Any knowledge?", "kind": "choice", "required": True, "options": ["Yes", "No"], "eligible": ["No"]},
        {"key": "age", "text": "Your age?", "kind": "number", "required": True, "eligible": [18, 99]},
        {"key": "else", "text": "Anything else?", "kind": "text", "required": True},
    ]  # fmt: skip
    study = opened(questions=questions)
    assert run(study, live_server).answers == 12
    answers = list(study.participants.values_list("background", flat=True))
    assert answers
    assert answers == [{"knows": "No", "age": 18, "else": "simulated"}] * len(answers)


def test_they_follow_the_map_that_lies_in_the_box_when_told_to(opened, live_server):
    """On each item another arm has its map in the photo's box, and it wins there wherever it stands."""
    study = opened()
    values = {number: np.eye(3)[number % 3] for number in range(6)}
    run(study, live_server, preference=Preference({}, values=values, values_are="itself in the box"))
    assert {(r.trial.item.index % 3, r.choice) for r in Response.objects.all()} == {(0, 0), (1, 1), (2, 2)}


def test_the_share_of_a_map_in_the_boxes_is_read_from_what_people_see():
    """A map of one cell, in a corner; a box that holds it, one that does not, and no box."""
    study = make_study(items=3, methods=("grad-cam", "ablation-cam"))
    boxes = ([[0, 0, 32, 32]], [[32, 32, 64, 64]], [])
    for item, box in zip(study.items.order_by("index"), boxes, strict=True):
        item.image.boxes = box
        item.image.save()
        cells = np.zeros((7, 7), np.float32)
        cells[1, 1] = 1
        row = ItemMap.objects.get(item=item, arm__index=0).map
        row.values = cells.tobytes()
        row.save()
    Network.objects.update(preprocessing=Preprocessing().to_json())
    shares = in_boxes(study)
    assert [round(float(shares[n][0]), 2) for n in range(3)] == [1.0, 0.0, 0.0]
    assert 0 < shares[0][1] < 1
    assert shares[2].tolist() == [0, 0]


@pytest.mark.parametrize(("attention", "passed"), [(1.0, 4), (0.0, 0)])
def test_attention_checks_are_answered_right_as_often_as_stated(live_server, attention, passed):
    study = open_study(study=with_boxes(make_study(items=6, responses_per_item=2, attention_checks=2)))
    preference = Preference({"same": 1}, attention=attention)
    assert "; attention checks right" in preference.in_words(study)
    run(study, live_server, participants=2, preference=preference)
    checks = Response.objects.filter(trial__kind="check")
    assert sum(check_passed(answer, study) for answer in checks) == passed
    assert len(checks) == 4
    assert set(Response.objects.filter(trial__kind="main").values_list("choice", flat=True)) == {-1}


@pytest.mark.parametrize("habit", [{"lazy": 1.0}, {"position_bias": 1.0}])
def test_habits_press_the_first_button_whatever_is_there(opened, live_server, habit):
    study = opened()
    run(study, live_server, preference=Preference({"same": 1}, **habit))
    assert set(Response.objects.values_list("shown_value", flat=True)) == {0}
