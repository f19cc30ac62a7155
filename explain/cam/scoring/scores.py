"""The score Y that is explained: a class score as it is, or its probability."""

import torch
from torch import Tensor

from .output import SIGMOID

SCORES = ("logit", "probability")


def score_of(asked: str, kind: str) -> str:
    """The word that `scores_as` knows for a score of SCORES by a network whose scores are `kind`: softmax or sigmoid."""
    return SIGMOID if asked == "probability" and kind == SIGMOID else asked


def scores_as(logits: Tensor, score: str) -> Tensor:
    """Y (B, classes) from logits (B, classes): "logit", "probability" (softmax), or "sigmoid", each class for itself."""
    if score == "probability":
        return logits.softmax(1)
    return logits.sigmoid() if score == SIGMOID else logits


def sigmoid_drops(logits: Tensor, changes: Tensor) -> Tensor:
    """(p − p') / p of sigmoids, from the changes Δ of their logits z, without subtracting probabilities.

    p'/p = 1 / (1 + u) with u = σ(−z) expm1(Δ), so the drop is u / (1 + u).

    >>> sigmoid_drops(torch.zeros(1), torch.tensor([0.0, 40.0]))
    tensor([0., 1.])
    """
    grown = torch.sigmoid(-logits) * torch.expm1(changes)
    return torch.where(grown.isinf(), 1.0, grown / (1 + grown))
