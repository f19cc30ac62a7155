"""What came out: which answers count, scores with intervals, interim looks, further analyses, data quality, charts and pages of results."""

from .answers import Reading, all_answers, answers_of
from .as_json import scores_json
from .breakdown import Breakdown, break_down
from .bulk_values import bulk_value, kind_of_value, values_in
from .by_item import Extremes, ItemRow, extremes_of, item_rows
from .charts import breakdown_context, main_chart, position_bars, spread_chart, trial_states
from .data_quality import AttentionCheckResults, checks_of, reasons
from .further_analyses import analyse_further
from .metric_agreement_page import humans_context
from .metrics_job import METRICS
from .part import WHO, WHO_IN_WORDS, AnswerSelection, UnknownPartError, part_of
from .participant_flow import Flow, flow_by_condition, flow_of
from .provenance import (
    MEANINGS,
    AnswerOrigin,
    Chain,
    CompetingArm,
    Origin,
    chain_of_answer,
    chain_of_item,
    competing_arms,
    hash_of_picture,
    origins,
    origins_by_item,
)
from .requests import answered_study_of, part_asked_for, taken_whole
from .summary import Summary, summarise, summary_of

__all__ = [
    "MEANINGS",
    "METRICS",
    "WHO",
    "WHO_IN_WORDS",
    "AnswerOrigin",
    "AnswerSelection",
    "AttentionCheckResults",
    "Breakdown",
    "Chain",
    "CompetingArm",
    "Extremes",
    "Flow",
    "ItemRow",
    "Origin",
    "Reading",
    "Summary",
    "UnknownPartError",
    "all_answers",
    "analyse_further",
    "answered_study_of",
    "answers_of",
    "break_down",
    "breakdown_context",
    "bulk_value",
    "chain_of_answer",
    "chain_of_item",
    "checks_of",
    "competing_arms",
    "extremes_of",
    "flow_by_condition",
    "flow_of",
    "hash_of_picture",
    "humans_context",
    "item_rows",
    "kind_of_value",
    "main_chart",
    "origins",
    "origins_by_item",
    "part_asked_for",
    "part_of",
    "position_bars",
    "reasons",
    "scores_json",
    "spread_chart",
    "summarise",
    "summary_of",
    "taken_whole",
    "trial_states",
    "values_in",
]
