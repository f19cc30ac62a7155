"""What a training script saved: one or several states of a network among other things, under names with something in front.

Pure: mappings of tensors in, a state under the network's own names out, with what was taken in words.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from ..errors import WeightsError, shortened

State = Mapping[str, Tensor]
Shapes = Mapping[str, tuple[int, ...]]

# Of several states that fit equally well the first of these is taken: moving averages are what people publish.
_AVERAGES = ("state_dict_ema", "model_ema", "ema_state_dict", "ema_model", "ema", "module_ema")
_PLAIN = ("state_dict", "model_state_dict", "model", "net", "network", "weights", "params", "module")
# What PyTorch's wrappers put between the parts of a name; `module` only where the network has no part of that name.
_WRAPPERS = {"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "module"}
_DEPTH = 4
_NAMES = ("class_names", "classes", "categories", "label_names", "labels")
_BY_INDEX = ("id2label", "idx_to_class", "idx2class", "index_to_class")
_BY_NAME = ("class_to_idx", "class2idx", "label2id")


@dataclass(frozen=True)
class Found:
    """A state in a file, under the network's own names.

    entry    where in the file it lay: "model_ema", "state_dict"; empty for the file itself
    prefix   what stood in front of its names: "module.", "model.resnet."
    beside   tensors beside it in the same entry, by their whole names
    fits     how many of the network's tensors it has, apart from their shapes
    """

    entry: str
    prefix: str
    state: State
    beside: State
    fits: int

    @property
    def name(self) -> str:
        return ".".join(filter(None, [self.entry, self.prefix.rstrip(".")]))

    @property
    def is_average(self) -> bool:
        parts = self.name.split(".")
        return any(part in _AVERAGES for part in parts) or "n_averaged" in {*self.state, *self.beside}


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds: its states by the path to each, and the rest of it, which may name the classes."""

    states: Mapping[tuple[str, ...], State]
    content: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "Checkpoint":
        return cls(dict(_states(content)), content)

    def find(self, own: Shapes) -> list[Found]:
        """The states that might be the network's whose tensors have these names, the best first."""
        found = [one for path, state in self.states.items() for one in _found(path, state, own)]
        return sorted(found, key=lambda one: (-one.fits, _rank(one), one.name))

    def class_names(self, count: int) -> tuple[str, ...] | None:
        """The names of `count` classes, where the training script kept them beside the weights."""
        tables = [self.content, *(value for value in self.content.values() if isinstance(value, Mapping))]
        for table in tables:
            names = _class_names(table)
            if names and len(names) == count:
                return names
        return None


def _class_names(table: Mapping[str, Any]) -> tuple[str, ...] | None:
    for key in _NAMES:
        value = table.get(key)
        if isinstance(value, list | tuple) and _is_names(value):
            return tuple(value)
    for key in (*_BY_INDEX, *_BY_NAME):
        value = table.get(key)
        if not isinstance(value, Mapping) or not value:
            continue
        by_index = value if key in _BY_INDEX else {index: name for name, index in value.items()}
        by_index = {int(index): name for index, name in by_index.items() if str(index).isdigit()}
        if sorted(by_index) == list(range(len(value))) and _is_names(
            names := [by_index[n] for n in range(len(value))]
        ):
            return tuple(names)
    return None


def _is_names(value: object) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(name, str) for name in value)


def _states(
    content: Mapping[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], State]]:
    """Every table of tensors by name, from the outside inwards. Numbers and words among the tensors are left out."""
    tensors = {
        key: value for key, value in content.items() if isinstance(key, str) and isinstance(value, Tensor)
    }
    if tensors:
        yield path, tensors
    if len(path) < _DEPTH:
        for key, value in content.items():
            if isinstance(key, str) and isinstance(value, Mapping):
                yield from _states(value, (*path, key))


def _found(path: tuple[str, ...], state: State, own: Shapes) -> Iterator[Found]:
    """The state, once for each prefix that names of the network's stand behind."""
    unwrapped = _unwrapped(state, own)
    for prefix in _prefixes(unwrapped, own):
        mine = {
            name.removeprefix(prefix): value for name, value in unwrapped.items() if name.startswith(prefix)
        }
        beside = {name: value for name, value in unwrapped.items() if not name.startswith(prefix)}
        yield Found(".".join(path), prefix, mine, beside, sum(name in own for name in mine))


def _unwrapped(state: State, own: Shapes) -> State:
    """Names without what wrappers put into their middle or at their beginning: `features.module.0.weight`."""
    parts = {part for name in own for part in name.split(".")}
    wrappers = _WRAPPERS - parts
    plain = {
        ".".join(p for p in name.split(".") if p not in wrappers): value for name, value in state.items()
    }
    return plain if len(plain) == len(state) else state


def _prefixes(state: State, own: Shapes) -> list[str]:
    """What stands in front of the network's names, most often first; the empty prefix where nothing does."""
    ends: dict[str, list[str]] = {}
    for name in own:
        ends.setdefault(name.rpartition(".")[2], []).append(name)
    counted: Counter[str] = Counter()
    for name in state:
        for end in ends.get(name.rpartition(".")[2], ()):
            if name == end or name.endswith(f".{end}"):
                counted[name[: len(name) - len(end)]] += 1
    most = max(counted.values(), default=0)
    return [prefix for prefix, count in counted.most_common() if 2 * count >= most] or [""]


def _rank(found: Found) -> tuple[int, int]:
    parts = found.name.split(".")
    order = [*_AVERAGES, *_PLAIN]
    return min((order.index(part) for part in parts if part in order), default=len(order)), len(parts)


def chosen(found: Sequence[Found], asked: str) -> list[Found]:
    """Those that `asked` names, by entry, prefix or both; all where it is empty. Raises WeightsError where there is none."""
    named = [one for one in found if not asked or asked in (one.name, *one.name.split("."))]
    if not named:
        names = list(dict.fromkeys(one.name for one in found if one.name and one.fits))
        remedy = f"choose from {shortened(names, 8)}" if names else "leave it out: there is one state"
        raise WeightsError(f"it holds no {asked!r}, which checkpoint = asks for; {remedy}")
    return named
