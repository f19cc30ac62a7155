"""What was said about each item, beside where its maps came from."""

from dataclasses import dataclass

from .analysis.answers import AnswersError
from .analysis.scores import item_shares, rating_scores
from .models import Study
from .provenance import Origin, origins
from .results import Answers


@dataclass(frozen=True)
class ItemRow:
    """What was said about one item, and where its pictures came from."""

    index: int
    photo: str
    class_name: str
    photo_sha256: str
    answers: int
    shares: tuple[float, ...]  # of each arm, and of same; or the mean rating alone; empty without answers
    maps: tuple[Origin, ...]


def item_rows(study: Study, given: Answers, arms: tuple[str, ...]) -> list[ItemRow]:
    """All items in their order, those without answers too."""
    said = _said(study, given, arms)
    grouped: dict[int, list[Origin]] = {}
    for origin in origins(study):
        grouped.setdefault(origin.item, []).append(origin)
    return [
        ItemRow(
            index,
            maps[0].photo,
            maps[0].class_name,
            maps[0].photo_sha256,
            *said.get(index, (0, ())),
            tuple(maps),
        )
        for index, maps in grouped.items()
    ]


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
