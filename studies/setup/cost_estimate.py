"""What a design costs, before anybody is asked: answers, people and minutes. Power is power_analysis.py's."""

from dataclasses import dataclass
from math import ceil
from typing import Any

from studies.protocol import NotSeenYetError, ProtocolError, check_protocol
from studies.trial_types import comparison_in
from studies.trials import minutes_for, repeats_after

from .drafts import completed
from .power_analysis import count_photos, fewest


@dataclass(frozen=True)
class Estimate:
    """items × responses_per_item answers; `trials` is what one person is asked for, repeats included."""

    items: int
    answers: int
    fewest_people: int
    trials: int
    minutes: int
    people: int | None

    @property
    def enough(self) -> bool:
        return self.people is None or self.people >= self.fewest_people

    @property
    def hours(self) -> float:
        """Of all people together."""
        return (self.people or self.fewest_people) * self.minutes / 60

    def to_json(self) -> dict[str, str | bool]:
        """As the page shows it."""
        return {
            "items": f"{self.items:,}",
            "answers": f"{self.answers:,}",
            "fewest": f"{self.fewest_people:,}",
            "trials": f"{self.trials:,}",
            "minutes": f"{self.minutes:,}",
            "hours": f"{self.hours:,.1f}",
            "enough": self.enough,
        }


def estimate(
    *,
    items: int,
    responses_per_item: int,
    trials_per_participant: int,
    repeats: int = 0,
    checks: int = 0,
    people: int | None,
    groups: int = 1,
) -> Estimate:
    """All numbers are at least 1, but for `repeats` and `checks`. With `people` the answers are shared among them.

    groups: of people who share no arm.
    """
    answers = items * responses_per_item
    at_most = min(trials_per_participant, items)
    share = ceil(answers / people) if people else at_most
    main = max(1, min(at_most, share))
    trials = main + checks + repeats_after(main, repeats)
    return Estimate(
        items=items,
        answers=answers,
        fewest_people=fewest(items, responses_per_item, at_most, groups),
        trials=trials,
        minutes=minutes_for(trials),
        people=people,
    )


def estimate_from(items: int, typed: dict[str, Any], arms: int) -> Estimate | None:
    """The estimate for numbers as they are typed; the usual ones where nothing is; None where there can be none.

    arms: how many the study compares so far.
    """
    each, trials = typed.get("responses_per_item") or 4, typed.get("trials_per_participant") or 50
    if min(items, each, trials) < 1:
        return None
    return estimate(
        items=items,
        responses_per_item=each,
        trials_per_participant=trials,
        repeats=max(typed.get("repeats_per_participant") or 0, 0),
        checks=max(typed.get("attention_checks") or 0, 0),
        people=max(typed.get("people") or 0, 0) or None,
        groups=comparison_in({"design": typed}).groups(max(arms, 1)),
    )


def arms_in(source: dict[str, Any]) -> int:
    """How many arms a protocol has, whole or not."""
    arms = source.get("arms")
    return len(arms) if isinstance(arms, list) else 0


def items_of(source: dict[str, Any]) -> tuple[int, str]:
    """How many photos the study would have; 0 and why where nobody knows yet."""
    try:
        photos = count_photos(check_protocol(completed(source)))
    except NotSeenYetError:
        limit = source.get("photos", {}).get("limit")
        return limit or 0, "as many as you asked for; the networks have not looked at them yet"
    except ProtocolError:
        return 0, "choose photos first"
    return photos.count, photos.source
