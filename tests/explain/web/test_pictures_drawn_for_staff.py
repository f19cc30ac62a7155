"""Pictures that no study shows are drawn when staff look at them, kept in a bounded cache, and never in storage."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from django.core.cache import caches
from django.core.files.storage import default_storage
from django.urls import reverse
from PIL import Image as PillowImage

from explain.cam.rendering import render
from explain.maps import crop_of, draw_pictures
from explain.models import ExplanationMap, Image
from explain.web import drawn_pictures
from tests.explain.maps.test_precompute import make_maps, stored_files
from tests.explain.photo_files import photo_bytes

pytestmark = pytest.mark.real_pictures


@pytest.fixture
def row(photos, tiny, client, admin_user) -> ExplanationMap:
    make_maps(photos, tiny, ["grad-cam"])
    Image.objects.update(picture="")
    client.force_login(admin_user)
    return ExplanationMap.objects.select_related("image", "network").first()


@pytest.fixture
def drawn(monkeypatch) -> list:
    """What is drawn from now on."""
    calls, draw = [], drawn_pictures._draw
    monkeypatch.setattr(
        drawn_pictures, "_draw", lambda row, kind, cells: calls.append((row, kind)) or draw(row, kind, cells)
    )
    return calls


def address(row: ExplanationMap, kind: str) -> str:
    return (
        reverse("photo-picture", args=[row.image_id])
        if kind == "photo"
        else reverse("map-picture", args=[kind, row.pk])
    )


@pytest.mark.parametrize("kind", ["photo", "overlay", "masked", "heat"])
def test_a_picture_is_what_a_study_would_show_and_is_drawn_once(row, client, drawn, settings, kind):
    before = stored_files(settings)
    first, second = (client.get(address(row, kind)) for _ in range(2))
    assert first.content == second.content
    assert len(drawn) == 1
    photo, of_map = draw_pictures(row.image, kind, [(row, crop_of(row.network, row.image))], with_photo=True)
    assert first.content == render.jpeg(photo if kind == "photo" else of_map)
    assert first["Content-Type"] == "image/jpeg"
    assert first["Cache-Control"].startswith("private")
    assert stored_files(settings) == before
    row.refresh_from_db()
    assert (row.overlay, row.masked, row.heat) == ("", "", "")


def test_another_map_under_the_same_number_is_drawn_anew(row, client, drawn):
    """SQLite gives the number of a row that is gone to the next."""
    first = client.get(address(row, "heat")).content
    other = np.flip(row.array()).astype("<f4")
    other[0, 0] = 99
    ExplanationMap.objects.filter(pk=row.pk).update(values=other.tobytes())
    assert client.get(address(row, "heat")).content != first
    first = client.get(address(row, "photo")).content
    with default_storage.open(row.image.file.name, "wb") as file:
        file.write(photo_bytes(77, (200, 170)))
    Image.objects.filter(pk=row.image_id).update(content_sha256="1" * 64)
    assert client.get(address(row, "photo")).content != first
    assert len(drawn) == 4


def test_the_cache_is_bounded(row, client, settings, drawn):
    settings.CACHES = {
        **settings.CACHES,
        "thumbnails": {**settings.CACHES["thumbnails"], "OPTIONS": {"MAX_ENTRIES": 4}},
    }
    for kind in ("overlay", "masked", "heat"):
        for each in ExplanationMap.objects.all():
            assert client.get(address(each, kind)).status_code == 200
    assert len(drawn) == 15
    assert len(list(Path(settings.CACHES["thumbnails"]["LOCATION"]).glob("*.djcache"))) <= 4


@pytest.mark.parametrize("kept", [b"", b"\xff\xd8 half", "text", 7])
def test_what_is_no_whole_picture_is_not_taken_from_the_cache(row, client, drawn, kept):
    caches["thumbnails"].set(drawn_pictures._key(row, "heat", None), kept)
    assert PillowImage.open(io.BytesIO(client.get(address(row, "heat")).content)).size == (448, 448)
    assert len(drawn) == 1


def test_a_full_disk_keeps_nobody_from_looking(row, client, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(caches["thumbnails"]), "set", full)
    assert client.get(address(row, "heat")).status_code == 200


def test_a_photo_that_is_gone_is_not_found(row, client):
    os.unlink(row.image.file.path)
    assert client.get(address(row, "heat")).status_code == 404
    assert client.get(address(row, "photo")).status_code == 404
