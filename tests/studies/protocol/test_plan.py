"""What a protocol fixes about the analysis before there is data: read, checked, and kept."""

import tomllib

import pytest

from studies.analysis.exclusions import Rules
from studies.protocol.analysis_plan import plan_of
from studies.protocol.schema import ProtocolError, check_protocol
from tests.factories import make_study

PROTOCOL = """
version = 1
slug = "small"
title = "A small study"
task = "choice"
[photos]
set = "samples"
[[arms]]
network = "tiny"
method = "grad-cam"
[[arms]]
network = "tiny"
method = "ablation-cam"
[design]
seed = 3
"""
PLAN = """
[analysis]
contrasts = [["ablation-cam", "grad-cam"]]
hide_running_results = true
[exclusions]
median_ms = 400
position_share = 0.9
"""


def faults_of(plan: str) -> str:
    with pytest.raises(ProtocolError) as error:
        check_protocol(tomllib.loads(PROTOCOL + plan))
    return str(error.value)


@pytest.mark.django_db
def test_a_plan_is_kept_with_the_study():
    protocol = check_protocol(tomllib.loads(PROTOCOL + PLAN))
    plan = plan_of(make_study(protocol=protocol.source), ("grad-cam", "ablation-cam"))
    assert plan.contrasts == ((1, 0),)
    assert plan.rules == Rules(median_ms=400, position_share=0.9)
    assert plan.hide_running_results


@pytest.mark.django_db
def test_without_a_plan_nothing_is_declared_and_nobody_left_out():
    check_protocol(tomllib.loads(PROTOCOL))
    plan = plan_of(make_study(), ("grad-cam", "ablation-cam"))
    assert (plan.contrasts, plan.rules, plan.hide_running_results) == ((), None, False)


@pytest.mark.parametrize(
    ("plan", "fault"),
    [
        (
            '[analysis]\ncontrasts = [["grad-cam", "gradcam"]]',
            "analysis.contrasts: names 'gradcam'; there is grad-cam",
        ),
        ('[analysis]\ncontrasts = [["grad-cam", "grad-cam"]]', "each entry must be two different names"),
        ('[analysis]\ncontrasts = ["grad-cam"]', "each entry must be two different names"),
        ('[analysis]\ncontrasts = "all"', "analysis.contrasts: is 'all'; it must be a list of pairs"),
        ('[analysis]\nhide_running_results = "yes"', "it must be true or false"),
        ("[exclusions]\nmedian_ms = 0", "exclusions.median_ms: is 0"),
        (
            "[exclusions]\nposition_share = 1.5",
            "exclusions.position_share: is 1.5; it must be a number between 0 and 1",
        ),
        (
            "[exclusions]\nmedian = 400",
            "exclusions.median: is unknown; known keys are failed_practice, median_ms, missed_checks, position_share",
        ),
    ],
)
def test_every_fault_of_a_plan_is_named(plan, fault):
    assert fault in faults_of(plan)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("0", "is 0; it must be a number above 0 and below 1"),
        ("1.0", "is 1.0; it must be a number above 0 and below 1"),
        ("nan", "is nan; it must be a number above 0 and below 1"),
        ('"much"', "is 'much'; it must be a number above 0 and below 1"),
        ("true", "is True; it must be a number above 0 and below 1"),
    ],
)
def test_the_smallest_effect_of_choices_is_a_difference_of_shares(value, fault):
    assert f"analysis.smallest_effect: {fault}" in faults_of(f"[analysis]\nsmallest_effect = {value}\n")


def test_the_smallest_effect_of_ratings_is_in_points_of_their_scale():
    rating = PROTOCOL.replace('"choice"', '"rating"')
    plan = "[analysis]\nsmallest_effect = {}\n"
    kept = check_protocol(tomllib.loads(rating + plan.format(1)))
    assert kept.complete["analysis"]["smallest_effect"] == 1.0
    with pytest.raises(ProtocolError, match="must be a number above 0 and below 2"):
        check_protocol(tomllib.loads(rating + plan.format(2)))


def test_a_protocol_that_declares_neither_is_the_same_as_before():
    assert "smallest_effect" not in check_protocol(tomllib.loads(PROTOCOL)).complete["analysis"]
