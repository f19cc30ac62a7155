"""A worker that fetches a library's weights: its page goes on, and it is not taken for one that is gone.

Both libraries write into a file beside the one that they are to have, and give it its name when all of it is there and is what it
should be: a download that breaks off leaves nothing that a later one could take for weights.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from explain.core.background import every

EVERY_SECONDS = 3.0
PARTS = ("*.partial", "*.incomplete")  # torch.hub's, and Hugging Face's
Report = Callable[[int, int], None]


@contextmanager
def watched(report: Report, megabytes: float | None) -> Iterator[None]:
    """Inside, `report(so many MB, of so many)` every few seconds while a download is under way, from a
    thread of its own; (0, 0) where the size is not known."""
    left_by_others = set(_unfinished())

    def say() -> None:
        coming = [path for path in _unfinished() if path not in left_by_others]
        if coming:
            done = round(sum(map(_size, coming)) / 2**20)
            total = round(megabytes) if megabytes else 0
            report(min(done, total), total)

    with every(EVERY_SECONDS, say, "download"):
        yield


def _unfinished() -> list[Path]:
    """The files into which the libraries are writing weights, or were before they broke off."""
    import torch

    folders = [Path(torch.hub.get_dir()) / "checkpoints"]
    try:
        from huggingface_hub import constants

        folders.append(Path(constants.HF_HUB_CACHE))
    except ImportError:  # timm alone needs it
        pass
    return [path for folder in folders if folder.is_dir() for part in PARTS for path in folder.rglob(part)]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # it has just got its name
        return 0
