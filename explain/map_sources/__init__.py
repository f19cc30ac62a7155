"""Where an arm's pictures come from: one module for each source, one interface, and a registry that knows which is which."""

from .control import PLACEBO, stand_ins
from .interface import ArmFacts, KeyReader, Keys, MapOrigin, MapSource, Pipeline
from .nothing import NO_EXPLANATION
from .of_arms import (
    commands_for,
    map_sets_of,
    methods_for,
    names_of,
    network_names,
    not_by_network,
    precompute_command,
    with_map_sets,
)
from .registry import SOURCES, method_in_words, methods_in_words, registered, source_of

__all__ = [
    "NO_EXPLANATION",
    "PLACEBO",
    "SOURCES",
    "ArmFacts",
    "KeyReader",
    "Keys",
    "MapOrigin",
    "MapSource",
    "Pipeline",
    "commands_for",
    "map_sets_of",
    "method_in_words",
    "methods_for",
    "methods_in_words",
    "names_of",
    "network_names",
    "not_by_network",
    "precompute_command",
    "registered",
    "source_of",
    "stand_ins",
    "with_map_sets",
]
