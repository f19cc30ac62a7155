"""The linear models of Lime and KernelShap: weighted least squares in float64, in closed form. Imports Captum."""

from typing import Any

import torch
from captum._utils.models.model import Model
from torch import Tensor
from torch.utils.data import DataLoader


class Linear(Model):
    """Minimises Σ w (y − x·b − c)² + ridge · |b|²; the constant c is not shrunk."""

    def __init__(self, ridge: float) -> None:
        self.ridge = ridge
        self._weights = torch.zeros(0)
        self._constant = torch.zeros(0)

    def fit(self, train_data: DataLoader, **_: Any) -> None:
        batches = [tuple(part.double().cpu() for part in batch) for batch in train_data]
        x, y, w = (torch.cat([batch[part] for batch in batches]) for part in range(3))
        x, y, w = x.flatten(1), y.flatten(), w.flatten()
        share = w / w.sum()
        middle, height = (share[:, None] * x).sum(0), (share * y).sum()
        away = (x - middle) * w.sqrt()[:, None]
        products = away.T @ away + self.ridge * torch.eye(x.shape[1], dtype=torch.float64)
        wanted = away.T @ ((y - height) * w.sqrt())
        weights = torch.linalg.lstsq(products, wanted[:, None], driver="gelsd").solution[:, 0]
        self._weights, self._constant = weights[None], height - middle @ weights

    def representation(self) -> Tensor:
        return self._weights

    def __call__(self, x: Tensor, *_: Any, **__: Any) -> Tensor:
        return x.double().flatten(1) @ self._weights[0] + self._constant
