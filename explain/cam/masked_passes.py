"""Methods that run the whole network on many masked copies of a photo: Score-CAM, RISE, occlusion.

The masks are made on the network's device, a batch at a time, and never all held at once. On the CPU a batch has a fixed size,
so that a map has the same bits on every run, whatever company its photo came in; on a GPU as many copies as its memory holds.
Another size of batch changes a score in its last digits: maps agree to 1e-5 of their range.
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from .case import Case
from .errors import InputError
from .fills import FILLS, filling

AT_ONCE = 8
"""Copies in one pass on the CPU: more are slower for each (page faults)."""
MOST_AT_ONCE = 512
SHARE = 0.5
"""Of a GPU's free memory, what the copies of one pass may take."""

Masks = Callable[
    [slice], Tensor
]  # of some of the copies: (n, 1, H, W) or (n, 1, H, W) bool, 1 where the photo stays


def photo_by_photo(case: Case, make: Callable[[int], Tensor]) -> Tensor:
    """Maps (B, h, w): `make(n)` of each photo that is asked for, zeros of those that fill the batch up."""
    maps = [make(photo) for photo in range(case.asked)]
    return torch.stack(maps + [torch.zeros_like(maps[0])] * (len(case.photos) - case.asked))


def scores_of_masked(
    case: Case, photo: int, count: int, masks: Masks, fill: Tensor | None = None, least: int = AT_ONCE
) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """Which of `count` masked copies of a photo, their masks (n, 1, H, W) and their scores Y (n,), a batch at a time.

    fill   what stands where a mask is 0, (1, C, H, W); None: 0, the mean colour of the training photos
    least  copies in one pass; on a GPU the first pass has so many, and tells how many fit
    """
    original, size, start = case.photos[photo : photo + 1], least, 0
    while start < count:
        some = slice(start, min(start + size, count))
        kept = masks(some)
        copies = original * kept if fill is None else torch.where(kept > 0, original, fill)
        copies_now = len(copies)
        if start == 0 and copies.is_cuda:
            torch.cuda.reset_peak_memory_stats(copies.device)
        held = torch.cuda.memory_allocated(copies.device) if copies.is_cuda else 0
        scores = case.scores_of(case.classify(copies), case.targets[photo].expand(copies_now))
        if start == 0 and copies.is_cuda:
            taken = torch.cuda.max_memory_allocated(copies.device) - held
            size = fitting(torch.cuda.mem_get_info(copies.device)[0], taken / copies_now, least)
        yield some, kept, scores
        start = some.stop


def fitting(free: float, each: float, least: int) -> int:
    """How many copies go into one pass: a power of two times `least`, within SHARE of the `free` bytes, MOST_AT_ONCE at most.

    >>> fitting(free=1e9, each=1e6, least=8), fitting(free=1e6, each=1e6, least=8)
    (256, 8)
    """
    size = least
    while 2 * size <= MOST_AT_ONCE and 2 * size * each <= SHARE * free:
        size *= 2
    return size


def rise(case: Case, photo: int, masks: int, cells: int, p: float, seed: int) -> Tensor:
    """The importance of each pixel of one photo, (H, W) float64: Σ_i Y(X ∘ M_i) · M_i / (N p), before anything is taken away.

    Petsiuk, Das and Saenko, section 3.2: a grid of cells × cells, each 1 with probability p, is upsampled bilinearly to
    (cells + 1) squares a side, of H / cells pixels rounded up, and cut to H × W at a place drawn evenly within one square. The
    same masks for every photo. Beyond the middles of the outer squares the grid goes on as it is at its edge (the authors'
    code reflects it there).
    """
    _at_least_one("rise", masks=masks, cells=cells)
    if not 0 < p < 1:
        raise InputError(
            f"rise with p={p}; give the share of a photo that is kept, between 0 and 1, such as 0.5"
        )
    height, width = case.photos.shape[2:]
    chance = np.random.default_rng(seed)
    grids = torch.from_numpy(chance.random((masks, cells, cells)) < p).to(case.photos)
    squares = (-(-height // cells), -(-width // cells))
    places = chance.integers(0, squares, (masks, 2))
    down, across = (_upsampled(cells, square).to(case.photos) for square in squares)
    rows, columns = (
        torch.from_numpy(places[:, axis, None] + np.arange(length)).to(case.photos.device)
        for axis, length in ((0, height), (1, width))
    )

    def made(some: slice) -> Tensor:
        return (down[rows[some]] @ grids[some] @ across[columns[some]].transpose(1, 2))[:, None]

    total = torch.zeros((height, width), dtype=torch.float64, device=case.photos.device)
    for _, kept, scores in scores_of_masked(case, photo, masks, made):
        total += torch.einsum("n,nhw->hw", scores.double(), kept[:, 0].double())
    return total / (masks * p)


def _upsampled(cells: int, square: int) -> Tensor:
    """What each pixel of (cells + 1) squares takes from each of `cells` values, bilinearly: ((cells + 1) · square, cells)."""
    length = (cells + 1) * square
    at = np.clip((np.arange(length) + 0.5) * cells / length - 0.5, 0, cells - 1)
    low = np.minimum(at.astype(int), max(cells - 2, 0))
    shares = np.zeros((length, cells))
    np.add.at(shares, (np.arange(length), low), 1 - (at - low))
    np.add.at(shares, (np.arange(length), np.minimum(low + 1, cells - 1)), at - low)
    return torch.from_numpy(shares)


def occlusion(case: Case, photo: int, baseline: str, window: int, stride: int) -> Tensor:
    """How far the score drops where a square of one photo is covered, at each pixel the mean of all squares over it: (H, W).

    The squares begin every `stride` pixels; the last of a row or column may be cut at the edge, so that every pixel is covered.
    """
    height, width = case.photos.shape[2:]
    _at_least_one("occlusion", window=window, stride=stride)
    if baseline not in FILLS:
        raise InputError(f"occlusion: baseline {baseline!r} does not exist; choose from {', '.join(FILLS)}")
    if window > min(height, width) or stride > window:
        raise InputError(
            f"occlusion: window {window} and stride {stride} do not fit a photo of {height} × {width}; "
            f"choose a window of {min(height, width)} at most, and a stride no wider than the window"
        )
    assert case.net is not None
    fill = filling(case.net, case.photos[photo : photo + 1], baseline)
    tops, lefts = (range(0, length - window + stride, stride) for length in (height, width))
    corners = torch.tensor([(top, left) for top in tops for left in lefts], device=case.photos.device)
    down, across = (torch.arange(length, device=case.photos.device) for length in (height, width))

    def made(some: slice) -> Tensor:
        top, left = corners[some, 0, None], corners[some, 1, None]
        covered_rows = (down >= top) & (down < top + window)
        covered_columns = (across >= left) & (across < left + window)
        return ~(covered_rows[:, :, None] & covered_columns[:, None, :])[:, None]

    whole = case.scores_of(case.logits, case.targets)[photo].double()
    drops = torch.zeros((height, width), dtype=torch.float64, device=case.photos.device)
    times = torch.zeros_like(drops)
    for _, kept, scores in scores_of_masked(case, photo, len(corners), made, fill):
        covered = (~kept[:, 0]).double()
        drops += torch.einsum("n,nhw->hw", whole - scores.double(), covered)
        times += covered.sum(0)
    return drops / times


def _at_least_one(name: str, **values: int) -> None:
    for key, value in values.items():
        if value < 1:
            raise InputError(f"{name}: {key} is {value}; it must be 1 or more")
