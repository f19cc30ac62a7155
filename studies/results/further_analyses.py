"""What a reviewer asks next: agreement, repeats, times, exclusions, and what the trial type adds (tests, ranking, bias, other
ways to count). From the same table as the summary. Each part is None, or carries a sentence, where it cannot be had.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from studies.analysis.agreement import Agreement, Retest, krippendorff_alpha_of, retest
from studies.analysis.confidence import ArmSureness, Confidence, SureScale, confidence_of
from studies.analysis.contrasts import Judged
from studies.analysis.exclusions import Exclusions
from studies.analysis.table import UNKNOWN, Answers
from studies.analysis.times import Times, times_of
from studies.trial_types import Further, Results, Scale, judged_json, trial_page_of, trial_type_of

from .answers import Reading
from .data_quality import AttentionCheckResults, checks_of
from .part import counted
from .summary import Summary, summarise


@dataclass(frozen=True)
class Beside:
    """A figure with everybody, and with those whom the rules keep."""

    name: str
    everybody: Judged
    kept: Judged


@dataclass(frozen=True, kw_only=True)
class FurtherAnalyses(Further):
    """What the trial type adds, and what every study has."""

    agreement: Agreement
    retest: Retest | None  # of planned repeats
    times: Times | None
    checks: AttentionCheckResults | None
    exclusions: Exclusions | None
    decided_by_kept: bool  # the rules' exclusions decide, and everybody stands beside them
    confidence: "Sure | None"  # where people say how sure they are
    showing: "Showing | None"  # where maps are shown for a time
    other: Summary | None  # of the analysis that does not decide; None where there are no rules
    beside: tuple[Beside, ...] = ()  # its figures beside those that decide


def analyse_further(reading: Reading, whole: Summary | None = None) -> FurtherAnalyses | None:
    """Everything beyond the summary, or None if there are no answers. `whole`: the summary, where it was made before."""
    answers = reading.answers
    if not len(answers):
        return None
    excluded, other = reading.left_out, _other(reading, whole)
    kind = trial_type_of(reading.study).results
    return FurtherAnalyses(
        **vars(kind.further(answers, reading.compared)),
        agreement=krippendorff_alpha_of(kind.judged(answers), kind.scale),
        retest=_retest(reading, kind),
        times=times_of(answers.response_ms),
        checks=checks_of(reading),
        exclusions=excluded,
        confidence=sureness_of(reading, answers),
        showing=showing_of(reading),
        decided_by_kept=reading.plan.decided_by == "kept",
        other=other,
        beside=_beside(reading),
    )


@dataclass(frozen=True)
class Sure:
    """How sure people were, with the words that a page and a file need."""

    found: Confidence
    question: str  # empty: the answers themselves say it
    arms: tuple[str, ...]

    @property
    def rows(self) -> list[tuple[str, ArmSureness]]:
        """Each arm by name; answers that prefer none by “none”."""
        return [("none" if row.arm < 0 else self.arms[row.arm], row) for row in self.found.arms]

    def as_json(self) -> dict[str, Any]:
        found = asdict(self.found)
        scale = found.pop("scale")
        by_arm = {name: row for (name, _), row in zip(self.rows, found.pop("arms"), strict=True)}
        for row in by_arm.values():
            del row["arm"]
        apart = self.found.apart
        told = {"question": self.question, "least": scale["least"], "most": scale["most"]}
        return told | found | {"apart": judged_json(apart) if apart else None, "by_arm": by_arm}


def sureness_of(reading: Reading, answers: Answers) -> Sure | None:
    """How sure people say they are: as the study asks after each answer, or as the answers of its type say themselves."""
    page, kind = trial_page_of(reading.study), trial_type_of(reading.study).answers
    if page.scale:
        scale = SureScale(page.scale.least, page.scale.most, is_chance=page.scale == Scale.PERCENT)
        said = answers.confidence
    elif kind.sureness and len(answers):
        scale = SureScale(0, len(kind.sureness) - 1, tuple(kind.sureness))
        said = np.asarray(kind.sureness_of(answers.values))
    else:
        return None
    is_right = kind.is_correct(answers.values, answers.truths)
    correct = None if is_right is None else np.where(answers.truths == UNKNOWN, UNKNOWN, is_right.astype(int))
    found = confidence_of(answers, said, np.asarray(kind.arm_of(answers.values)), scale, correct)
    return None if found is None else Sure(found, page.confidence_question, reading.arms)


@dataclass(frozen=True)
class Showing:
    """How long maps were in sight that are shown for a time, as browsers measured it."""

    asked_ms: int
    answers: int  # that told it
    median_ms: float | None
    least_ms: float | None
    most_ms: float | None
    off_by_a_frame: int  # of them longer or shorter than asked by more than a frame of their screen
    cut_short: int
    not_seen: int  # not shown again, as they had been before
    again: int  # shown more than once


def showing_of(reading: Reading) -> Showing | None:
    """Of the counted answers of a study that shows its maps for a time."""
    asked = trial_page_of(reading.study).show_ms
    if not asked:
        return None
    told = list(counted(reading.study, reading.part).values_list("telemetry", flat=True))
    measured = [entry for entry in told if "shown_ms" in entry]
    whole = [entry for entry in measured if not entry.get("cut_short")]
    times = np.array([entry["shown_ms"] for entry in whole], float)
    frames = np.array([entry.get("frame_ms", 0) for entry in whole], float)
    spread = [float(value) for value in np.quantile(times, (0, 0.5, 1))] if len(times) else [None] * 3
    return Showing(
        asked_ms=asked,
        answers=len(measured),
        least_ms=spread[0],
        median_ms=spread[1],
        most_ms=spread[2],
        off_by_a_frame=int((np.abs(times - asked) > frames).sum()),
        cut_short=len(measured) - len(whole),
        not_seen=sum(bool(entry.get("not_seen")) for entry in told),
        again=sum(entry.get("looks", 0) > 1 for entry in told),
    )


def _other(reading: Reading, whole: Summary | None) -> Summary | None:
    """The summary of the analysis that does not decide."""
    answers = reading.others
    if answers is None or (whole is not None and answers is reading.answers):
        return None if answers is None else whole
    return summarise(reading, answers)


def _beside(reading: Reading) -> tuple[Beside, ...]:
    """The figures of both analyses, name by name; none where the rules leave out nobody, or everybody."""
    excluded = reading.left_out
    if excluded is None or excluded.kept.all() or not excluded.kept.any():
        return ()
    kind = trial_type_of(reading.study).results
    every, kept = (
        kind.figures(answers, reading.compared)
        for answers in (reading.everybody, reading.everybody.only(excluded.kept))
    )
    return tuple(
        Beside(name, found, found_without)
        for (name, found), (_, found_without) in zip(every, kept, strict=True)
    )


def _retest(reading: Reading, kind: Results) -> Retest | None:
    """First and second answers of the same person about the same item, side by side."""
    answers, second = reading.answers, reading.second_answers
    if not second:
        return None
    keys = zip(answers.items.tolist(), answers.participants.tolist(), answers.values.tolist(), strict=True)
    pairs = [(first, second[item, person]) for item, person, first in keys if (item, person) in second]
    if not pairs:
        return None
    first_time, again = map(kind.once_more, np.array(pairs).T)
    return retest(first_time, again, kind.scale)
