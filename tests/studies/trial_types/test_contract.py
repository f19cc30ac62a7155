"""What every trial type must do, tried on each one that is registered: a new one gets all of it for nothing."""

import csv
import json
import re
import subprocess
import sys
from itertools import cycle, permutations
from uuid import uuid4

import numpy as np
import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.core.management import load_command_class
from django.template.loader import get_template
from django.urls import reverse
from django.utils import timezone

from studies.analysis.power import Assumptions
from studies.analysis.table import UNKNOWN
from studies.core import languages
from studies.exports.archive import export
from studies.exports.importer import import_responses
from studies.lifecycle.opening import open_study
from studies.models import Event, Invitation, Participant, Response, Study, Trial
from studies.protocol.schema import ProtocolError, check_protocol
from studies.protocol.wording import default_wording, unknown_places
from studies.results.as_json import scores_json
from studies.results.part import AnswerSelection
from studies.setup.forms.base import NewStudyForm
from studies.setup.forms.wording_and_design import WordingForm
from studies.setup.power_analysis import analyse_power
from studies.simulation.volunteers import Preference, simulate
from studies.trial_types import AnswerError, Rows, trial_type, trial_type_of, trial_types
from studies.trials.attention_checks import check_passed
from studies.trials.practice import right_side
from tests.factories import make_participant, make_study
from tests.studies.taking_part import open_study as open_quickly

pytestmark = pytest.mark.django_db
ARMS = ("grad-cam", "ablation-cam")  # two arms, which every type can ask about


@pytest.fixture(params=trial_types(), ids=lambda entry: entry.name)
def asked(request):
    return request.param


def make(asked, slug="contract", **fields) -> Study:
    return make_study(slug, **{"task": asked.name, "methods": ARMS, "items": 3, **fields})


def opened(asked, **fields) -> tuple[Study, str]:
    """An open study and the path of its invitation."""
    study = open_study(study=make(asked, **{"responses_per_item": 1, **fields}))
    return study, reverse("join", args=[Invitation.issue(study)[1]])


def current(participant: Participant) -> Trial:
    return participant.trials.filter(state="claimed").order_by("position")[0]


def orders_of(arms: int) -> list[tuple[int, ...]]:
    return list(permutations(range(arms)))


# What it says for itself


def test_it_is_found_by_its_name(asked):
    assert trial_type(asked.name) is asked
    assert trial_type_of(Study(task=asked.name)) is asked
    assert asked.name in dict(Study._meta.get_field("task").flatchoices)
    assert re.fullmatch("[a-z][a-z-]*", asked.name)
    with pytest.raises(ValueError, match="'nonsense' is no trial type; there is"):
        trial_type("nonsense")


def test_every_button_says_something_of_the_arms_wherever_they_stand(asked):
    """Whatever the order, the buttons can say the same things, and each says another one."""
    answers = asked.answers
    Response._meta.get_field(answers.column)
    buttons = answers.shown_values(2)
    meanings = [[answers.meaning(order, button) for button in buttons] for order in orders_of(2)]
    assert all(list(meaning) == [answers.column] for row in meanings for meaning in row)
    one, other = ([meaning[answers.column] for meaning in row] for row in meanings)
    assert sorted(one) == sorted(set(one)) == sorted(other)
    assert one != other
    words = [answers.in_words(value, ["first", "second"]) for value in one]
    assert len(set(words)) == len(words)


def test_what_is_no_button_is_refused_by_name(asked):
    buttons = asked.answers.shown_values(2)
    for wrong in (buttons[0] - 1, buttons[-1] + 1):
        with pytest.raises(AnswerError, match=rf"^{wrong} is no .*: it must be .*\.$"):
            asked.answers.meaning((0, 1), wrong)


def test_what_passes_a_check_is_what_is_right_in_practice(asked):
    """Both ask for the map on the object: place 0 of a check, and one of the two sides of an example."""
    answers = asked.answers
    for order in orders_of(2):
        for button in answers.shown_values(2):
            stored = answers.meaning(order, button)[answers.column]
            assert answers.prefers_first(stored) == answers.prefers_place(button, order.index(0))
    values = np.array(answers.shown_values(2))
    assert answers.prefers_first(values).tolist() == [bool(answers.prefers_first(value)) for value in values]
    assert set(answers.prefers_first(values).tolist()) == {True, False}


def test_every_item_is_asked_as_often_as_the_study_needs_and_the_seed_says_in_which_order(asked):
    asks = {"arms": 2, "items": 5, "each": 4}
    rows = list(asked.layout.rows(**asks, seed=1))
    assert sorted(item for item, _ in rows) == sorted([*range(5)] * 4)
    assert list(asked.layout.rows(**asks, seed=1)) == rows
    assert list(asked.layout.rows(**asks, seed=2)) != rows
    for _, order in rows:
        assert set(order) <= set(range(2))
        assert len(set(order)) == len(order) >= 1
        again = asked.layout.turned(order)
        assert sorted(again) == sorted(order)
        assert len(order) == 1 or all(one != other for one, other in zip(order, again, strict=True))


def test_its_templates_are_in_its_own_folder(asked):
    for name in (asked.page.trial, asked.page.practice, asked.page.keys):
        assert name.startswith(f"trial_types/{asked.name.replace('-', '_')}/")
        get_template(name)


# Its protocol


def protocol_of(asked, arms: int, **changes) -> dict:
    return {
        "version": 1,
        "slug": "contract",
        "title": "T",
        "task": asked.name,
        "photos": {"set": "birds"},
        "arms": [{"network": f"net-{number}", "method": "grad-cam"} for number in range(arms)],
        "design": {"seed": 1},
        **changes,
    }


def test_a_protocol_has_as_many_arms_as_the_type_compares(asked):
    least, most = asked.asked.fewest_arms, asked.asked.most_arms
    assert 1 <= least <= 2 <= most
    for arms in (least, most):
        assert check_protocol(protocol_of(asked, arms)).task == asked.name
    for arms in {least - 1, most + 1} - {0}:
        with pytest.raises(ProtocolError, match=rf"arms: has {arms} entries; a {asked.name} study compares"):
            check_protocol(protocol_of(asked, arms))


@pytest.mark.parametrize("language", languages.codes())
def test_its_words_are_there_in_every_language(asked, language):
    english, words = (default_wording(asked.name, "overlay", code) for code in ("en", language))
    assert {"question", "instructions", "consent", "thanks", *asked.asked.own_wording} == set(words)
    for key, text in words.items():
        assert text
        assert language == "en" or text != english[key]
        for line in [text] if isinstance(text, str) else text:
            assert not unknown_places(key, line)
    assert check_protocol(protocol_of(asked, 2, language=language)).wording == words


def test_each_of_its_own_texts_is_asked_for_in_the_set_up_and_comes_back(asked):
    source = protocol_of(asked, 2)
    shown = WordingForm(None, source=source)
    own = list(asked.asked.own_wording)
    assert own == [name for name in shown.fields if name in own]
    typed = {
        name: value for name, value in shown.initial.items() if name in shown.fields and value is not None
    }
    for name in own:
        typed[name] = "\n".join(f"{line} (mine)" for line in typed[name].split("\n"))
    form = WordingForm(typed, source=source)
    assert form.is_valid(), form.errors
    said = check_protocol(form.written()).wording
    for name in own:
        assert said[name] != asked.asked.own_wording[name]
        assert type(said[name]) is type(asked.asked.own_wording[name])
    assert set(form.written().get("wording", {})) == set(own)


def test_it_is_offered_where_a_study_begins(asked):
    choices = dict(NewStudyForm().fields["task"].choices)
    assert choices[asked.name] == asked.asked.offer
    assert "?" in asked.asked.offer


# Taking part


def test_a_page_has_a_button_for_every_answer_and_a_key_for_every_button(visitor, asked):
    _, join = opened(asked)
    visitor.start(join)
    buttons = visitor.soup.select("form#answer button[name=value].option")
    assert sorted(int(button["value"]) for button in buttons) == list(asked.answers.shown_values(2))
    keys = [int(button["data-key"]) for button in buttons]
    assert len(set(keys)) == len(keys)
    assert max(keys) == asked.page.last_key(2)
    assert all(button.get_text(strip=True) for button in buttons)
    visitor.get(f"{visitor.home}instructions/")
    assert f"1 to {max(keys)}" in visitor.soup.select_one(".v-keys").get_text(" ", strip=True)


def test_without_scripts_every_answer_is_stored_as_it_was_meant(visitor, asked):
    study, join = opened(asked, items=len(asked.answers.shown_values(2)), trials_per_participant=10)
    visitor.start(join)
    meant = []
    for button in cycle(asked.answers.shown_values(2)):
        if not visitor.on_trial:
            break
        trial = current(study.participants.get())
        meant.append((button, asked.answers.meaning(trial.arms, button)[asked.answers.column]))
        visitor.answer(button)
    assert "/thanks/" in visitor.path
    stored = Response.objects.order_by("id").values_list("shown_value", asked.answers.column)
    assert list(stored) == meant


def test_scripts_send_the_same_answers_and_what_is_none_is_kept_as_refused(client, asked):
    study, _ = opened(asked)
    make_participant(study, instructed_at=timezone.now())
    buttons = asked.answers.shown_values(2)
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
    first, *_, last = asked.answers.shown_values(2)
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
        assert sorted(shown) == list(asked.answers.shown_values(2))
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
    buttons = asked.answers.shown_values(2)
    while visitor.on_trial:
        trial = current(study.participants.get())
        place = trial.arms.index(0)
        wanted = [button for button in buttons if asked.answers.prefers_place(button, place) is right]
        visitor.answer(wanted[0])
    assert [check_passed(row, study) for row in Response.objects.filter(trial__kind="check")] == [right]


# From answers to scores


def answered(asked, client_of_visitor, **fields) -> Study:
    """A study that three people have filled with what every button says."""
    study, join = opened(asked, items=4, responses_per_item=3, trials_per_participant=4, **fields)
    buttons = cycle(asked.answers.shown_values(2))
    for _ in range(3):
        visitor = client_of_visitor()
        visitor.start(join)
        while visitor.on_trial:
            visitor.answer(next(buttons))
    assert Response.objects.count() == 12
    return study


def test_its_columns_are_named_once_and_the_one_to_import_is_among_them(asked):
    names = [column.name for entry in trial_types() for column in entry.files.columns]
    assert len(set(names)) == len(names)
    assert asked.files.column in {column.name for column in asked.files.columns}
    assert {column.type for column in asked.files.columns} <= {"integer", "text"}


def test_a_file_can_say_whatever_can_be_stored_and_nothing_else(asked):
    arms = ["first", "second"]
    stored = {asked.answers.stored_value((0, 1), button) for button in asked.answers.shown_values(2)}
    readings = asked.files.readings(arms)
    assert set(readings.values()) == stored
    assert {readings[str(asked.files.wide_cell(value, arms))] for value in stored} == stored
    assert asked.files.allowed(arms)


def test_every_answer_has_its_cell_where_nobody_knows_what_was_on_screen(asked):
    """Imported answers come without it."""
    stored = np.array(
        [asked.answers.stored_value((0, 1), button) for button in asked.answers.shown_values(2)]
    )
    rows = Rows(
        arms=["first", "second"],
        check_maps=["object", "elsewhere"],
        value=stored,
        shown=np.full(len(stored), UNKNOWN),
        check=np.zeros(len(stored), bool),
        orders=[""],
        order=np.zeros(len(stored), int),
    )
    for column in asked.files.columns:
        cells = column.cells(rows)
        said = [cells.values[place] for place in cells.places.tolist()]
        assert len(said) == len(stored)
        if column.name == asked.files.column:
            assert len({*said} - {None}) == len(stored)


def test_an_exported_study_is_imported_again_with_the_same_scores(another_visitor, asked, tmp_path):
    study = answered(asked, another_visitor)
    export(study=study, to=tmp_path, formats=["csv"])
    other = make(asked, "again", items=4, networks=("other",), seed=study.seed)
    path = tmp_path / "answers.csv"
    assert import_responses(study=other, path=path) == (12, 3)
    everyone = AnswerSelection("real")
    once, again = (scores_json(Study.objects.get(pk=row.pk), everyone) for row in (study, other))
    for key in set(once) & {
        "scores",
        "same",
        "mean",
        "interval",
        "by_arm",
        "responses",
        "participants",
        "items",
    }:
        assert again[key] == once[key], key
    with path.open(encoding="utf-8", newline="") as file:
        assert {row["check_passed"] for row in csv.DictReader(file)} == {""}


def test_anybody_recomputes_its_scores_from_the_exported_file(another_visitor, asked, tmp_path):
    study = answered(asked, another_visitor)
    export(study=study, to=tmp_path, formats=["csv"])
    script = settings.BASE_DIR / asked.results.recomputed_by
    done = subprocess.run(
        [sys.executable, "-I", script, "answers.csv", "--seed", str(study.seed), "--check", "scores.json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "every score agrees" in done.stderr


def test_simulated_people_press_buttons_that_there_are_and_answer_checks_as_they_are_told(asked):
    stated = Preference({"first": 3, "second": 1, "same": 1}, mean=0.5)
    buttons, random = asked.answers.shown_values(2), np.random.default_rng(1)
    assert asked.people.first in buttons
    own = asked.people.own(stated, ["first", "second"], random)
    firsts = 0
    for number in range(400):
        order = [number % 2, 1 - number % 2]
        values = np.array([0.9, 0.1]) if number >= 300 else None
        button = asked.people.answer(stated, own=own, taste=0.0, order=order, values=values, random=random)
        assert button in buttons
        firsts += bool(asked.answers.prefers_first(asked.answers.stored_value(order, button)))
        for right in (True, False):
            checked = asked.people.check(order, right, random)
            assert checked in buttons
            assert asked.answers.prefers_place(checked, order.index(0)) is right
    assert firsts > 200  # they prefer what they are said to, wherever it stands


@pytest.mark.django_db(transaction=True)
def test_simulated_people_fill_it(live_server, asked):
    study, _ = opened(asked, items=4, responses_per_item=2, trials_per_participant=4)
    preference = Preference({ARMS[0]: 1, "same": 1})
    assert preference.in_words(study)
    done = simulate(
        study=study, participants=2, seed=1, preference=preference, base_url=live_server.url, at_once=1
    )
    assert (done.answers, done.let_in) == (8, 2)
    assert Response.objects.filter(simulated=True, **{f"{asked.answers.column}__isnull": False}).count() == 8


def test_more_people_find_the_effect_that_is_assumed_more_often(asked):
    protocol = check_protocol(protocol_of(asked, 2, photos={"set": "unseen", "limit": 30}))
    found = analyse_power(protocol=protocol, people=[6, 40], studies=20)
    few, many = found.points
    assert found.task == asked.name
    assert 0 <= few.power <= many.power
    assert many.width < few.width
    assert found.assumptions.effect == asked.power.effect > 0
    none = analyse_power(protocol=protocol, people=[6], studies=20, assumptions=Assumptions(0.0)).points[0]
    assert none.power < 0.3
    said = asked.power.assumed(found.assumptions, found.arms, "photos differ")
    assert said.startswith("Assumed ")
    assert "photos differ" in said
    assert asked.power.effect_in_words
    assert asked.power.width_of
    effect = f"{asked.name}: {asked.power.effect_of} (default {asked.power.effect:g})"
    options = load_command_class("studies", "power").create_parser("manage.py", "power")._actions
    assert effect in next(option.help for option in options if option.dest == "effect")


def test_its_trial_page_says_in_its_classes_what_it_is(visitor, asked):
    """Styles and scripts go by these."""
    _, join = opened(asked)
    visitor.start(join)
    body = BeautifulSoup(visitor.response.content, "html.parser").body
    assert {"trial", asked.name, "arms-2"} <= set(body["class"])
