"""What a protocol fixed about the analysis before there was data. It is frozen and hashed with the rest of it.

[analysis]
contrasts = [["pixel-ablation-cam", "grad-cam"]]   # corrected by Holm; every other pair is exploratory
hide_running_results = true                        # nobody sees results before the study is closed

[exclusions]                                       # each leaves out all answers of a person
median_ms = 400                                    # median response time below this
position_share = 0.9                               # one place picked in more than this share of preferences
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .analysis.exclusions import Rules
from .models import Study

if TYPE_CHECKING:
    from .reader import Reader


@dataclass(frozen=True)
class Plan:
    contrasts: tuple[tuple[int, int], ...]  # pairs of arm indices
    rules: Rules | None
    hide_running_results: bool


def plan_of(study: Study, arms: tuple[str, ...]) -> Plan:
    """The plan of a study, from its protocol as it was read and checked."""
    analysis, exclusions = study.protocol.get("analysis", {}), study.protocol.get("exclusions", {})
    pairs = [tuple(arms.index(name) for name in pair) for pair in analysis.get("contrasts", [])]
    rules = Rules(median_ms=exclusions.get("median_ms"), position_share=exclusions.get("position_share"))
    return Plan(
        contrasts=tuple((a, b) for a, b in pairs),
        rules=None if rules == Rules() else rules,
        hide_running_results=bool(analysis.get("hide_running_results", False)),
    )


def results_hidden(study: Study) -> bool:
    """Whether nobody may see results yet: the protocol says so, and answers are still coming in."""
    running = study.state in (Study.State.OPEN, Study.State.PAUSED)
    return running and bool(study.protocol.get("analysis", {}).get("hide_running_results", False))


HIDDEN = "Results are hidden until the study is closed: its protocol says so (hide_running_results)."


def check_plan(reader: "Reader", arms: Sequence[str]) -> None:
    """Check the plan's tables in a protocol; faults are noted in the reader."""
    analysis, exclusions = (reader.table(name, required=False) for name in ("analysis", "exclusions"))
    analysis.pairs("contrasts", arms)
    analysis.flag("hide_running_results")
    exclusions.number("median_ms", least=1, default=None)
    exclusions.share("position_share")
