"""Methods of installed packages: entry points in the group `blindsight.methods`. Listed from metadata, nothing is imported."""

import sys
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points

from .known import Known
from .spec import MethodSpec

GROUP = "blindsight.methods"


def entry_points_here() -> dict[str, EntryPoint]:
    """The entry points by the names of their methods. Names that no method can have are left out."""
    return _entry_points(tuple(sys.path))


@lru_cache(maxsize=2)
def _entry_points(_path: tuple[str, ...]) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP) if not MethodSpec(point.name).fault()}


def known_by_entry_point() -> dict[str, Known]:
    return {name: _known(point) for name, point in entry_points_here().items()}


def package_of(point: EntryPoint) -> dict[str, str]:
    """Who brings a method: package and version."""
    dist = point.dist
    return {"package": dist.name, "version": dist.version} if dist else {}


def _summary(point: EntryPoint) -> str:
    if point.dist is None or "Summary" not in point.dist.metadata:
        return ""
    return point.dist.metadata["Summary"].strip()


def _known(point: EntryPoint) -> Known:
    package = package_of(point)
    by = f"{package['package']} {package['version']}" if package else point.value
    summary = _summary(point)
    words = f"From the package {by}{f': {summary}' if summary else ''}"
    return Known(point.name, by, words.rstrip(".") + ".", parameters=None, signed=True)
