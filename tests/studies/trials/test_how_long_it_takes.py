"""How many trials and minutes a person is told of is one rule: at the consent, in the preview, and when a study is set up."""

import pytest

from studies.lifecycle.opening import open_study
from studies.models import Study
from studies.setup.cost_estimate import estimate
from studies.setup.preview import count_asked
from studies.setup.preview_seat import PreviewSeat, PreviewState
from studies.trials import quota
from studies.trials.allocation import claim_trials
from studies.trials.quota import study_facts
from tests.factories import make_participant, make_study
from tests.studies.taking_part import answer

pytestmark = pytest.mark.django_db


def estimated(study):
    return estimate(
        items=study.items.count(),
        responses_per_item=study.responses_per_item,
        trials_per_participant=study.trials_per_participant,
        repeats=study.repeats_per_participant,
        checks=study.attention_checks,
        people=None,
    )


@pytest.mark.parametrize(
    "design",
    [
        {"trials_per_participant": 6},
        {"trials_per_participant": 5, "repeats_per_participant": 4},  # half of the trials at most
        {"trials_per_participant": 9, "repeats_per_participant": 1, "attention_checks": 2},
    ],
)
def test_the_estimate_and_the_consent_say_the_same(design):
    study = make_study(items=7, state=Study.State.READY, **design)
    facts, shown = study_facts(study), estimated(study)
    assert (facts["trials"], facts["minutes"]) == (shown.trials, shown.minutes)
    assert count_asked(study) == shown.trials


def test_all_follow_when_a_trial_takes_longer(monkeypatch):
    study = make_study(items=7, state=Study.State.READY)
    monkeypatch.setattr(quota, "SECONDS_FOR_A_TRIAL", 60)
    minutes = study_facts(study)["minutes"]
    assert minutes == 9  # (7 · 60 + 90) / 60 = 8.5
    assert study_facts(study, PreviewSeat(study, PreviewState()).expected) == study_facts(study)
    assert estimated(study).minutes == minutes


def test_as_many_repeats_are_given_as_were_announced():
    study = open_study(study=make_study(items=5, responses_per_item=1, repeats_per_participant=4))
    person = make_participant(study)
    for trial in claim_trials(participant=person, count=5):
        answer(person, trial.position)
    repeats = claim_trials(participant=person, count=5)
    assert len(repeats) == quota.expected_repeats(study, 5) == 2
    assert study_facts(study)["trials"] == 5 + len(repeats)
