"""Trial types whose trials show some of the arms, two of four and one: laid out, taken part in, and blind."""

import json
from collections import Counter
from dataclasses import replace
from itertools import permutations

import pytest
from django.urls import reverse

from explain.cam.rendering import encoding
from studies.lifecycle import prepare_pictures
from studies.lifecycle.fingerprint import is_intact
from studies.lifecycle.opening import OpeningError, open_study
from studies.models import CheckMap, ItemMap, Participant, Study, Trial
from studies.setup.preview import shots_of
from studies.simulation.blinding_audit import check_blinding
from studies.simulation.volunteers import Preference, Volunteer
from studies.trial_types import Layout, registry
from studies.trial_types.choice import CHOICE
from studies.trials.allocation import lay_out_trials
from studies.trials.practice import EXAMPLE_DRAWINGS, EXAMPLE_PICTURES, right_side
from tests.factories import make_study, without_pictures
from tests.studies.blinding import show
from tests.studies.trial_types.some_arms import ARMS, ONE, SAME, SomeArms, current, go_through, opened, ready
from tests.studies.trial_types.some_arms import asked as asked
from tests.studies.trial_types.some_arms import one as one
from tests.studies.trial_types.some_arms import two as two

pytestmark = pytest.mark.django_db


# Laid out


def test_every_trial_shows_as_many_arms_as_the_type_says(asked):
    study, _ = opened(items=12, responses_per_item=4)
    shown = asked.layout.shown(4)
    orders = Counter(study.trials.values_list("order", flat=True))
    assert {len(order.split(",")) for order in orders} == {shown}
    assert len(orders) == len(list(permutations(range(4), shown)))
    assert max(orders.values()) - min(orders.values()) == 0
    assert is_intact(Study.objects.get(pk=study.pk))


@pytest.mark.parametrize("order", [(0,), (0, 1, 2), (1, 1), (0, 4)])
def test_an_order_that_is_not_what_the_type_says_lays_out_nothing(two, monkeypatch, order):
    monkeypatch.setattr(SomeArms, "rows", lambda self, **asks: iter([(0, order)]))
    study = make_study(methods=ARMS)
    with pytest.raises(ValueError, match="each is to show 2 of the arms 0 to 3, none twice"):
        lay_out_trials(study)
    assert not study.trials.exists()


@pytest.mark.parametrize("layout", [ONE.layout, Layout()], ids=["its own layout", "every type's layout"])
def test_a_type_that_asks_about_one_arm_can_be_opened_with_one(monkeypatch, layout):
    entry = replace(ONE, asked=type("Asked", (type(CHOICE.asked),), {"fewest_arms": 1})(), layout=layout)
    monkeypatch.setitem(registry._TYPES, "choice", entry)
    study = open_study(study=make_study(methods=("grad-cam",), items=3, responses_per_item=1))
    assert list(study.trials.values_list("order", flat=True)) == ["0"] * 3
    assert not [check for check in check_blinding(study=study) if check.name == "orders" and check.leaks]
    with pytest.raises(OpeningError, match="no items or fewer arms than 1"):
        open_study(study=make_study("none", methods=(), networks=("other",)))


# Taken part in


def test_a_page_shows_the_maps_of_its_trial_and_serves_no_others(visitor, asked):
    study, join = opened()
    visitor.start(join)
    shown = asked.layout.shown(4)
    trial = current(study.participants.get())
    addresses = [picture["src"] for picture in visitor.soup.select(".maps img")]
    assert len(addresses) == len(visitor.soup.select(".map.option")) == shown
    assert f"arms-{shown}" in visitor.soup.body["class"]
    maps = {row.arm.index: row for row in trial.item.item_maps.select_related("arm")}
    for arm, address in zip(trial.arms, addresses, strict=True):
        assert visitor.client.get(address).content == maps[arm].picture.read()
    handed = json.loads(visitor.soup.select_one("#block").text)["trials"]
    assert {len(trial["pictures"]) for trial in handed} == {shown + 1}


def test_the_instructions_name_the_keys_of_a_trial(visitor, asked):
    _, join = opened()
    visitor.start(join).get(f"{visitor.home}instructions/")
    keys = visitor.soup.select_one(".v-keys").get_text(" ", strip=True)
    assert f"1 to {asked.layout.shown(4)} for the maps" in keys


def test_an_answer_names_the_arm_that_was_shown_and_is_taken_back(visitor, asked):
    study, join = opened()
    visitor.start(join)
    person, last = study.participants.get(), asked.layout.shown(4) - 1
    arms = current(person).arms
    visitor.answer(last)
    assert person.responses.get().choice == arms[last]
    visitor.press("form#undo").answer(-1)
    assert list(person.responses.values_list("status", "choice")) == [("undone", arms[last]), ("counted", -1)]
    visitor.answer(last + 1)  # a button that a trial of all arms would have
    assert visitor.response.status_code == 400


def test_practice_shows_as_many_maps_as_a_trial_at_most_two(visitor, asked):
    _, join = opened(practice=True)
    visitor.start(join)
    shown = asked.layout.shown(4)
    for number in range(2):
        assert len(visitor.soup.select(".map.option")) == shown
        assert f"arms-{shown}" in visitor.soup.body["class"]
        side = right_side(Participant.objects.get(), number)
        if shown == 1:
            picture = EXAMPLE_PICTURES[EXAMPLE_DRAWINGS[number]][side]  # on the object, or beside it
            assert f"-{picture}.svg" in visitor.soup.select_one(".map img")["src"]
        visitor.press(value=SAME if shown == 1 and side == 1 else side)
        assert ("the other marks something else" in visitor.text) == (shown == 2)
        visitor.press()
    assert visitor.on_trial
    said = Participant.objects.get().events.filter(kind="practice").values_list("data__right", flat=True)
    assert list(said) == [True, True]


def test_a_second_button_is_no_answer_to_an_example_of_one_map(visitor, one):
    _, join = opened(practice=True)
    visitor.start(join).press(value=1)
    assert Participant.objects.get().events.get(kind="practice").data["right"] is False


def test_a_check_shows_as_many_maps_as_every_other_trial(visitor, asked):
    study, join = opened(attention_checks=2, trials_per_participant=6)
    shown = asked.layout.shown(4)
    places = CheckMap.objects.filter(item__study=study).values_list("place", flat=True).distinct()
    assert sorted(places) == list(range(shown))
    go_through(visitor, join)
    checks = study.trials.filter(kind="check")
    assert len(checks) == 2
    assert all(sorted(check.arms) == list(range(shown)) for check in checks)
    assert len({check.arms.index(0) for check in checks}) == shown
    assert "/thanks/" in visitor.path


def test_a_repeat_shows_the_same_arms_again(visitor, asked):
    study, join = opened(repeats_per_participant=2)
    go_through(visitor, join)
    person = study.participants.get()
    for repeat in person.trials.filter(kind="repeat"):
        first = person.trials.get(kind="main", item=repeat.item)
        assert sorted(first.arms) == sorted(repeat.arms)
        assert len(first.arms) == 1 or first.arms != repeat.arms


def test_a_preview_shows_as_many_maps_as_a_trial(asked, admin_client):
    study = ready(picture="overlay", trials_per_participant=6)
    shown = asked.layout.shown(4)
    shots = shots_of(study)
    assert {len(shot.pictures) for shot in shots} == {shown + 1}
    admin_client.get(reverse("setup-preview", args=[study.slug]))
    assert f"<kbd>{shown}</kbd> for the maps" in page_of(admin_client, study, "instructions")
    assert page_of(admin_client, study, "trial").count('class="map option"') == shown
    posted = admin_client.post(
        reverse("preview:answers", args=[study.slug]),
        json.dumps({"operations": [operation(shown, 1), operation(shown - 1, 2)]}),
        content_type="application/json",
    )
    assert posted.json()["done"] == 1  # the first is no button of this page


def page_of(client, study: Study, name: str) -> str:
    return client.get(reverse(f"preview:{name}", args=[study.slug]), follow=True).content.decode()


def operation(value: int, number: int) -> dict:
    answer_id = f"00000000-0000-4000-8000-00000000000{number}"
    return {"id": answer_id, "kind": "answer", "position": 1, "value": value, "response_ms": 900}


def test_simulated_people_answer_what_is_there(asked):
    study, _ = opened(items=12)
    stated = Preference(
        {"grad-cam": 3, "ablation-cam": 1, "layer-cam": 1, "pixel-ablation-cam": 1, "same": 1}
    )
    person = Volunteer(study, stated, [1, 1])
    said = [person.value(trial) for trial in study.trials.select_related("item")]
    assert set(said) == set(range(-1, asked.layout.shown(4)))


# Blind


def leaks(study: Study) -> set[str]:
    return {check.name for check in check_blinding(study=study) if check.leaks}


@pytest.fixture
def clock(monkeypatch):
    """Each reply takes as long as any other."""
    ticks = iter(range(10**9))
    stopped = type("Clock", (), {"perf_counter": staticmethod(lambda: float(next(ticks)))})
    monkeypatch.setattr("studies.simulation.blinding_audit.time", stopped)


def drawn(**fields) -> Study:
    """A study whose pictures are drawn, as are those of attention checks. Noise looks like noise."""
    study = ready(**{"items": 24, "trials_per_participant": 24, **fields})
    prepare_pictures(without_pictures(study))
    return study


def test_nothing_tells_an_arm_where_some_are_shown(asked, clock):
    study = drawn(attention_checks=1, repeats_per_participant=1)
    assert leaks(open_study(study=study, alike_seen=True)) == set()


def test_files_that_are_longer_by_arm_are_found_where_no_photo_is_shown_with_two(one, clock):
    study = drawn(responses_per_item=1)
    longer(study)
    assert leaks(open_study(study=study, alike_seen=True)) == {"sizes", "guessing"}


def test_files_that_are_longer_by_arm_are_found_where_two_are_shown(two, clock):
    study = drawn(responses_per_item=1)
    longer(study)
    assert leaks(open_study(study=study, alike_seen=True)) == {"sizes", "guessing"}


def longer(study: Study) -> None:
    for row in ItemMap.objects.filter(item__study=study).select_related("arm"):
        show(row, encoding.filled(row.picture.read(), 60_000 + 500 * row.arm.index))


def test_an_arm_that_stands_first_too_often_is_found(two, clock):
    study, _ = opened(items=24, responses_per_item=1)
    for trial in study.trials.filter(order__contains="0"):
        Trial.objects.filter(pk=trial.pk).change_what_is_frozen(order=",".join(map(str, sorted(trial.arms))))
    assert "orders" in leaks(study)
