"""MapSource: all that other rooms ask of where an arm's pictures come from.

A study compares arms; each arm shows one map of every photo. A source says how a protocol names such an arm, what has to
be there before the study can open, which rows are its maps, and what is said of it afterwards. Nobody else asks which
source an arm has: they take `source_of(arm)` and call it. To add a source, write one module with a subclass of MapSource
and put it into the list in registry.py.

The maps of every source are rows of ExplanationMap, so whoever has a row need not know which source made it:

    overlay, masked, heat    the pictures that people see. Of a map with an array one is drawn when a study needs it; a source
                             without arrays has all of them from the beginning, or makes them (`make_pictures`)
    array(), height, width   the raw array, where the source has arrays (kept by maps.keep_array); it enters the study's hash
    blank                    whether there is nothing to see: the page of a study's maps warns of it
    manifest                 how it was made, for the export

Nothing here imports torch: pages ask, too.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol

from explain.core.errors import BadInputError
from explain.maps import Classes
from explain.models import ExplanationMap, Image, MapSet, Network

# An arm's keys in a protocol, complete or not. A source never reads its `name`.
Keys = Mapping[str, Any]
Box = tuple[float, float, float, float]  # x0, y0, x1, y1 in pixels of the photo


class KeyReader(Protocol):
    """What takes keys out of a protocol's table and notes what is wrong with them (studies.protocol.parser)."""

    def slug(self, key: str) -> str: ...
    def one_of(self, key: str, choices: Sequence[Any]) -> Any: ...
    def text(self, key: str, *, longest: int) -> str: ...
    def method(self, key: str, parameters: str) -> str: ...


class Made(Protocol):
    """A row that says what made it: an arm of a study, or a map."""

    method: str

    @property
    def network(self) -> Network | None: ...

    @property
    def map_set(self) -> MapSet | None: ...

    @property
    def map_set_id(self) -> int | None: ...


class Pipeline(NamedTuple):
    """The network and the method by which workers, `precompute` and `evaluate` know an arm's maps."""

    network: str
    method: str


@dataclass(frozen=True)
class ArmFacts:
    """What tables of a study's arms say of one; empty where there is nothing to say."""

    network: str = ""
    load: str = ""
    layer: str = ""
    method: str = ""
    weights_sha256: str = ""
    citation: str = ""  # of the method
    is_random: bool = False  # whether nobody has trained the network


@dataclass(frozen=True)
class MapOrigin:
    """How one map came to be. Exports write these fields as columns of maps.csv, under the same names."""

    network: str
    weights_sha256: str
    layer: str
    method: str
    target: int | None
    parameters_hash: str
    manifest: dict[str, Any]


class MapSource(ABC):
    """One source of maps. Stateless: a registry holds one object of each class."""

    name: ClassVar[str]
    keys: ClassVar[tuple[str, ...]]  # the protocol keys that name an arm of it, in the order of the file
    made_by_workers: ClassVar[bool] = False  # else somebody brings its maps, and no button here makes them
    has_arrays: ClassVar[bool] = True  # else its maps are pictures only, and are compared as pictures only
    explains: ClassVar[bool] = True  # else it is what explanations are held against: the photo alone
    by_class: ClassVar[bool] = False  # whether it has maps of any class of the network (`maps_of_classes`)
    made_at_once: ClassVar[bool] = False  # its maps are there as soon as a study asks for them (`make`)
    methods_in_words: ClassVar[
        Mapping[str, str]
    ] = {}  # what a form offers to choose, each with a line about it

    @property
    def is_drawn(self) -> bool:
        """Whether pictures of its maps are drawn here when they are needed (maps/pictures.py); else see `make_pictures`."""
        return self.has_arrays

    # The protocol: the keys that name an arm.

    @abstractmethod
    def is_named_by(self, keys: Keys) -> bool:
        """Whether these keys of a protocol name an arm of this source. Values may be anything that TOML can hold."""

    @abstractmethod
    def read(self, table: KeyReader) -> dict[str, Any]:
        """Take the keys out of an arm's table, in the order of `keys`. What is wrong with them is noted by the table."""

    @abstractmethod
    def short_name(self, keys: Keys, among: Sequence[Keys]) -> str:
        """What an arm without a name is called. `among`: all arms of the study that are named by the same keys."""

    def sign_of(self, keys: Keys) -> str:
        """The rule by which an arm shows maps with values below zero; empty where its maps have none."""
        return ""

    def with_sign(self, keys: dict[str, str], sign: str) -> dict[str, str]:
        """The keys of the same arm under a rule of sign, where its maps need one and its keys do not say another."""
        return keys

    # Before a study opens: what has to be there.

    def fault(self, keys: Keys) -> str:
        """What keeps the maps of an arm from being made here, as one sentence with a remedy; empty where nothing does."""
        return ""

    def pipeline(self, keys: Keys) -> Pipeline | None:
        """The network and method that workers compute the maps with; None where the maps do not come from workers."""
        return None

    @abstractmethod
    def maps_of(self, keys: Keys, images: Sequence[Image]) -> dict[int, ExplanationMap]:
        """Photo's key -> the map that would be shown of it. Photos whose map is not there yet are left out.

        All `images` are of one set. Of keys that `is_named_by` accepts, some may be missing, or name what is not here:
        then nothing is there. Pages ask this, so nothing is made here.
        """

    def maps_of_classes(
        self, keys: Keys, images: Sequence[Image], classes: Classes
    ) -> dict[int, list[ExplanationMap]]:
        """Photo's key -> its maps of these classes of the network, in their order; photos that lack one are left out.

        Asked only of sources that have maps `by_class`.
        """
        raise NotImplementedError

    def make(self, keys: Keys, images: Sequence[Image]) -> None:  # noqa: B027
        """Make the rows that cost nothing, when a study gets ready; most sources make none. Twice does no harm."""

    @abstractmethod
    def maps_in_words(self, keys: Keys) -> str:
        """The arm's maps in words, as they stand in “3 of 6 … are missing”."""

    @abstractmethod
    def command(self, image_set: str, arms: Sequence[Keys]) -> str:
        """The command that makes or brings missing maps of these arms. The arms are of sources with the same `keys`."""

    # The rows: an arm of a study and its maps.

    @abstractmethod
    def columns(self, keys: Keys, networks: Mapping[str, Network]) -> dict[str, Any]:
        """The columns of the row of an arm, beside its study, index and name. `networks`: those of the study, by name.

        Asked once all maps are there (`maps_of`). A row says by its network or its set of maps what made its maps.
        """

    @abstractmethod
    def owns(self, row: Made) -> bool:
        """Whether a row, an arm or a map, is of this source.

        Sources are asked in the registry's order, and the computed maps own what nobody else does: mark rows by a column of
        their own, or by a `method` that no method has, such as `checker:4`, and stand before them.
        """

    @abstractmethod
    def keys_of(self, row: Made) -> dict[str, Any]:
        """The protocol's keys of the row of an arm."""

    def make_pictures(self, row: ExplanationMap) -> None:
        """Make the pictures of a map that has no array and save its row. Asked only where one is missing.

        Raises BadInputError where they cannot be made.
        """
        raise BadInputError(f"{row}: its picture is missing; bring the pictures in again")

    def extent(self, row: ExplanationMap, image: Image) -> Box:
        """Which part of the photo a map's array covers: what is drawn into. Asked only of sources with arrays."""
        return (0, 0, image.width, image.height)

    # Afterwards: what is kept and said.

    @abstractmethod
    def sealed(self, arm: Made) -> tuple[str, str]:
        """What enters a study's hash beside the arm's index and name: a SHA-256 of what made the maps, and how.

        Only of what rows keep, never of what today's code would draw: it never changes for a study that was opened, or its
        seal would be broken. Empty where nothing but the maps is there: they are hashed by themselves.
        """

    @abstractmethod
    def facts(self, arm: Made) -> ArmFacts:
        """What tables of arms say on the study's page and in its report."""

    @abstractmethod
    def origin(self, row: ExplanationMap) -> MapOrigin:
        """How a map came to be."""

    def telltales(self, arm: Made) -> set[str]:
        """Names and hashes that must stand on no page of a volunteer, and in no address or header."""
        return set()

    def notes(self, name: str, arm: Made) -> Iterable[str]:
        """Whole sentences that stand beside results: what a reader should know of the arm called `name`."""
        return ()
