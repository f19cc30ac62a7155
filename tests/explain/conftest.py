"""Folders, photos and a small real network for tests of the explain app."""

import pytest
import torch

from explain.cam.engine import Explanation
from explain.maps import compute
from explain.models import ImageSet
from explain.photos.importer import import_images
from tests.factories import make_image, make_network

from .photo_files import make_folder, photo_bytes
from .small_network import small_network


@pytest.fixture
def inbox(tmp_path):
    """An empty folder to bring photos in from, apart from where they are stored."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def photos(db, inbox):
    """A set of five photos of two classes: 3 hammers, 2 solar dishes."""
    names = ["hammer/1.jpg", "hammer/2.jpg", "hammer/3.jpg", "solar_dish/1.jpg", "solar_dish/2.jpg"]
    make_folder(inbox, {name: photo_bytes(number, (200, 170)) for number, name in enumerate(names)})
    return import_images(path=inbox, set_name="photos").image_set


@pytest.fixture
def tiny(db):
    """A network with random weights (the same each time), cut at its last convolution."""
    return small_network()


@pytest.fixture
def tools(db):
    """Three photos and a network that is never loaded."""
    image_set = ImageSet.objects.create(name="tools")
    for number in range(3):
        make_image(image_set, number)
    return image_set


@pytest.fixture
def network(db):
    """Its class names are numbers; photos are found by their class's index."""
    return make_network()


@pytest.fixture
def fine_maps(monkeypatch):
    """The engine's maps, forty times as fine in each direction: 200 × 200, so each lies in a file of its own."""
    explain = compute.cam.explain

    def fine(*args, **options) -> Explanation:
        out = explain(*args, **options)
        for method, cells in out.maps.items():
            large = cells.repeat_interleave(40, 1).repeat_interleave(40, 2)
            out.maps[method] = large * (
                1 + torch.rand(large.shape, generator=torch.Generator().manual_seed(0))
            )
        return out

    monkeypatch.setattr(compute.cam, "explain", fine)
