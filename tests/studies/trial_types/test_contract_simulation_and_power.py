"""Simulated people in a study of every trial type that is registered, and how many real ones it needs."""

import numpy as np
import pytest
from django.core.management import load_command_class

from studies.analysis.power import Assumptions
from studies.models import Response
from studies.protocol.schema import check_protocol
from studies.setup.power_analysis import analyse_power
from studies.simulation.volunteers import Preference, simulate
from tests.studies.trial_types.contract import (
    ARMS,
    buttons_of,
    check_orders_of,
    object_in,
    opened,
    orders_of,
    protocol_of,
    shown_by,
)
from tests.studies.trial_types.contract import asked as asked

pytestmark = pytest.mark.django_db


def test_simulated_people_press_buttons_that_there_are_and_answer_checks_as_they_are_told(asked):
    stated = Preference({"first": 3, "second": 1, "same": 1}, mean=0.5)
    buttons, random = buttons_of(asked), np.random.default_rng(1)
    orders, check_orders = orders_of(asked), check_orders_of(asked)
    assert asked.people.first_of(shown_by(asked)) in buttons
    own = asked.people.own(stated, ["first", "second"], random)
    with_first = firsts = 0
    for number in range(400):
        order = [*orders[number % len(orders)]]
        values = np.array([0.9, 0.1]) if number >= 300 else None
        trial = {"own": own, "taste": 0.0, "order": order, "values": values, "random": random}
        if asked.asked.panels > 1:  # they pick what is right: the last
            places = dict.fromkeys(("says", "label"), buttons[-1])
            truth = asked.answers.truth({"places": places, "right": True})
            button = asked.people.answer_to(stated, truth=truth, **trial)
        else:
            button = asked.people.answer(stated, **trial)
        assert button in buttons
        if 0 in order:
            with_first += 1
            firsts += bool(asked.answers.prefers_first(asked.answers.stored_value(order, button)))
        places = [*check_orders[number % len(check_orders)]]
        for right in (True, False):
            checked = asked.people.check(places, right, random)
            assert checked in buttons
            assert asked.answers.prefers_place(checked, object_in(asked, places)) is right
    assert firsts > with_first / 2 >= 100  # they prefer what they are said to, wherever it stands


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
