"""Photos, small networks and networks with real weights for the tests of the library."""

import csv
from functools import lru_cache
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import nn

from explain.cam import Network

PHOTOS = Path(__file__).resolve().parents[3] / "samples" / "photos"


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    torch.set_num_threads(1)


@lru_cache
def sample_rows():
    with (PHOTOS / "manifest.csv").open() as file:
        return list(csv.DictReader(file))


def sample_photo(name):
    return Image.open(PHOTOS / name)


class Tiny(nn.Module):
    """Three channels, mean over cells, two classes: small enough for paper. The photo itself is the features."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Identity()
        self.fc = nn.Linear(3, 2)
        self.fc.weight.data = torch.tensor([[1.0, -2.0, 3.0], [-1.0, 0.0, 0.0]])
        self.fc.bias.data = torch.tensor([0.5, 0.0])

    def forward(self, photos):
        return self.fc(self.layer(photos).mean((2, 3)))


TINY_FEATURES = [[[1, 2], [3, 4]], [[0, 1], [0, 1]], [[2, 0], [0, 0]]]


@pytest.fixture
def tiny():
    return Network(Tiny(), layer="layer", size=2, class_names=["yes", "no"], dtype=torch.float64)


@pytest.fixture
def tiny_batch():
    return torch.tensor([TINY_FEATURES], dtype=torch.float64)


@lru_cache
def packaged(name):
    return Network.load(f"package:{name}")
