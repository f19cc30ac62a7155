"""Fit a checkpoint to an architecture: which state, how many classes and channels, and what of it is left over."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import WeightsError, shortened
from .checkpoint import Checkpoint, Found, Shapes, State, chosen

# What stands beside a network without being part of it: losses, metrics, counters of profilers.
_BESIDE = re.compile(
    r"criterion|criteria|loss(es|_fn|_func|_function|_module)?|\w+_loss|(\w+_)?metrics?|(\w+_)?acc(uracy)?|auroc|confmat"
    r"|n_averaged|total_ops|total_params|step|epoch",
    re.IGNORECASE,
)
_OPTIONAL = "num_batches_tracked"
_LISTED = 12


@dataclass(frozen=True)
class Fitted:
    """A state under the network's own names.

    classes, channels   how many the network must be built with; None: as many as it was asked with
    notes               what was taken and what was left, each a sentence for people
    """

    tensors: State
    classes: int | None
    channels: int | None
    notes: tuple[str, ...]


def fit(
    checkpoint: Checkpoint,
    own: Shapes,
    *,
    classes: int,
    source: str,
    network: str,
    asked: str = "",
    ignore: Sequence[str] = (),
) -> Fitted:
    """The state of `checkpoint` for a network whose tensors have the shapes `own`, built with `classes` classes and 3 channels.

    asked    an entry of the file or a prefix of its names, where there are several
    ignore   beginnings of names that are not the network's, and which it runs without
    Raises WeightsError that says which names or shapes differ.
    """
    found = checkpoint.find(own)
    if not found:
        raise WeightsError(f"weights {source}: it is not a state dict; save module.state_dict()")
    try:
        candidates = chosen(found, asked)
    except WeightsError as problem:
        raise WeightsError(f"weights {source}: {problem}") from None
    best = candidates[0]
    if 2 * best.fits > len(own):
        _check_alone(best, candidates, source)
    state, head = _with_head(best, own, classes)
    sizes = _sizes(state, own, classes)
    if problems := _problems(state, own, sizes, ignore):
        raise WeightsError(
            f"weights {source}{_place(best)} belong to another architecture than {network}: {', '.join(problems)};"
            " name the network that they were made for, or give other weights"
        )
    copies = tuple(
        one.prefix for one in found if one.fits == best.fits and one.entry == best.entry and one.prefix
    )
    beside = [name for name in best.beside if name not in head and not name.startswith(copies)]
    _check_beside([name for name in beside if not _may_be_left(name, ignore)], source, network)
    surplus = [name for name in state if name not in own]
    notes = (*_taken(best, found), *_head_words(head, sizes), *_left(surplus + beside))
    tensors = {name: value for name, value in state.items() if name in own}
    return Fitted(tensors, sizes.classes, sizes.channels, notes)


@dataclass(frozen=True)
class _Sizes:
    """How many classes and channels a state has, where they are others than the network was built with."""

    classes: int | None
    channels: int | None
    head: str = ""
    explained: frozenset[str] = frozenset()


def _sizes(state: State, own: Shapes, classes: int) -> _Sizes:
    """Read off the shapes: a head differs in its first side alone, where the network has `classes`; a stem in its second, where
    it has 3. All that differ must agree.
    """
    heads, stems = {}, {}
    for name, shape in own.items():
        theirs = tuple(state[name].shape) if name in state else shape
        if theirs == shape or len(theirs) != len(shape):
            continue
        if shape[0] == classes and theirs[1:] == shape[1:]:
            heads[name] = theirs[0]
        elif len(shape) == 4 and shape[1] == 3 and theirs[0] == shape[0] and theirs[2:] == shape[2:]:
            stems[name] = theirs[1]
    one_head = len(set(heads.values())) == 1
    one_stem = len(stems) == 1
    explained = frozenset([*(heads if one_head else ()), *(stems if one_stem else ())])
    return _Sizes(
        next(iter(heads.values())) if one_head else None,
        next(iter(stems.values())) if one_stem else None,
        next(iter(heads), ""),
        explained,
    )


def _with_head(found: Found, own: Shapes, classes: int) -> tuple[State, dict[str, str]]:
    """The state with its head under the network's name for it, and which names those were: `fc.1.weight` is `fc.weight`.

    Training scripts put a dropout before the last layer, or the last layer beside the network. Only where the network's head
    is all that is missing, and one linear layer of its width all that could be it.
    """
    missing = [name for name in own if name not in found.state and not name.endswith(_OPTIONAL)]
    heads = [name for name in missing if own[name][0] == classes and name.endswith(".weight")]
    bodies = {name.rpartition(".")[0] for name in missing}
    if len(heads) != 1 or bodies != {heads[0].rpartition(".")[0]}:
        return found.state, {}
    head, width = heads[0].rpartition(".")[0], own[heads[0]][1:]
    whole = {name: value for name, value in {**found.state, **found.beside}.items() if name not in own}
    whole = {name: value for name, value in whole.items() if not _is_beside(name)}
    linears = [
        name.rpartition(".")[0] for name, v in whole.items() if name.endswith(".weight") and v.ndim > 1
    ]
    if len(linears) != 1 or tuple(whole[f"{linears[0]}.weight"].shape[1:]) != tuple(width):
        return found.state, {}
    theirs = linears[0]
    if set(whole) - {f"{theirs}.weight", f"{theirs}.bias"}:
        return found.state, {}
    renamed = {f"{theirs}.{end}": f"{head}.{end}" for end in ("weight", "bias") if f"{theirs}.{end}" in whole}
    state = {renamed.get(name, name): value for name, value in {**found.state, **whole}.items()}
    return state, renamed


def _problems(state: State, own: Shapes, sizes: _Sizes, ignore: Sequence[str]) -> list[str]:
    missing = [name for name in own if name not in state and not name.endswith(_OPTIONAL)]
    surplus = [name for name in state if name not in own and not _may_be_left(name, ignore)]
    reshaped = [
        f"{name} is {tuple(state[name].shape)} and should be {shape}"
        for name, shape in own.items()
        if name in state and tuple(state[name].shape) != shape and name not in sizes.explained
    ]
    return [
        f"{len(names)} {what} ({shortened(names, 2)})"
        for names, what in ((missing, "missing"), (surplus, "unknown"), (reshaped, "of another shape"))
        if names
    ]


def _may_be_left(name: str, ignore: Sequence[str]) -> bool:
    return _is_beside(name) or name.endswith(_OPTIONAL) or name.startswith(tuple(ignore))


def _is_beside(name: str) -> bool:
    return any(_BESIDE.fullmatch(part) for part in name.split("."))


def _check_alone(best: Found, candidates: Sequence[Found], source: str) -> None:
    """Raise WeightsError for a teacher beside its student: two networks in one table of tensors, neither of them an average."""
    rivals = [one for one in candidates if one.fits == best.fits and one.entry == best.entry]
    if len(rivals) > 1 and not any(one.is_average for one in rivals):
        names = " and ".join(one.name for one in rivals)
        raise WeightsError(
            f"weights {source}: it holds {len(rivals)} networks that fit, {names}; say which by checkpoint = {rivals[0].name!r}"
        )


def _check_beside(names: Sequence[str], source: str, network: str) -> None:
    """Raise WeightsError for tensors beside the network that may belong to it: a layer after it would change every score."""
    if names:
        raise WeightsError(
            f"weights {source}: beside {network} it holds {shortened(names, 4)}, which may be a part that comes before or after it;"
            " if the network runs without, say so by ignore =, else save it whole by torch.export or as .onnx"
        )


def _place(found: Found) -> str:
    return f" ({found.name})" if found.name else ""


def _taken(best: Found, candidates: Sequence[Found]) -> list[str]:
    notes = []
    others = [
        one.name or "the file’s own"
        for one in candidates[1:]
        if one.fits == best.fits and one.name != best.name
    ]
    if best.entry or others:
        average = ", a moving average" if best.is_average else ""
        also = (
            f"; it holds {shortened(others)} as well, which is taken where checkpoint names it"
            if others
            else ""
        )
        notes.append(f"Of the file, {best.entry or 'the outermost table'} was taken{average}{also}.")
    if best.prefix:
        notes.append(f"Its names begin with {best.prefix} there.")
    return notes


def _head_words(head: Mapping[str, str], sizes: _Sizes) -> list[str]:
    notes = []
    if head:
        theirs, ours = next(iter(head.items()))
        notes.append(
            f"{theirs.rpartition('.')[0]} was taken as its last layer, {ours.rpartition('.')[0]}: right if nothing but a dropout"
            " comes between."
        )
    if sizes.classes is not None:
        notes.append(f"It has {sizes.classes} class scores, as {sizes.head} in the file has.")
    if sizes.channels is not None:
        notes.append(
            f"It reads {sizes.channels} channel{'s' if sizes.channels > 1 else ''}, as its first layer in the file."
        )
    return notes


def _left(names: Sequence[str]) -> list[str]:
    names = [name for name in names if not name.endswith(_OPTIONAL)]
    return [f"Not used of the file: {shortened(names, _LISTED)}."] if names else []
