"""What a reviewer asks next: agreement, repeats, times, exclusions, and what the trial type adds (tests, ranking, bias, other
ways to count). From the same table as the summary. Each part is None, or carries a sentence, where it cannot be had.
"""

from dataclasses import dataclass

import numpy as np

from studies.analysis.agreement import Agreement, Retest, Scale, krippendorff_alpha_of, retest
from studies.analysis.exclusions import Exclusions
from studies.analysis.times import Times, times_of
from studies.trial_types import Further, trial_type_of

from .answers import Reading
from .data_quality import AttentionCheckResults, checks_of, left_out
from .summary import Summary, summarise


@dataclass(frozen=True, kw_only=True)
class FurtherAnalyses(Further):
    """What the trial type adds, and what every study has."""

    agreement: Agreement
    retest: Retest | None  # of planned repeats
    times: Times | None
    checks: AttentionCheckResults | None
    exclusions: Exclusions | None
    kept: Summary | None  # the summary without the people whom the rules leave out


def analyse_further(reading: Reading, whole: Summary | None = None) -> FurtherAnalyses | None:
    """Everything beyond the summary, or None if there are no answers. `whole`: the summary, where it was made before."""
    answers = reading.answers
    if not len(answers):
        return None
    excluded = left_out(reading)
    kind = trial_type_of(reading.study).results
    return FurtherAnalyses(
        **vars(kind.further(answers, reading.compared)),
        agreement=krippendorff_alpha_of(kind.judged(answers), kind.scale),
        retest=_retest(reading, kind.scale),
        times=times_of(answers.response_ms),
        checks=checks_of(reading),
        exclusions=excluded,
        kept=None if excluded is None else _kept(reading, excluded, whole),
    )


def _kept(reading: Reading, excluded: Exclusions, whole: Summary | None) -> Summary:
    """The summary of what the rules leave."""
    if whole is not None and excluded.kept.all():
        return whole
    return summarise(reading, reading.answers.only(excluded.kept))


def _retest(reading: Reading, scale: Scale) -> Retest | None:
    """First and second answers of the same person about the same item, side by side."""
    answers, second = reading.answers, reading.second_answers
    if not second:
        return None
    keys = zip(answers.items.tolist(), answers.participants.tolist(), answers.values.tolist(), strict=True)
    pairs = [(first, second[item, person]) for item, person, first in keys if (item, person) in second]
    if not pairs:
        return None
    first_time, again = np.array(pairs).T
    return retest(first_time, again, scale)
