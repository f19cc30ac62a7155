"""Metrics of maps: faithfulness and localisation by protocol, tables and figures of them."""

from .authors_steps import STEP_NAMES, STEPS, Change, changes, changes_as_text
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
from .protocols import PROTOCOLS, EvaluationProtocol, at_share, evaluation_hash, find_protocol
from .rows_csv import write_rows
from .share_plot import as_svg, check_plot_path, write_plot
from .shares import ShareTable, share_table, shares_as_text
from .tables import EvaluationTable, columns_of, table_of
from .text import as_text

__all__ = [
    "PROTOCOLS",
    "SETTINGS",
    "STEPS",
    "STEP_NAMES",
    "VISIBLE",
    "Change",
    "EvaluationProgress",
    "EvaluationProtocol",
    "EvaluationTable",
    "EvaluationTask",
    "Pair",
    "Picture",
    "Row",
    "ShareTable",
    "as_svg",
    "as_text",
    "ask_for_evaluation",
    "at_share",
    "changes",
    "changes_as_text",
    "check_plot_path",
    "columns_of",
    "compare",
    "evaluate_photos",
    "evaluation_hash",
    "figure4_rows",
    "find_protocol",
    "plan_evaluation",
    "run_evaluation",
    "share_table",
    "shares_as_text",
    "sweep",
    "table_of",
    "write_plot",
    "write_rows",
]
