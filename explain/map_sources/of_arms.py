"""What is asked of all arms of a study at once, whatever their sources are."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from explain.map_sets import holds_pictures
from explain.models import MapSet

from . import brought, pictures
from .interface import Keys, Pipeline
from .registry import source_of


def names_of(arms: Sequence[Keys]) -> list[str]:
    """What arms without a name of their own are called, by what differs between those that are named by the same keys."""
    keys_by_arm = [source_of(keys).keys for keys in arms]
    return [
        source_of(keys).short_name(
            keys, [other for other, named_by in zip(arms, keys_by_arm, strict=True) if named_by == own]
        )
        for keys, own in zip(arms, keys_by_arm, strict=True)
    ]


def map_sets_of(arms: Iterable[Keys]) -> list[str]:
    """The sets of maps and of pictures that arms show, by name, in the arms' order. No two sets have one name."""
    names = (_set_name(keys) for keys in arms)
    return [name for name in names if name is not None]


def with_map_sets(
    arms: Iterable[dict[str, Any]], names: Sequence[str], sets: Mapping[str, MapSet]
) -> list[dict[str, Any]]:
    """The arms with these sets among them and no others; those that were there stay as they are, in their place.

    `sets`: those that there are, by name.
    """
    kept = [keys for keys in arms if _set_name(keys) in (None, *names)]
    new = [name for name in names if name not in map_sets_of(kept)]
    return [*kept, *({_key_of(sets[name]): name} for name in new)]


def _set_name(keys: Keys) -> str | None:
    return next((str(keys[key]) for key in (brought.MAPS, pictures.KEY) if key in keys), None)


def _key_of(map_set: MapSet) -> str:
    return pictures.KEY if holds_pictures(map_set) else brought.MAPS


def network_names(arms: Iterable[Keys]) -> list[str]:
    """The networks that the arms need, each once, in the arms' order."""
    return [name for name in dict.fromkeys(pair.network for pair in _pipelines(arms)) if name]


def methods_for(arms: Iterable[Keys]) -> list[str]:
    """The methods that workers compute for the arms, each once, in the arms' order."""
    return [name for name in dict.fromkeys(pair.method for pair in _pipelines(arms)) if name]


def commands_for(image_set: str, arms: Sequence[Keys]) -> list[str]:
    """The commands that make or bring the maps of the arms: one for all arms that are named by the same keys."""
    groups: dict[tuple[str, ...], list[Keys]] = {}
    for keys in arms:
        groups.setdefault(source_of(keys).keys, []).append(keys)
    commands = [source_of(group[0]).command(image_set, group) for group in groups.values()]
    return [command for command in commands if command]


def precompute_command(image_set: str, arms: Sequence[Keys], target: str = "label") -> str:
    """The commands that make workers compute maps of the arms, and predictions with them; empty where none needs workers."""
    commands = commands_for(image_set, [keys for keys in arms if source_of(keys).pipeline(keys) is not None])
    aim = "" if target == "label" else f" --target {target}"
    return "; ".join(f"{command}{aim}" for command in commands)


def not_by_network(arms: Iterable[Keys]) -> list[Keys]:
    """The arms that are named by other keys than a network and a method: no grid of the two can hold them."""
    return [keys for keys in arms if source_of(keys).pipeline(keys) is None]


def _pipelines(arms: Iterable[Keys]) -> Iterable[Pipeline]:
    pairs = (source_of(keys).pipeline(keys) for keys in arms)
    return (pair for pair in pairs if pair is not None)
