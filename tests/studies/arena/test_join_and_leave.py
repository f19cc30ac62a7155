"""An arm joins a living comparison, and one leaves: nothing that was answered is lost, and everything stays blind and sealed."""

import uuid
from collections import Counter

import pytest

from explain.models import ImageSet
from studies.arena import ArenaError, join, joining, leave, release
from studies.lifecycle import RevisionError
from studies.lifecycle.opening import open_study
from studies.lifecycle.readiness import create_study
from studies.lifecycle.seal import broken_seal
from studies.lifecycle.transitions import StepError
from studies.models import Event, ItemMap, Response, Study
from studies.models.immutability import FrozenStudyError
from studies.protocol import ProtocolError, check_protocol
from studies.results import summary_of
from studies.trials import answer_trial, claim_trials, void_answer
from tests.factories import CONSENT, make_image, make_map, make_network, make_participant
from tests.studies.trials.test_rounds import take_part

pytestmark = pytest.mark.django_db
ARMS = ("grad-cam", "ablation-cam", "layer-cam", "score-cam")
NEW = {"network": "tiny", "method": "grad-cam++", "name": "Newcomer"}
PROTOCOL = {
    "consent": CONSENT,
    "version": 1,
    "slug": "arena",
    "title": "A living comparison",
    "task": "pair",
    "photos": {"set": "birds"},
    "arms": [{"network": "tiny", "method": method, "name": method} for method in ARMS],
    "design": {"seed": 3, "responses_per_item": 2, "trials_per_participant": 8},
    "pair": {"kind": "arena", "public": True},
}


@pytest.fixture(autouse=True)
def birds():
    image_set, network = ImageSet.objects.create(name="birds"), make_network()
    for number in range(8):
        image = make_image(image_set, number, ("hen", "robin")[number % 2], 8 + 7 * (number % 2))
        for method in (*ARMS, "grad-cam++"):
            make_map(image, network, method)


@pytest.fixture
def study():
    return open_study(study=create_study(protocol=check_protocol(PROTOCOL)), alike_seen=True)


def now(study: Study) -> Study:
    return Study.objects.get(pk=study.pk)


def asked(study: Study, arm: int, **which) -> int:
    return sum(arm in trial.arms for trial in study.trials.filter(kind="main", **which))


def test_a_newcomer_is_asked_about_at_once_and_more_and_old_answers_stay(study):
    for number in range(6):
        take_part(study, 8, seed=number)
    before = summary_of(study)
    said = list(Response.objects.order_by("pk").values_list("choice", "status"))
    version = join(study=study, arm=NEW, why="A paper of this year")
    study = now(study)
    assert (version.number, study.state, study.version) == (2, "open", 2)
    assert list(Response.objects.order_by("pk").values_list("choice", "status")) == said
    assert list(study.arms.values_list("index", "name"))[-1] == (4, "Newcomer")
    assert broken_seal(study, with_pictures=True) is None
    after = summary_of(study).outcome
    assert [line.wins for line in after.lines][:4] == [line.wins for line in before.outcome.lines]
    assert after.lines[-1].found.strength is None  # nobody was asked about it
    free = study.trials.filter(state="open")
    assert asked(study, 4, state="open") >= free.count() / 3
    shown = [take_part(study, 8, seed=number) for number in range(10, 13)]
    by_arm = Counter(arm for trials in shown for trial in trials for arm in trial.arms)
    assert by_arm[4] == max(by_arm.values())
    assert summary_of(study).outcome.lines[-1].found.strength is not None
    event = study.events.get(kind=Event.Kind.ARM_JOINED)
    assert event.data["arm"] == "Newcomer"
    assert event.data["why"] == "A paper of this year"


def test_its_pictures_cannot_be_told_from_those_of_the_others(study):
    join(study=study, arm=NEW, why="New")
    files = [row.picture for row in ItemMap.objects.filter(item__study=study)]
    files += [item.picture for item in study.items.all()]
    assert len({file.size for file in files}) == 1
    assert len({file.name for file in files}) == len(files) == 8 * 6
    for item in study.items.all():
        kept = {row.arm.index: row.picture_sha256 for row in item.item_maps.all()}
        assert kept.pop(4) not in set(kept.values())


def test_it_is_sealed_once_it_is_in(study):
    join(study=study, arm=NEW, why="New")
    with pytest.raises(FrozenStudyError):
        now(study).arms.last().delete()
    study.arms.filter(name="Newcomer").change_what_is_frozen(name="Other")
    assert {change.part for change in broken_seal(now(study)).changes} >= {"arms"}


def test_where_it_cannot_go_on_the_arm_has_not_joined_and_no_picture_is_lost(study, monkeypatch):
    change, refused = joining.change_state, []

    def once(*, to, **options):
        if to == "open" and not refused:
            refused.append(to)
            raise StepError("closed by somebody else")
        return change(to=to, **options)

    monkeypatch.setattr(joining, "change_state", once)
    with pytest.raises(StepError):
        join(study=study, arm=NEW, why="New")
    assert (now(study).version, study.arms.count(), now(study).state) == (1, 4, "open")
    files = [row.picture for row in ItemMap.objects.filter(item__study=study)]
    assert all(file.storage.exists(file.name) for file in files)


def test_a_study_that_is_closed_while_an_arm_leaves_stays_closed_and_it_is_said(study, monkeypatch):
    change = joining.change_state

    def and_closed(*, study, to, **options):
        change(study=study, to=to, **options)
        change(study=study, to="closed")

    monkeypatch.setattr(joining, "change_state", and_closed)
    with pytest.raises(RevisionError, match="is closed"):
        leave(study=study, name="score-cam", why="Gone")
    assert now(study).state == "closed"


@pytest.mark.parametrize(
    ("arm", "words"),
    [
        ({"network": "tiny", "method": "grad-cam"}, "arms"),
        ({"network": "tiny", "method": "grad-cam++", "name": "score-cam"}, "name"),
        ({"network": "tiny", "method": "eigen-cam"}, ""),
        ({"network": "nobody", "method": "grad-cam"}, "nobody"),
    ],
)
def test_what_is_no_new_arm_does_not_join(study, arm, words):
    with pytest.raises(ProtocolError, match=words):
        join(study=study, arm=arm, why="New")
    assert (now(study).version, study.arms.count(), now(study).state) == (1, 4, "open")


def test_one_that_leaves_is_asked_about_no_more_and_keeps_its_row(study):
    take_part(study, 8, seed=1)
    person = make_participant(study, number=50)
    held = claim_trials(participant=person, count=8)
    theirs = [trial for trial in held if 3 in trial.arms]
    assert theirs
    answered = asked(study, 3, state="answered")
    leave(study=study, name="score-cam", why="Its authors wish it")
    assert asked(study, 3, state="open") == asked(study, 3, state="claimed") == 0
    assert asked(study, 3, state="answered") == answered
    late = answer_trial(
        participant=person, position=theirs[0].position, shown_value=0, answer_id=uuid.uuid4()
    )
    assert not late.counts  # kept, as what comes late is
    for number in range(10, 16):
        assert all(3 not in trial.arms for trial in take_part(now(study), 8, seed=number))
    lines = summary_of(now(study)).outcome.lines
    assert lines[3].wins + lines[3].losses + lines[3].same == answered
    assert broken_seal(now(study)) is None
    with pytest.raises(ArenaError, match="has left"):
        leave(study=now(study), name="score-cam", why="Again")


def test_an_answer_about_one_that_has_left_is_not_asked_again(study):
    mine = take_part(study, 8, seed=1)
    leave(study=study, name="score-cam", why="Its authors wish it")
    gone, stays = (next(trial for trial in mine if (3 in trial.arms) == which) for which in (True, False))
    made = study.trials.count()
    void_answer(response=Response.objects.get(trial=gone.pk), reason="test")
    assert study.trials.count() == made
    void_answer(response=Response.objects.get(trial=stays.pk), reason="test")
    assert study.trials.count() == made + 1


def test_two_arms_at_least_stay(study):
    for name in ARMS[:2]:
        leave(study=now(study), name=name, why="Gone")
    with pytest.raises(ProtocolError):
        leave(study=now(study), name=ARMS[2], why="Gone")


def test_only_a_living_comparison_takes_newcomers(study):
    plain = open_study(
        study=create_study(protocol=check_protocol(PROTOCOL | {"slug": "plain", "pair": {}})), alike_seen=True
    )
    for act in (
        lambda: join(study=plain, arm=NEW, why="New"),
        lambda: leave(study=plain, name="grad-cam", why="Old"),
    ):
        with pytest.raises(ArenaError, match="has an end"):
            act()
    with pytest.raises(ArenaError, match="no arm"):
        leave(study=study, name="nobody", why="Old")
    with pytest.raises(ArenaError, match="no embargo"):
        release(study=study, name="grad-cam", why="Old")


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"pair": {"kind": "arena", "embargo": ["nobody"]}}, "pair.embargo"),
        ({"pair": {"kind": "adaptive", "public": True}}, "pair.public"),
        ({"pair": {"kind": "arena", "has_left": list(ARMS[:3])}}, "arms"),
        ({"pair": {"kind": "ring"}}, "pair.kind"),
        ({"analysis": {"contrasts": [list(ARMS[:2])]}}, "analysis.contrasts"),
    ],
)
def test_what_a_living_comparison_cannot_be(changes, key):
    with pytest.raises(ProtocolError) as error:
        check_protocol(PROTOCOL | changes)
    assert key in {fault.name for fault in error.value.faults}


def test_one_that_looks_like_another_joins_only_where_somebody_has_seen_it(study):
    network = make_network("twin")
    for row in ItemMap.objects.filter(item__study=study, arm__index=0):
        twin = make_map(row.item.image, network, "grad-cam")
        type(twin).objects.filter(pk=twin.pk).update(values=row.map.values)
    twin = {"network": "twin", "method": "grad-cam", "name": "Twin"}
    with pytest.raises(ArenaError, match="Twin and grad-cam look the same on 8 of 8"):
        join(study=study, arm=twin, why="New")
    assert join(study=now(study), arm=twin, why="New", alike_seen=True).number == 2
