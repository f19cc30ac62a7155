"""What everybody may see of a living comparison: ranks, intervals, people and answers, and where each arm comes from.

An arm under embargo is not on it, and no answer about it is: what is shown of the others is reckoned as if it were not there. What is
shown is the outcome of the study's own page where nothing is under embargo.
"""

import csv
import io
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.utils import timezone

from studies.lifecycle import seal_in_words
from studies.models import Response, Study
from studies.protocol import HIDDEN, results_hidden
from studies.results import WHO_IN_WORDS, CompetingArm, Reading, competing_arms, part_of
from studies.trial_types import Compared, Outcome, trial_type_of

SECONDS = 300  # for which a page is kept where no answer comes


@dataclass(frozen=True)
class PublicArm:
    """An arm with what is known of it. `line` is its row of the outcome; None where nobody answered yet."""

    arm: CompetingArm
    line: Any
    has_left: bool

    @property
    def answers(self) -> int:
        return self.line.wins + self.line.losses + self.line.same if self.line else 0


@dataclass(frozen=True)
class ArenaPage:
    """The page. `hidden` says why there is nothing to see; then there is no outcome, no people and no answers."""

    slug: str
    title: str
    question: str  # as volunteers read it, with … for what is in the photo
    state: str
    version: int
    protocol_sha256: str
    arms: tuple[PublicArm, ...]  # the strongest first
    people: int
    answers: int
    outcome: Outcome | None
    simulated: bool
    said_of: str  # whose answers these are
    hidden: str
    seal: Any
    at: datetime

    @property
    def headline(self) -> str:
        return self.hidden or (self.outcome.headline if self.outcome and self.answers else "No answers yet.")

    @property
    def chart(self) -> str:
        return self.outcome.chart(self.headline) if self.outcome and self.answers else ""

    def as_json(self) -> dict[str, Any]:
        return {
            "study": self.slug,
            "title": self.title,
            "question": self.question,
            "state": self.state,
            "version": self.version,
            "protocol_sha256": self.protocol_sha256,
            "at": self.at.isoformat(timespec="seconds"),
            "answers_of": "simulated" if self.simulated else "real",
            "people": self.people,
            "answers": self.answers,
            "hidden": self.hidden,
            "seal": self.seal.headline if self.seal else "",
            "headline": self.headline,
            "holds": {
                "interval": "95 %, of one look at a moment that does not depend on the answers",
                "ranks": "all of them at once, whenever somebody looks: 95 %",
            },
            "arms": [self._row(one) for one in self.arms],
            "alike": list(self.outcome.as_json()["alike"]) if self.outcome and self.answers else [],
        }

    def _row(self, one: PublicArm) -> dict[str, Any]:
        facts = one.arm.facts
        return {
            "arm": one.arm.name,
            "has_left": one.has_left,
            **(one.line.as_json() if one.line else {}),
            "network": facts.network,
            "random_weights": facts.is_random,
            "method": facts.method,
            "layer": facts.layer,
            "weights_sha256": facts.weights_sha256,
            "citation": facts.citation,
        }

    def as_csv(self) -> str:
        """A row for each arm, the strongest first; intervals and ranks in two columns each."""
        rows = [_flat(row) for row in self.as_json()["arms"]]
        text = io.StringIO()
        writer = csv.DictWriter(
            text, list(dict.fromkeys(key for row in rows for key in row)), lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in row.items():
        if key in ("interval", "chance_interval", "ranks"):
            low, high = value or (None, None)
            flat |= {f"{key}_low": low, f"{key}_high": high}
        else:
            flat[key] = _safe(value)
    return flat


def _safe(value: Any) -> Any:
    """A text that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value


def is_public(study: Study) -> bool:
    """Whether its protocol gives a living comparison a page for everybody, and it has been opened."""
    kind = trial_type_of(study)
    return kind.layout.endless and kind.asked.public and study.is_frozen


def page_of(study: Study) -> ArenaPage:
    """The page as it is now; made anew when an answer has come, or was taken out."""
    last = Response.objects.filter(trial__study=study).order_by("-pk").values_list("pk", flat=True).first()
    void = study.trials.filter(state="void").count()
    key = f"arena-{study.pk}-{study.version}-{study.state}-{last}-{void}"
    page = cache.get(key)
    if page is None:
        page = _made(study)
        cache.set(key, page, SECONDS)
    return page


def _made(study: Study) -> ArenaPage:
    kind = trial_type_of(study)
    shown = [row for row in competing_arms(study) if row.name not in kind.asked.hidden]
    names, lines = tuple(row.name for row in shown), {}
    people = answers = 0
    outcome, who, hidden = None, "real", HIDDEN if results_hidden(study) else ""
    if not hidden:
        reading = Reading(study, part_of(study))
        who = reading.part.who
        places = [reading.arms.index(name) for name in names]
        about = kind.results.about(reading.answers, places) if len(reading.answers) else reading.answers
        answers = len(about)
        if answers:
            people = about.units.people
            outcome = kind.results.outcome(about, Compared(names, reading.maps_shown, study.seed, ()))
            lines = {line.name: line for line in outcome.ranked}  # type: ignore[attr-defined]
    order = {name: place for place, name in enumerate(lines)}
    rows = [PublicArm(row, lines.get(row.name), row.name in kind.layout.has_left) for row in shown]
    return ArenaPage(
        slug=study.slug,
        title=study.title,
        question=study.wording.get("question", "").replace("{class}", "…"),
        state=study.state,
        version=study.version,
        protocol_sha256=study.protocol_sha256,
        arms=tuple(sorted(rows, key=lambda one: order.get(one.arm.name, len(order)))),
        people=people,
        answers=answers,
        outcome=outcome,
        simulated=who != "real",
        said_of=WHO_IN_WORDS[who],
        hidden=hidden,
        seal=seal_in_words(study),
        at=timezone.now(),
    )
