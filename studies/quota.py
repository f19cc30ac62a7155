"""How many answers one person is asked for."""

from functools import lru_cache

from .models import Item, Study


def item_count(study: Study) -> int:
    return _frozen_items(study.pk, study.protocol_sha256) or study.items.count()


@lru_cache(maxsize=100)
def _frozen_items(study: int, protocol_sha256: str) -> int:
    """How many items an opened study has, counted once by each process; 0 for one without a fingerprint."""
    return Item.objects.filter(study=study).count() if protocol_sha256 else 0


def expected_main(study: Study) -> int:
    return min(study.trials_per_participant, item_count(study))


def expected_repeats(study: Study, main: int) -> int:
    return min(study.repeats_per_participant, main // 2)


def expected_trials(study: Study) -> int:
    """All of it: the main part with its attention checks, and the repeats."""
    main = expected_main(study)
    return main + study.attention_checks + expected_repeats(study, main)
