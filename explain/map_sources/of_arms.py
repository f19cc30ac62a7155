"""What is asked of all arms of a study at once, whatever their sources are."""

from collections.abc import Iterable, Sequence

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


def evaluate_command(image_set: str, arms: Sequence[Keys]) -> str:
    """The command that measures the maps of the arms, without its --protocol; empty where no one command measures all."""
    if not_by_network(arms):
        return ""
    networks, methods = ",".join(network_names(arms)), ",".join(methods_for(arms))
    return f"manage.py evaluate {image_set} --networks {networks} --methods {methods}"


def not_by_network(arms: Iterable[Keys]) -> list[Keys]:
    """The arms that are named by other keys than a network and a method: no grid of the two can hold them."""
    return [keys for keys in arms if source_of(keys).pipeline(keys) is None]


def _pipelines(arms: Iterable[Keys]) -> Iterable[Pipeline]:
    pairs = (source_of(keys).pipeline(keys) for keys in arms)
    return (pair for pair in pairs if pair is not None)
