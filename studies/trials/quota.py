"""How many answers one person is asked for, how many maps each is about, and how long that takes."""

from functools import lru_cache
from math import ceil

from studies.models import Item, Study
from studies.trial_types import trial_type_of

SECONDS_FOR_A_TRIAL = 12
SECONDS_BEFORE_THE_FIRST = 90


def item_count(study: Study) -> int:
    return _frozen_items(study.pk, study.protocol_sha256) or study.items.count()


@lru_cache(maxsize=100)
def _frozen_items(study: int, protocol_sha256: str) -> int:
    """How many items an opened study has, counted once by each process; 0 for one without a fingerprint."""
    return Item.objects.filter(study=study).count() if protocol_sha256 else 0


def maps_shown(study: Study) -> int:
    """How many maps each trial of a study with its arms shows."""
    return trial_type_of(study).layout.shown(study.arms.count())


def expected_main(study: Study) -> int:
    return min(study.trials_per_participant, item_count(study))


def repeats_after(main: int, wanted: int) -> int:
    """How many of the `wanted` repeats follow so many trials: half of them at most, so that there are as many others
    between the two times."""
    return min(wanted, main // 2)


def expected_repeats(study: Study, main: int) -> int:
    return repeats_after(main, study.repeats_per_participant)


def expected_trials(study: Study) -> int:
    """All of it: the main part with its attention checks, and the repeats."""
    main = expected_main(study)
    return main + study.attention_checks + expected_repeats(study, main)


def minutes_for(trials: int) -> int:
    """About how long so many trials take one person, with all that comes before the first; in whole minutes."""
    return ceil((trials * SECONDS_FOR_A_TRIAL + SECONDS_BEFORE_THE_FIRST) / 60)


def study_facts(study: Study, trials: int | None = None) -> dict[str, object]:
    """What the texts of a study may name. `trials`: how many one person is asked for, where no items say it yet."""
    trials = expected_trials(study) if trials is None else trials
    return {"trials": trials, "minutes": minutes_for(trials), "title": study.title}
