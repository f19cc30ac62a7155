"""What a protocol fixed about the analysis before there was data. It is frozen and hashed with the rest of it.

[analysis]
contrasts = [["pixel-ablation-cam", "grad-cam"]]   # corrected by Holm; every other pair is exploratory
primary = "items"                                  # of ratings, what counts once: or "people", "answers"
smallest_effect = 0.1                              # the smallest that matters: a difference of shares, best minus worst, mean ranks, or a rating
decided_by = "kept"                                # or "everybody", the default: whose answers decide where [exclusions] has rules
hide_running_results = true                        # nobody sees results before the study is closed

[looks]                                            # optional: looks at the data before it is full
after = [0.5, 1.0]                                 # shares of the answers that the study needs
spending = "obrien-fleming"                        # how α = 0.05 is spent over them; or "pocock"

[exclusions]                                       # each leaves out all answers of a person
missed_checks = 2                                  # so many attention checks missed, or more
failed_practice = true                             # a practice example wrong every time
median_ms = 400                                    # median response time below this
position_share = 0.9                               # one place picked in more than this share of preferences
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, get_args

from django.db.models import QuerySet

from studies.analysis.answers import AnswersError
from studies.analysis.exclusions import Rules
from studies.analysis.intervals import Per
from studies.analysis.sequential import LookBoundary, Spending, check_reach, plan_looks
from studies.models import Study
from studies.trial_types import COMPARISON, Comparison, TrialType, trial_type_in, trial_types

from .faults import Code

if TYPE_CHECKING:
    from .parser import Reader

SPENDING: list[Spending] = list(get_args(Spending))
PRIMARY: list[Per] = list(get_args(Per))
Decider = Literal["everybody", "kept"]
DECIDED_BY: list[Decider] = list(get_args(Decider))


@dataclass(frozen=True)
class InterimSchedule:
    """When the data may be judged, and how strictly each time: see analysis/sequential.py."""

    after: tuple[float, ...]  # shares of the answers that the study needs, rising to 1
    spending: Spending


ALPHA = 0.05


@lru_cache
def bounds_of(looks: InterimSchedule, contrasts: int) -> tuple[LookBoundary, ...]:
    """How strict each look is, α shared equally by the declared contrasts (Bonferroni). Every page of results asks."""
    return tuple(plan_looks(looks.after, ALPHA / max(1, contrasts), looks.spending))


RULES = ("missed_checks", "failed_practice", "median_ms", "position_share")


@dataclass(frozen=True)
class AnalysisPlan:
    contrasts: tuple[tuple[int, int], ...]  # pairs of arm indices
    rules: Rules | None
    hide_running_results: bool
    looks: InterimSchedule | None
    primary: Per  # what counts once in the figure that the study is judged by
    smallest: float | None = None  # effect that matters, in the type's unit
    decided_by: Decider = (
        "everybody"  # whose answers decide: everybody's, or those of the people whom the rules keep
    )


def plan_of(study: Study, arms: tuple[str, ...]) -> AnalysisPlan:
    """The plan of a study, from its protocol as it was read and checked."""
    return plan_in(study.protocol, arms)


def plan_in(source: Mapping[str, Any], arms: tuple[str, ...]) -> AnalysisPlan:
    """The plan that a checked protocol holds. `arms`: their names, in its order."""
    analysis, exclusions = source.get("analysis", {}), source.get("exclusions", {})
    pairs = [tuple(arms.index(name) for name in pair) for pair in analysis.get("contrasts", [])]
    rules = Rules(**{name: exclusions[name] for name in RULES if name in exclusions})
    return AnalysisPlan(
        contrasts=tuple((a, b) for a, b in pairs),
        rules=None if rules == Rules() else rules,
        hide_running_results=bool(analysis.get("hide_running_results", False)),
        looks=_looks(source.get("looks", {})),
        primary=analysis.get("primary", PRIMARY[0]),
        smallest=analysis.get("smallest_effect"),
        decided_by=analysis.get("decided_by", DECIDED_BY[0]),
    )


def _looks(table: dict[str, Any]) -> InterimSchedule | None:
    after = table.get("after")
    return InterimSchedule(tuple(map(float, after)), table.get("spending", SPENDING[0])) if after else None


RUNNING = (Study.State.OPEN, Study.State.PAUSED)


def results_hidden(study: Study) -> bool:
    """Whether nobody may see results yet: the protocol says so, and answers are still coming in."""
    running = study.state in RUNNING
    return running and bool(study.protocol.get("analysis", {}).get("hide_running_results", False))


def with_hidden_results() -> QuerySet[Study]:
    """The studies whose results nobody may see yet."""
    return Study.objects.filter(state__in=RUNNING, protocol__analysis__hide_running_results=True)


HIDDEN = "Results are hidden until the study is closed: its protocol says so (hide_running_results)."


def check_plan(
    reader: "Reader", arms: Sequence[str], *, checks: int, practice: bool, people: int | None, each: int
) -> None:
    """Check the plan's tables in a protocol; faults are noted in the reader.

    `checks`, `practice`: the design's attention checks, and whether it begins with practice. `people`: how many are planned, if that
    is said; `each`: the most answers of one.
    """
    analysis, exclusions = (reader.table(name, required=False) for name in ("analysis", "exclusions"))
    contrasts = analysis.pairs("contrasts", arms)
    analysis.flag("hide_running_results")
    if trial_type_in(reader.values).asked.declares_primary:
        analysis.one_of("primary", PRIMARY, default=PRIMARY[0])
    if (limit := trial_type_in(reader.values).asked.largest_effect) is not None:
        analysis.between("smallest_effect", 0, limit)
    missed = exclusions.number("missed_checks", least=1, default=None)
    if missed and missed > checks:
        exclusions.fault(Code.MORE_THAN_CHECKS, "missed_checks", value=missed, checks=checks)
    if exclusions.flag("failed_practice") and not practice:
        exclusions.fault(Code.NO_PRACTICE, "failed_practice")
    exclusions.number("median_ms", least=1, default=None)
    share, kind = exclusions.share("position_share"), trial_type_in(reader.values)
    if share is not None and kind.layout.shown(len(arms)) == 1:
        exclusions.fault(Code.ONE_PLACE, "position_share", value=share, task=kind.name)
    decided_by = analysis.one_of("decided_by", DECIDED_BY, default=DECIDED_BY[0])
    if decided_by == "kept" and not any(exclusions.values.get(name) for name in RULES):
        analysis.fault(Code.NO_RULES, "decided_by", value=decided_by)
    if "looks" in reader.values:
        _check_looks(reader, len(contrasts or []), people, each)


def read_comparison(design: "Reader", kind: TrialType, arms: int, each: int) -> Comparison:
    """How people meet the arms, where a trial shows one of them; `each`: how many answers a photo needs."""
    said = design.one_of(COMPARISON, list(map(str, Comparison)), default=Comparison.WITHIN.value)
    if said not in list(Comparison) or said == Comparison.WITHIN:
        design.taken[COMPARISON] = None  # as if it were left out: protocols of before say the same
        return Comparison.WITHIN
    if not kind.shows_one_map:
        tasks = [one.name for one in trial_types() if one.shows_one_map]
        design.fault(Code.COMPARED_IN_TRIALS, COMPARISON, value=said, task=kind.name, tasks=tuple(tasks))
    elif arms == 1:
        design.fault(Code.ONE_ARM, COMPARISON, value=said)
    elif type(each) is int and arms and each % arms:
        design.fault(Code.NO_MULTIPLE, "responses_per_item", value=each, comparison=said, arms=arms)
    return Comparison(said)


def _check_looks(reader: "Reader", contrasts: int, people: int | None, each: int) -> None:
    looks = reader.table("looks")
    after = looks.shares("after")
    spending = looks.one_of("spending", SPENDING, default=SPENDING[0])
    if after and spending in SPENDING:
        try:
            bounds = bounds_of(InterimSchedule(tuple(after), spending), contrasts)
            if (
                type(people) is int and type(each) is int and min(people, each) > 0
            ):  # else they have a fault of their own
                check_reach(bounds, people, each)
        except AnswersError as error:
            looks.fault(Code.LOOKS, "after", value=after, why=str(error))
    if trial_type_in(reader.values).asked.declares_contrasts and not contrasts:
        reader.fault(Code.LOOKS_AT_NOTHING, "looks")
