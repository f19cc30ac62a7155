"""Layout: how a layer's output is read as cells (B, K, h, w), and put together again."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

MOST_APART = 16
"""Class and register tokens that are looked for beside the cells."""


@dataclass(frozen=True)
class Layout:
    """How an output is laid out in memory.

    cells     (h, w)
    channels  the axis of the K channels: 1 or 3 of four axes, 1 or 2 of three
    before    of tokens: how many without a place on the photo (class, registers) stand in front of the cells
    after     and how many behind them
    tokens    whether the output has three axes
    """

    cells: tuple[int, int]
    channels: int = 1
    before: int = 0
    after: int = 0
    tokens: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether the output is features (B, K, h, w) as it is."""
        return not self.tokens and self.channels == 1

    @property
    def apart(self) -> int:
        """How many tokens have no place on the photo."""
        return self.before + self.after

    @property
    def words(self) -> str:
        """What the cells are, for a person."""
        size = f"{self.cells[0]} × {self.cells[1]}"
        if not self.tokens:
            return f"{size} cells" + ("" if self.is_plain else ", channels last")
        if not self.apart:
            return f"{size} tokens"
        return f"{size} tokens, without {self.apart} that {'has' if self.apart == 1 else 'have'} no place on the photo"

    def of_cells(self, output: Tensor) -> Tensor:
        """The cells of an output, as features (B, K, h, w)."""
        if not self.tokens:
            return output if self.channels == 1 else output.movedim(3, 1)
        tokens = output if self.channels == 2 else output.transpose(1, 2)
        inside = tokens[:, self.before : tokens.shape[1] - self.after]
        return inside.transpose(1, 2).unflatten(2, self.cells)

    def rest_of(self, output: Tensor) -> Tensor | None:
        """The tokens that have no place on the photo (B, before + after, K); None where there are none."""
        if not self.apart:
            return None
        tokens = output if self.channels == 2 else output.transpose(1, 2)
        return torch.cat([tokens[:, : self.before], tokens[:, tokens.shape[1] - self.after :]], 1)

    def output_of(self, features: Tensor, rest: Tensor | None) -> Tensor:
        """The output again, from features (B, K, h, w) and the rest of as many photos, or of one for all."""
        if not self.tokens:
            return features if self.channels == 1 else features.movedim(1, 3).contiguous()
        tokens = features.flatten(2).transpose(1, 2)
        if rest is not None:
            rest = rest.expand(len(features), -1, -1)
            tokens = torch.cat([rest[:, : self.before], tokens, rest[:, self.before :]], 1)
        return tokens.contiguous() if self.channels == 2 else tokens.transpose(1, 2).contiguous()


def possible_layouts(shape: Sequence[int], photo: Sequence[int]) -> list[Layout]:
    """Every way to read an output of `shape` (with its first axis B) with more than one cell, for photos of (H, W)."""
    if len(shape) == 4:
        read = [
            Layout((shape[2], shape[3]), channels=1),
            Layout((shape[1], shape[2]), channels=3),
        ]
    elif len(shape) == 3:
        read = [layout for axis in (2, 1) for layout in _of_tokens(shape[3 - axis], axis, photo)]
    else:
        read = []
    return [layout for layout in read if layout.cells[0] * layout.cells[1] > 1]


def _of_tokens(count: int, channels: int, photo: Sequence[int]) -> Iterator[Layout]:
    """Grids as high and wide as the photo is, row by row, with up to MOST_APART tokens in front, behind, or both."""
    for apart in range(min(MOST_APART, count // 2) + 1):
        for cells in _grids(count - apart, photo):
            for before in range(apart, -1, -1):
                yield Layout(cells, channels, before, apart - before, tokens=True)


def _grids(count: int, photo: Sequence[int]) -> Iterator[tuple[int, int]]:
    """(h, w) with h · w = count whose shape is the photo's, up to less than one cell (photos are padded to whole patches)."""
    ratio = photo[0] / photo[1]
    near = math.sqrt(count * ratio)
    for height in range(max(1, math.floor(near) - 1), math.ceil(near) + 2):
        width = count // height
        if height * width == count and abs(height - width * ratio) < max(1.0, ratio):
            yield height, width
