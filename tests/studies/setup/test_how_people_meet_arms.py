"""`design.comparison`: what a protocol may say of it, the field of the set-up, and what it costs."""

import copy

import pytest
from django.conf import settings
from django.urls import reverse

from studies.analysis.power import Assumptions
from studies.lifecycle.fingerprint import settings_in_the_hash
from studies.protocol import check_protocol, read_protocol
from studies.protocol.parser import ProtocolError
from studies.setup.cost_estimate import estimate_from
from studies.setup.forms.wording_and_design import DesignForm
from studies.setup.power_analysis import analyse_power, fewest_people
from studies.trial_types import Comparison
from tests.factories import make_study
from tests.studies.setting_up import DESIGN, begin, save

EXAMPLE = "docs/protocols/satisfaction-between.toml"


@pytest.fixture(scope="module")
def example():
    return read_protocol(settings.BASE_DIR / EXAMPLE)


def changed(example, **design):
    source = copy.deepcopy(example.source)
    source["design"] |= design
    source["photos"]["limit"] = 12
    return source


def test_the_example_in_the_docs_compares_between_people(example):
    assert example.comparison == Comparison.BETWEEN
    assert check_protocol(example.complete).complete == example.complete
    assert example.complete["design"]["comparison"] == "between"
    within = check_protocol(changed(example, comparison="within"))
    assert within.comparison == Comparison.WITHIN
    assert "comparison" not in within.complete["design"]  # as protocols of before, and with their hash


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"comparison": "across"}, "design.comparison: is 'across'; it must be"),
        ({"responses_per_item": 41}, "must be a multiple of 2"),
        ({"task": "choice"}, "of a choice study compare arms side by side, .*single, verify"),
        ({"arms": 1}, "design.comparison: is 'between', but there is one arm"),
    ],
)
def test_what_cannot_be_is_said_with_the_remedy(example, changes, fault):
    source = changed(example, **{key: value for key, value in changes.items() if key not in ("task", "arms")})
    if "task" in changes:
        source["task"] = changes["task"]
        del source["trial_questions"], source["design"]["shuffle_questions"]
    if "arms" in changes:
        del source["arms"][1], source["analysis"]["contrasts"]
    with pytest.raises(ProtocolError, match=fault):
        check_protocol(source)


@pytest.mark.django_db
def test_studies_of_before_keep_their_hash():
    assert "comparison" not in settings_in_the_hash(make_study())
    study = make_study("other", networks=("other",), task="single", comparison="between")
    assert settings_in_the_hash(study)["comparison"] == "between"


def test_it_costs_more_people_and_power_says_so(example):
    between, within = (
        check_protocol(changed(example, comparison=way, trials_per_participant=5, responses_per_item=8))
        for way in ("between", "within")
    )
    assert fewest_people(within, 11) == 18  # 88 answers, 5 each
    assert fewest_people(between, 11) == 18  # 44 of each arm: 9 people
    assert fewest_people(between, 12) == 20
    assert fewest_people(within, 12) == 20
    assert fewest_people(between, 13) == 22
    assert fewest_people(within, 13) == 21
    assert estimate_from(13, {**between.source["design"], "people": None}, 2).fewest_people == 22


@pytest.mark.django_db
def test_power_is_of_people_who_meet_one_arm_each(example):
    analyses = {
        way: analyse_power(
            protocol=check_protocol(changed(example, comparison=way, responses_per_item=40)),
            people=[60],
            assumptions=Assumptions(0.8, spread_items=0.2, spread_people=1.0),
            studies=60,
        )
        for way in ("between", "within")
    }
    between, within = analyses["between"], analyses["within"]
    assert between.points[0].power < within.points[0].power - 0.1
    assert between.points[0].width > 1.2 * within.points[0].width
    assert any("more people" in note for note in between.notes)
    assert len(within.notes) == 1
    assert "in how high they answer" in between.assumed


def test_the_field_is_there_where_trials_show_one_map(example):
    form = DesignForm({**DESIGN, "responses_per_item": "4", "comparison": "blocks"}, source=example.source)
    assert form.is_valid(), form.errors
    assert form.initial["comparison"] == "between"
    assert form.written()["design"]["comparison"] == "blocks"
    form = DesignForm({**DESIGN, "comparison": "within"}, source=example.source)
    assert form.is_valid()
    assert "comparison" not in form.written()["design"]
    assert "comparison" not in DesignForm(source={"task": "rating"}).fields


@pytest.mark.django_db
def test_the_estimate_beside_follows_what_is_chosen(browser, birds):
    study = begin(browser, task="single")
    save(browser, study, "networks", networks=["tiny"])
    save(browser, study, "methods", methods=["grad-cam", "ablation-cam"])
    save(browser, study, "design", **DESIGN | {"responses_per_item": "4", "comparison": "between"})
    study.refresh_from_db()
    assert study.protocol["design"]["comparison"] == "between"
    typed = {"items": "13", "responses_per_item": "8", "trials_per_participant": "5"}
    address = reverse("setup-estimate", args=[study.slug])
    fewest = [
        browser.get(address, {**typed, "comparison": way}).json()["estimate"]["fewest"]
        for way in ("within", "between")
    ]
    assert fewest == ["21", "22"]
