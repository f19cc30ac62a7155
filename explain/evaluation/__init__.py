"""Metrics of maps: faithfulness and localisation by protocol, tables and figures of them."""

from .authors_steps import STEP_NAMES, STEPS, Change, changes, changes_as_text
from .evaluate import (
    EvaluationProgress,
    EvaluationTask,
    ask_for_evaluation,
    evaluate_maps,
    evaluate_photos,
    plan_evaluation,
    run_evaluation,
)
from .figure4 import THRESHOLDS, PhotoAbove, photos_above
from .figures import KINDS as FIGURES
from .figures import (
    Figure,
    Wanted,
    check_figure_path,
    make_figure,
    photos_for_localisation,
    photos_named,
    want_figure,
    write_figure,
)
from .figures import as_svg as figure_as_svg
from .intervals import estimate
from .layers import LayerCost, LayerFigures, figures_by_layer, layer_costs, layers_to_measure
from .method_comparison import VISIBLE, Pair, compare
from .parameter_sweep import SETTINGS, sweep
from .protocols import AUTHORS_CODE, PROTOCOLS, EvaluationProtocol, at_share, evaluation_hash, find_protocol
from .rows_csv import write_rows
from .share_plot import check_plot_path, write_plot
from .shares import ShareTable, share_table, shares_as_text
from .tables import EvaluationTable, columns_of, table_of
from .text import as_text
from .wins import in_place_of, what_it_is, wins_of

__all__ = [
    "AUTHORS_CODE",
    "FIGURES",
    "PROTOCOLS",
    "SETTINGS",
    "STEPS",
    "STEP_NAMES",
    "THRESHOLDS",
    "VISIBLE",
    "Change",
    "EvaluationProgress",
    "EvaluationProtocol",
    "EvaluationTable",
    "EvaluationTask",
    "Figure",
    "LayerCost",
    "LayerFigures",
    "Pair",
    "PhotoAbove",
    "ShareTable",
    "Wanted",
    "as_text",
    "ask_for_evaluation",
    "at_share",
    "changes",
    "changes_as_text",
    "check_figure_path",
    "check_plot_path",
    "columns_of",
    "compare",
    "estimate",
    "evaluate_maps",
    "evaluate_photos",
    "evaluation_hash",
    "figure_as_svg",
    "figures_by_layer",
    "find_protocol",
    "in_place_of",
    "layer_costs",
    "layers_to_measure",
    "make_figure",
    "photos_above",
    "photos_for_localisation",
    "photos_named",
    "plan_evaluation",
    "run_evaluation",
    "share_table",
    "shares_as_text",
    "sweep",
    "table_of",
    "want_figure",
    "what_it_is",
    "wins_of",
    "write_figure",
    "write_plot",
    "write_rows",
]
