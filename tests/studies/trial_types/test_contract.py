"""What every trial type must say for itself and of its protocol, tried on each one that is registered.

A new one gets all tests of the contract for nothing: these, those of test_contract_*.py, and in a browser those of
tests/browser/test_every_trial_type.py and test_access.py.
"""

import re
from collections import Counter

import numpy as np
import pytest
from django.template.loader import get_template

from studies.models import Response, Study
from studies.protocol.schema import ProtocolError, check_protocol
from studies.setup.forms.base import NewStudyForm
from studies.setup.forms.wording_and_design import WordingForm
from studies.trial_types import AnswerError, trial_type, trial_type_of
from tests.studies.trial_types.contract import (
    ARMS,
    buttons_of,
    check_orders_of,
    folder_of,
    object_in,
    orders_of,
    protocol_of,
    shown_by,
)
from tests.studies.trial_types.contract import asked as asked

pytestmark = pytest.mark.django_db

# What it says for itself


def test_it_is_found_by_its_name(asked):
    assert trial_type(asked.name) is asked
    assert trial_type_of(Study(task=asked.name)) is asked
    assert asked.name in dict(Study._meta.get_field("task").flatchoices)
    assert re.fullmatch("[a-z][a-z-]*", asked.name)
    with pytest.raises(ValueError, match="'nonsense' is no trial type; there is"):
        trial_type("nonsense")


def test_every_button_says_something_of_the_arms_wherever_they_stand(asked):
    """Each button says another thing. Where all arms are shown, the buttons can say the same things in whatever order."""
    answers = asked.answers
    Response._meta.get_field(answers.column)
    buttons = buttons_of(asked)
    meanings = [[answers.meaning(order, button) for button in buttons] for order in orders_of(asked)]
    assert all(list(meaning) == [answers.column] for row in meanings for meaning in row)
    one, other = ([answers.read(meaning[answers.column]) for meaning in row] for row in meanings)
    said = [[answers.stored_value(order, button) for button in buttons] for order in orders_of(asked)]
    assert [one, other] == said
    for row in (one, other):
        assert sorted(row) == sorted(set(row))
    assert sorted(one) == sorted(other) or shown_by(asked) < len(ARMS)
    assert one != other
    words = [answers.in_words(value, ["first", "second"]) for value in one]
    assert len(set(words)) == len(words)


def test_what_is_no_button_is_refused_by_name(asked):
    buttons = buttons_of(asked)
    for wrong in (buttons[0] - 1, buttons[-1] + 1):
        with pytest.raises(AnswerError, match=rf"^{wrong} is no .*: it must be .*\.$"):
            asked.answers.meaning(orders_of(asked)[0], wrong)


def test_what_passes_a_check_is_what_is_right_in_practice(asked):
    """Both ask for the map on the object: place 0 of a check, and one of the two sides of an example."""
    answers = asked.answers
    for order in check_orders_of(asked):
        for button in buttons_of(asked):
            stored = answers.stored_value(order, button)
            assert answers.prefers_first(stored) == answers.prefers_place(button, object_in(asked, order))
        values = np.array([answers.stored_value(order, button) for button in buttons_of(asked)])
        passes = answers.prefers_first(values).tolist()
        assert passes == [bool(answers.prefers_first(value)) for value in values]
        assert set(passes) == {True, False}


@pytest.mark.parametrize("fewest", [False, True], ids=["two arms", "the fewest arms"])
def test_every_item_is_asked_as_often_as_the_study_needs_and_the_seed_says_in_which_order(asked, fewest):
    arms = asked.asked.fewest_arms if fewest else len(ARMS)
    asks = {"arms": arms, "items": 5, "stages": (4,)}
    rows = list(asked.layout.rows(**asks, seed=1))
    assert sorted(item for item, _ in rows) == sorted([*range(5)] * 4)
    assert list(asked.layout.rows(**asks, seed=1)) == rows
    assert list(asked.layout.rows(**asks, seed=2)) != rows
    for _, order in rows:
        assert set(order) <= set(range(arms))
        assert len(set(order)) == len(order) == asked.layout.shown(arms)
        again = asked.layout.turned(order)
        assert sorted(again) == sorted(order)
        assert len(order) == 1 or all(one != other for one, other in zip(order, again, strict=True))


def test_when_a_study_grows_what_was_laid_out_stays_and_every_item_is_asked_so_many_times_more(asked):
    for arms in range(asked.asked.fewest_arms, len(ARMS) + 1):
        first, second, third = (
            list(asked.layout.rows(arms=arms, items=5, stages=stages, seed=1))
            for stages in ((3,), (3, 4), (3, 4, 6))
        )
        assert (second[:15], third[:20]) == (first, second)
        assert Counter(item for item, _ in third[20:]) == dict.fromkeys(range(5), 2)


def test_its_templates_are_in_its_own_folder(asked):
    for name in (asked.page.trial, asked.page.practice, asked.page.keys):
        assert name.startswith(folder_of(asked))
        get_template(name)


# Its protocol


def test_a_protocol_has_as_many_arms_as_the_type_compares(asked):
    least, most = asked.asked.fewest_arms, asked.asked.most_arms
    assert 1 <= least <= 2 <= most
    for arms in (least, most):
        assert check_protocol(protocol_of(asked, arms)).task == asked.name
    for arms in {least - 1, most + 1} - {0}:
        with pytest.raises(ProtocolError, match=rf"arms: has {arms} entries; a {asked.name} study compares"):
            check_protocol(protocol_of(asked, arms))


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
