"""What was said about each item."""

from dataclasses import dataclass

from .analysis.answers import AnswersError
from .analysis.scores import item_shares, rating_scores
from .models import Study
from .results import Answers


@dataclass(frozen=True)
class ItemRow:
    """What was said about one item."""

    index: int
    photo: str
    class_name: str
    photo_sha256: str  # of the re-encoded photo
    answers: int
    shares: tuple[float, ...]  # of each arm, and of same; or the mean rating alone; empty without answers


def item_rows(study: Study, given: Answers, arms: tuple[str, ...]) -> list[ItemRow]:
    """All items in their order, those without answers too."""
    said = _said(study, given, arms)
    photos = study.items.order_by("index").values_list(
        "index", "image__original_name", "image__class_name", "image__content_sha256"
    )
    return [ItemRow(*photo, *said.get(photo[0], (0, ()))) for photo in photos]


def _said(study: Study, given: Answers, arms: tuple[str, ...]) -> dict[int, tuple[int, tuple[float, ...]]]:
    """For each item with answers: how many, and the shares of the arms and of same, or the mean rating."""
    try:
        shares = item_shares(
            given.items, given.values if study.task == Study.Task.CHOICE else given.values * 0, len(arms)
        )
    except AnswersError:
        return {}
    counts = dict(zip(shares.items.tolist(), shares.answers.tolist(), strict=True))
    if study.task == Study.Task.RATING:
        means = rating_scores(given.items, given.values).by_item
        return {item: (counts[item], (mean,)) for item, mean in means.items()}
    return {
        item: (counts[item], tuple(row))
        for item, row in zip(shares.items.tolist(), shares.shares.tolist(), strict=True)
    }
