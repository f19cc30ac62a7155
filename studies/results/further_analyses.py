"""What a reviewer asks next: agreement, repeats, times, exclusions, and what the trial type adds (tests, ranking, bias, other
ways to count). From the same table as the summary. Each part is None, or carries a sentence, where it cannot be had.
"""

from dataclasses import dataclass

import numpy as np

from studies.analysis.agreement import Agreement, Retest, krippendorff_alpha_of, retest
from studies.analysis.contrasts import Judged
from studies.analysis.exclusions import Exclusions
from studies.analysis.times import Times, times_of
from studies.trial_types import Further, Results, trial_type_of

from .answers import Reading
from .data_quality import AttentionCheckResults, checks_of
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
        decided_by_kept=reading.plan.decided_by == "kept",
        other=other,
        beside=_beside(reading),
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
