"""Planned looks: what may be concluded from a study before all its answers are in, and what may not.

A look judges exactly the first answers that the protocol names, by the order in which they were stored, at the level
that α spending leaves for it. So it says the same whenever and however often it is read. Everything beside it is exploratory.
"""

from dataclasses import dataclass, replace

from studies.analysis.table import Answers
from studies.core.formatting import signed
from studies.models import Study
from studies.protocol import AnalysisPlan, bounds_of
from studies.trial_types import Compared, LookVerdict, trial_type_of


@dataclass(frozen=True)
class InterimLook:
    """One planned look. `verdicts` is empty until its answers are in."""

    number: int
    answers: int
    level: float  # of each interval: what α spending, shared among the declared contrasts, leaves
    verdicts: tuple[LookVerdict, ...] = ()


@dataclass(frozen=True)
class InterimAnalysis:
    """All planned looks of a study and how far it has come."""

    spending: str
    answers: int  # counted so far
    needed: int
    looks: tuple[InterimLook, ...]

    @property
    def taken(self) -> tuple[InterimLook, ...]:
        return tuple(look for look in self.looks if look.verdicts)

    @property
    def left(self) -> tuple[InterimLook, ...]:
        return tuple(look for look in self.looks if not look.verdicts)

    @property
    def found(self) -> InterimLook | None:
        """The first look that found what there is to find about everything it judges: a difference, or none that matters."""
        return next((look for look in self.taken if all(map(_settled, look.verdicts))), None)

    @property
    def notes(self) -> list[str]:
        """Where the study stands, and what is no verdict, in whole sentences."""
        last = self.taken[-1] if self.taken else None
        exploratory = last is None or last.answers != self.answers
        return [
            *([_taken(last, len(self.looks))] if last else []),
            _left(self),
            *(
                [
                    f"{self.answers:,} answers are in, which is no planned look: every other figure here is exploratory and no verdict."
                ]
                if exploratory
                else []
            ),
        ]


def looks_of(
    study: Study,
    plan: AnalysisPlan,
    answers: Answers,
    compared: Compared,
    *,
    needed: int,
    narrowed: bool,
) -> tuple[InterimAnalysis | None, list[str]]:
    """The planned looks, each with its verdict once its answers are in, and what is to be said of them.

    `needed`: how many answers the study needs. `narrowed`: only some of them are asked for, which is never a planned look.
    """
    if plan.looks and not narrowed:
        looks = _planned(study, plan, answers, compared, needed)
        return looks, looks.notes
    return None, _exploratory(study, plan, narrowed, len(answers), needed)


def _exploratory(study: Study, plan: AnalysisPlan, narrowed: bool, answers: int, needed: int) -> list[str]:
    """Why what is shown is no verdict, where no look says so."""
    if plan.looks:
        sentence = "Planned looks judge all answers together: every figure of this part is exploratory."
        return [sentence] if narrowed else []
    if trial_type_of(study).layout.endless:
        return []  # the outcome says what holds whenever somebody looks
    running = study.state in (Study.State.OPEN, Study.State.PAUSED)
    if running and not narrowed and 0 < answers < needed:
        return [
            f"{answers:,} of {needed:,} answers are in, and the protocol plans no look before all are: what is shown is "
            "exploratory and no verdict. Do not stop the study because of it."
        ]
    return []


def _taken(look: InterimLook, of: int) -> str:
    judged = "; ".join(_verdict(verdict, look.level) for verdict in look.verdicts)
    return f"Look {look.number} of {of}, from the first {look.answers:,} answers: {judged}."


def _settled(verdict: LookVerdict) -> bool:
    return verdict.found or bool(verdict.equivalent)


def _verdict(verdict: LookVerdict, level: float) -> str:
    ends = "no interval"
    if verdict.interval:
        ends = f"{100 * level:.2f} % interval {signed(verdict.interval[0])} to {signed(verdict.interval[1])}"
    result = "a difference is found" if verdict.found else "no difference is found"
    if verdict.equivalent:
        result = (
            "a difference is found, but none that matters"
            if verdict.found
            else "no difference that matters is found"
        )
    return f"{verdict.of} {signed(verdict.estimate)} ({ends}), {result}"


def _left(looks: InterimAnalysis) -> str:
    if looks.found and looks.left:
        return (
            f"The plan lets the study stop here; {_count(len(looks.left))} left that it then does not need."
        )
    if not looks.left:
        return "No look is left."
    ahead = looks.left[0]
    return (
        f"{_count(len(looks.left)).capitalize()} left, the next after {ahead.answers:,} of {looks.needed:,} answers; "
        f"{looks.answers:,} are in."
    )


def _count(looks: int) -> str:
    return "one planned look is" if looks == 1 else f"{looks} planned looks are"


def _planned(
    study: Study, plan: AnalysisPlan, answers: Answers, compared: Compared, needed: int
) -> InterimAnalysis:
    assert plan.looks is not None
    planned, kind = bounds_of(plan.looks, len(plan.contrasts)), trial_type_of(study).results
    looks: list[InterimLook] = []
    for number, boundary in enumerate(planned, start=1):
        due = round(boundary.fraction * needed)
        before = looks[-1].answers if looks else 0
        if number == len(planned) and study.state == Study.State.CLOSED and before < len(answers) < due:
            due = len(answers)  # no more will come, and a last look that comes early is a strict one
        look = InterimLook(number, due, boundary.level)
        if 0 < due <= len(answers):
            judged = replace(compared, declared=plan.contrasts)
            verdicts = kind.verdicts(answers.first(due), judged, boundary.level)
            look = InterimLook(number, due, boundary.level, verdicts)
        looks.append(look)
    return InterimAnalysis(plan.looks.spending, len(answers), needed, tuple(looks))
