"""The sources that there are. Adding one is one module and one entry in SOURCES."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from explain.cam.names import base_name, fault_of_method, known_methods

from .brought import Brought
from .computed import Computed
from .control import Control
from .interface import Keys, Made, MapSource
from .nothing import Nothing
from .pictures import Pictures

# Asked in this order. The last takes every arm that is left, an arm that says nothing yet among them.
SOURCES: list[MapSource] = [Pictures(), Brought(), Nothing(), Control(), Computed()]


def source_of(arm: Keys | Made) -> MapSource:
    """The source of an arm: of its keys in a protocol, of its row in a study, or of the row of a map.

    >>> source_of({"network": "resnet50", "method": "random"}).name
    'control'
    >>> source_of({}).name
    'computed'
    """
    if isinstance(arm, Mapping):
        return next(source for source in SOURCES if source.is_named_by(arm))
    return next(source for source in SOURCES if source.owns(arm))


def methods_in_words() -> dict[str, str]:
    """Every method that a form offers, with a line about it for whoever has to choose."""
    ours = {method: words for source in SOURCES for method, words in source.methods_in_words.items()}
    return {name: ours.get(name, known.words) for name, known in known_methods().items()}


def method_in_words(word: str) -> str:
    """A line about a method with its parameters, for whoever has to choose; one that is not here says so."""
    if fault := fault_of_method(word):
        return f"{fault[0].upper()}{fault[1:]}."
    return methods_in_words()[base_name(word)]


@contextmanager
def registered(source: MapSource) -> Iterator[MapSource]:
    """One source more while the block runs: for tests, and for trying a source out."""
    SOURCES.insert(0, source)
    try:
        yield source
    finally:
        SOURCES.remove(source)
