"""Metrics of maps: faithfulness and localisation by protocol, tables and figures of them."""

from .evaluate import (
    EvaluationProgress,
    EvaluationTask,
    ask_for_evaluation,
    evaluate_photos,
    plan_evaluation,
    run_evaluation,
)
from .figure4 import Picture, Row, figure4_rows
from .method_comparison import VISIBLE, Pair, compare
from .parameter_sweep import SETTINGS, sweep
from .protocols import PROTOCOLS, EvaluationProtocol, evaluation_hash, find_protocol
from .rows_csv import write_rows
from .tables import EvaluationTable, columns_of, table_of
from .text import as_text

__all__ = [
    "PROTOCOLS",
    "SETTINGS",
    "VISIBLE",
    "EvaluationProgress",
    "EvaluationProtocol",
    "EvaluationTable",
    "EvaluationTask",
    "Pair",
    "Picture",
    "Row",
    "as_text",
    "ask_for_evaluation",
    "columns_of",
    "compare",
    "evaluate_photos",
    "evaluation_hash",
    "figure4_rows",
    "find_protocol",
    "plan_evaluation",
    "run_evaluation",
    "sweep",
    "table_of",
    "write_rows",
]
