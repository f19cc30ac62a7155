"""Taking part in a study of every trial type that is registered: answers, undo, practice, checks; leaving, coming back."""

import json
from itertools import cycle
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils import timezone

from studies.models import Event, Invitation, Participant, Response
from studies.trials.attention_checks import check_passed
from studies.trials.practice import right_side
from tests.factories import make_participant
from tests.studies.participation.test_read_aloud import check_references
from tests.studies.taking_part import open_study as open_quickly
from tests.studies.trial_types.contract import (
    ARMS,
    buttons_of,
    current,
    is_composed,
    main_of,
    object_in,
    opened,
    opened_with_everything,
    practise,
    shown_by,
    way_to_say,
    ways_to_say,
)
from tests.studies.trial_types.contract import asked as asked

pytestmark = pytest.mark.django_db


def test_a_page_has_a_button_for_every_answer_and_a_key_for_every_button(visitor, asked):
    _, join = opened(asked)
    visitor.start(join)
    if is_composed(asked):
        pressed = visitor.soup.select("form#answer .map[data-map]")
        says = {int(asked.page.sent(said, shown_by(asked))) for said in ways_to_say(visitor.soup)}
        assert says >= set(buttons_of(asked))
        assert len(visitor.soup.select("form#answer button.option:not([name])")) == 1
        assert all(part.has_attr("required") for part in visitor.soup.select("[name^=part-]"))
    else:
        pressed = visitor.soup.select("form#answer button[name=value].option")
        assert sorted(int(button["value"]) for button in pressed) == list(buttons_of(asked))
    keys = [int(button["data-key"]) for button in pressed]
    assert len(set(keys)) == len(keys)
    assert max(keys) == asked.page.last_key(shown_by(asked))
    assert all(button.get_text(strip=True) for button in pressed)
    visitor.get(f"{visitor.home}instructions/")
    assert f"1 to {max(keys)}" in visitor.soup.select_one(".v-keys").get_text(" ", strip=True)


def data_of(visitor) -> dict[str, str]:
    return {field["name"]: field.get("value", "") for field in visitor.soup.select("#answer input[name]")}


def test_without_scripts_every_answer_is_stored_as_it_was_meant(visitor, asked):
    study, join = opened(asked, items=len(buttons_of(asked)), trials_per_participant=10)
    visitor.start(join)
    meant = []
    for button in cycle(buttons_of(asked)):
        if not visitor.on_trial:
            break
        trial = current(study.participants.get())
        meant.append((button, asked.answers.meaning(trial.arms, button)[asked.answers.column]))
        if is_composed(asked):
            said = way_to_say(visitor.soup, asked, button)
            fields = {name: value for name, value in data_of(visitor).items() if not name.startswith("part-")}
            visitor.response = visitor.client.post(visitor.path, {**fields, **said}, follow=True)
            visitor._read()
        else:
            visitor.answer(button)
    assert "/thanks/" in visitor.path
    stored = Response.objects.order_by("id").values_list("shown_value", asked.answers.column)
    assert list(stored) == meant


def test_scripts_send_the_same_answers_and_what_is_none_is_kept_as_refused(client, asked):
    study, _ = opened(asked)
    make_participant(study, instructed_at=timezone.now())
    buttons = buttons_of(asked)
    path = f"/p/token-1-of-{study.slug}/answers/"
    positions = [trial["position"] for trial in client.get(path).json()["trials"]]
    sent = [
        {"id": str(uuid4()), "kind": "answer", "position": positions[0], "value": value}
        for value in (buttons[-1] + 1, buttons[0])
    ]
    reply = client.post(path, json.dumps({"operations": sent}), content_type="application/json").json()
    assert reply["settled"] == [operation["id"] for operation in sent]
    assert [str(row.answer_id) for row in Response.objects.all()] == [sent[1]["id"]]
    assert "is no" in Event.objects.get(kind=Event.Kind.REFUSED).data["why"]


def test_an_answer_is_taken_back_and_given_again(visitor, asked):
    _, join = opened(asked)
    first, *_, last = buttons_of(asked)
    visitor.start(join).answer(first)
    visitor.press("form#undo")
    assert visitor.on_trial
    visitor.answer(last)
    said = Response.objects.order_by("id").values_list("status", "shown_value")
    assert list(said) == [("undone", first), ("counted", last)]


def test_practice_takes_what_is_better_on_the_side_of_the_object_and_nothing_else(visitor, asked):
    _, join = opened(asked, practice=True)
    visitor.start(join)
    for number in range(2):
        side = right_side(Participant.objects.get(), number)
        shown = [int(button["value"]) for button in visitor.soup.select("button[name=value]")]
        assert sorted(shown) == list(buttons_of(asked))[: 2 if asked.asked.panels > 1 else None]
        right = [button for button in shown if asked.answers.prefers_place(button, side)]
        wrong = next(button for button in shown if button not in right)
        for button in (wrong, right[-1]):
            assert not visitor.on_trial
            visitor.press(value=button)
            visitor.press()
    assert visitor.on_trial
    practised = Event.objects.filter(kind=Event.Kind.PRACTICE).values_list("data", flat=True)
    assert [data["right"] for data in practised] == [False, True, False, True]


@pytest.mark.parametrize("right", [True, False])
def test_an_attention_check_is_passed_by_the_map_on_the_object(visitor, asked, right):
    study = open_quickly(task=asked.name, methods=ARMS, items=4, responses_per_item=1, attention_checks=1)
    visitor.start(reverse("join", args=[Invitation.issue(study)[1]]))
    buttons = buttons_of(asked)
    while visitor.on_trial:
        trial = current(study.participants.get())
        place = object_in(asked, trial.arms) if trial.kind == "check" else 0
        wanted = [button for button in buttons if asked.answers.prefers_place(button, place) is right]
        visitor.answer(wanted[0])
    assert [check_passed(row, study) for row in Response.objects.filter(trial__kind="check")] == [right]


def test_its_trial_page_says_in_its_classes_what_it_is(visitor, asked):
    """Styles and scripts go by these."""
    _, join = opened(asked)
    visitor.start(join)
    body = BeautifulSoup(visitor.response.content, "html.parser").body
    assert {"trial", asked.name, f"arms-{shown_by(asked)}"} <= set(body["class"])


def test_who_does_not_see_its_pages_hears_a_name_for_every_picture_and_every_answer(visitor, asked):
    """What axe, which looks at one state of a page with scripts, cannot know."""
    _, join = opened(asked, practice=True)
    visitor.start(join)
    while True:
        check_references(visitor.soup)
        assert all(picture["alt"] for picture in visitor.soup.select("main img"))
        assert all(button.get_text(strip=True) for button in visitor.soup.select("main button"))
        if visitor.on_trial:
            break
        assert visitor.path.endswith("/practice/")
        asks = visitor.soup.select_one("button[name=value]")
        visitor.press(**({"value": asks["value"]} if asks else {}))
    groups = visitor.soup.select("#answer [role=group][aria-labelledby=question]")
    assert [button for group in groups for button in group.select("button")]
    assert all(mark["aria-hidden"] == "true" for mark in visitor.soup.select("main kbd"))


# Coming back, and leaving


def on_screen(visitor):
    """What somebody sees who takes part: all words, the buttons with their values, and the bytes of every picture."""
    main = main_of(visitor)
    pictures = [picture["src"] for picture in main.select("img")]
    own = [address for address in pictures if address.startswith("/picture/")]
    return {
        "words": main.get_text(" ", strip=True),
        "buttons": [(b["value"], b.get("data-key"), b.get_text()) for b in main.select("button[name=value]")],
        "pictures": [address for address in pictures if address not in own],
        "own pictures": [visitor.client.get(address).content for address in own],
    }


def test_the_own_link_brings_somebody_back_on_another_device_to_where_they_were(
    visitor, another_visitor, asked
):
    study, join = opened(asked, practice=True)
    first, *_, last = buttons_of(asked)
    visitor.start(join)
    practise(visitor, asked)
    other = another_visitor().get(visitor.home)
    assert other.path.endswith("/practice/")
    assert on_screen(other) == on_screen(visitor)
    practise(other, asked)
    order = current(study.participants.get()).order
    other.answer(first)
    here, there = on_screen(visitor.get(visitor.home)), on_screen(other)
    assert len(here["own pictures"]) > 1
    assert here == there
    visitor.press("form#undo")  # what was answered on the other one
    assert current(study.participants.get()).order == order
    visitor.answer(last)
    other.get(other.home)
    while other.on_trial:
        other.answer(last)
    assert visitor.get(visitor.home).soup.select_one("#code").text == other.soup.select_one("#code").text
    stood = Response.objects.filter(status="counted").select_related("trial")
    assert [row.shown_value for row in stood] == [last] * 3
    for row in stood:
        assert asked.answers.stored_in(row) == asked.answers.stored_value(row.trial.arms, last)


def test_who_comes_by_the_invitation_again_on_another_device_goes_on_where_they_were(
    visitor, another_visitor, asked
):
    """As recruitment sites send people: the same person, and the link that they had before stays theirs."""
    study, join = opened(asked)
    join += "?PROLIFIC_PID=abc123"
    visitor.get(join)
    visitor.path = join
    visitor.press().press().answer(buttons_of(asked)[-1])
    before = on_screen(visitor)
    other = another_visitor().get(join)
    other.path = join
    other.press()
    assert other.home != visitor.home
    assert on_screen(visitor.get(visitor.home)) == before
    assert [on_screen(other)[part] for part in ("buttons", "own pictures")] == [
        before[part] for part in ("buttons", "own pictures")
    ]
    while other.on_trial:
        other.answer(buttons_of(asked)[0])
    assert study.participants.get().responses.filter(status="counted").count() == 3


def test_who_leaves_takes_every_answer_along_and_all_is_asked_again_as_it_was(
    visitor, another_visitor, asked
):
    study, join = opened_with_everything(asked)
    asks = sorted(study.trials.values_list("item", "order"))
    visitor.start(join)
    for _ in range(2):
        practise(visitor, asked)
    for button in cycle(buttons_of(asked)):
        if not visitor.on_trial:
            break
        visitor.answer(button)
    visitor.press()  # after the break
    visitor.answer(buttons_of(asked)[-1])
    home = visitor.home
    visitor.get(f"{home}leave/").press("form")
    assert "/leave/" in visitor.path
    assert not visitor.soup.select("form, main img")
    assert "You have left this study" in visitor.get(home).text
    assert not Response.objects.exists()
    free = study.trials.filter(state="open")
    assert sorted(free.values_list("item", "order")) == asks
    assert set(free.values_list("kind", flat=True)) == {"main"}

    other = another_visitor().start(reverse("join", args=[Invitation.issue(study)[1]]))
    for _ in range(2):
        practise(other, asked)
    while form := other.soup.select_one("form#answer, form[data-next]"):
        other.answer(buttons_of(asked)[0]) if form.get("id") else other.press()
    stood = Response.objects.filter(status="counted")
    assert set(stood.values_list("participant__number", flat=True)) == {2}
    assert sorted(stood.values_list("trial__item", "trial__order")) == asks
