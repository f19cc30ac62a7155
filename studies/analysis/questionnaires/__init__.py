"""Answers to questions about one map each: means of arms and their differences, and whether the questions of a scale go together."""

from .means import (
    ArmMean,
    Difference,
    Judgements,
    Measure,
    arm_mean,
    difference,
    differences,
    effect_of_difference,
    rank_tests,
)
from .reliability import Reliability, omega_total, one_factor, reliability

__all__ = [
    "ArmMean",
    "Difference",
    "Judgements",
    "Measure",
    "Reliability",
    "arm_mean",
    "difference",
    "differences",
    "effect_of_difference",
    "omega_total",
    "one_factor",
    "rank_tests",
    "reliability",
]
