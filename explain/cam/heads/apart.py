"""Heads after a layer whose output is no features (B, K, h, w): tokens, or cells with their channels last.

What has no place on the photo (class and register tokens) stays as it is for the photo: it is no cell, and never set to zero.
"""

import torch
from torch import Tensor

from ..cut import Run
from ..errors import InputError
from ..places import Layout
from .base import Head


class LaidOutHead(Head):
    """The general head over a layout. `rest` (B, n, K) are the tokens apart of the photos in the batch."""

    def __init__(self, run: Run, layout: Layout, rest: Tensor | None = None) -> None:
        super().__init__(self._scores)
        self._whole, self._layout, self._rest = run, layout, rest
        self.kind = f"general, {layout.words}"

    def with_rest(self, rest: Tensor | None) -> "LaidOutHead":
        """The head of one batch."""
        return LaidOutHead(self._whole, self._layout, rest)

    def of_photo(self, photo: int) -> "LaidOutHead":
        return self if self._rest is None else self.with_rest(self._rest[photo : photo + 1])

    def _scores(self, features: Tensor) -> Tensor:
        if self._layout.apart and self._rest is None:
            raise InputError(
                f"the class scores need {self._layout.apart} tokens beside the features; use net.run(batch)"
            )
        if tuple(features.shape[2:]) != self._layout.cells and self._layout.tokens:
            raise InputError(
                f"features have {tuple(features.shape[2:])} cells, and this network {self._layout.cells};"
                " stack photos by net.preprocess"
            )
        return self._whole(self._layout.output_of(features, self._rest))


@torch.no_grad()
def laid_out(run: Run, layout: Layout, output: Tensor | None) -> LaidOutHead:
    """The head for a batch's output; for no batch in particular where that is None."""
    return LaidOutHead(run, layout, None if output is None else layout.rest_of(output))
