"""What a study asks: the keys of study.toml, their checks, default wording, the analysis plan, which photos it selects. No pages; nothing is written."""

from .analysis_plan import (
    HIDDEN,
    PRIMARY,
    RULES,
    SPENDING,
    AnalysisPlan,
    InterimSchedule,
    bounds_of,
    plan_in,
    plan_of,
    results_hidden,
    with_hidden_results,
)
from .consent import CONSENT, HEADINGS, Particular, particulars, unsaid
from .digest import plan_sha256
from .fault_words import ON_COMMAND_LINE, FaultOnPage, in_words, on_page, on_page_with_key
from .faults import MISSHAPEN, Code, Fault, Key, nearest, without_rows
from .parser import NAME
from .photo_selection import (
    NotSeenYetError,
    choose_classes,
    choose_photos,
    chosen_images,
    find_networks,
    find_set,
    precompute_command,
    remarks_on,
)
from .public_keys import read_public_keys
from .schema import (
    ArmPlan,
    Protocol,
    ProtocolError,
    QuestionKind,
    check_protocol,
    faults_of_length,
    in_full,
    names_of_arms,
    read_protocol,
    to_toml,
)
from .titles import TITLES, class_title, titles_in, untitled_remark, with_titles
from .titles_field import TitlesField
from .toml_file import MAX_BYTES, parse_toml
from .wording import default_wording, fill_in

__all__ = [
    "CONSENT",
    "HEADINGS",
    "HIDDEN",
    "MAX_BYTES",
    "MISSHAPEN",
    "NAME",
    "ON_COMMAND_LINE",
    "PRIMARY",
    "RULES",
    "SPENDING",
    "TITLES",
    "AnalysisPlan",
    "ArmPlan",
    "Code",
    "Fault",
    "FaultOnPage",
    "InterimSchedule",
    "Key",
    "NotSeenYetError",
    "Particular",
    "Protocol",
    "ProtocolError",
    "QuestionKind",
    "TitlesField",
    "bounds_of",
    "check_protocol",
    "choose_classes",
    "choose_photos",
    "chosen_images",
    "class_title",
    "default_wording",
    "faults_of_length",
    "fill_in",
    "find_networks",
    "find_set",
    "in_full",
    "in_words",
    "names_of_arms",
    "nearest",
    "on_page",
    "on_page_with_key",
    "parse_toml",
    "particulars",
    "plan_in",
    "plan_of",
    "plan_sha256",
    "precompute_command",
    "read_protocol",
    "read_public_keys",
    "remarks_on",
    "results_hidden",
    "titles_in",
    "to_toml",
    "unsaid",
    "untitled_remark",
    "with_hidden_results",
    "with_titles",
    "without_rows",
]
