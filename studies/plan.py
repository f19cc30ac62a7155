"""What a protocol fixed about the analysis before there was data. It is frozen and hashed with the rest of it.

[analysis]
contrasts = [["pixel-ablation-cam", "grad-cam"]]   # corrected by Holm; every other pair is exploratory
hide_running_results = true                        # nobody sees results before the study is closed

[exclusions]                                       # each leaves out all answers of a person
median_ms = 400                                    # median response time below this
position_share = 0.9                               # one place picked in more than this share of preferences
"""

from dataclasses import dataclass

from .analysis.exclusions import Rules
from .models import Study


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
