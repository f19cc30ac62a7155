"""A small map lies in its row, a large one in a file that the row names; either is read back bit by bit."""

import hashlib
import os
import time
import tracemalloc

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.files import changed_files, check_files
from explain.core.array_files import HEAD, ArrayFileError, pack, unpack
from explain.core.errors import BadInputError
from explain.maps import arrays, compute, keep_array, move_arrays, plan_run, run_pending
from explain.models import ExplanationMap, Image, ImageSet
from tests.factories import make_image, make_map, make_network

from .test_precompute import stored_files

SMALL, LARGE = (32, 32), (33, 32)


def values(shape, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype("<f4")


@pytest.fixture
def row(db) -> ExplanationMap:
    return make_map(make_image(ImageSet.objects.create(name="s"), 1), make_network(), "grad-cam")


def kept(row: ExplanationMap, cells: np.ndarray) -> ExplanationMap:
    keep_array(row, cells)
    row.save()
    return ExplanationMap.objects.get(pk=row.pk)


@pytest.mark.parametrize("shape", [(1, 1), (7, 7), SMALL, LARGE, (1, 1025), (1000, 1000)])
def test_every_bit_comes_back(row, shape):
    cells = values(shape)
    cells[0, 0] = np.float32(1e-42)  # as good as nothing, and not nothing
    stored = kept(row, cells)
    assert stored.array().tobytes() == cells.tobytes()
    assert stored.array().shape == shape
    assert stored.values_sha256 == hashlib.sha256(cells.tobytes()).hexdigest()
    assert len(stored.values) <= 4096
    assert bool(stored.array_file) == (cells.nbytes > 4096)


def test_a_map_that_is_one_value_a_pixel_takes_less_than_its_values(row):
    smooth = np.outer(np.hanning(1000), np.hanning(1000)).astype("<f4")
    assert kept(row, smooth).array_file.size < 0.8 * smooth.nbytes


def test_half_the_bytes_are_kept_only_where_no_bit_is_lost():
    noise = np.random.default_rng(0).bytes(2 * 10_000)
    halves = np.nan_to_num(np.frombuffer(noise, "<f2"), nan=0).reshape(100, 100).astype("<f4")
    assert HEAD.unpack_from(pack(halves))[1] == 2
    assert unpack(pack(halves), 100, 100).tobytes() == halves.tobytes()
    halves[3, 3] = np.nextafter(halves[3, 3], np.float32(9))
    assert HEAD.unpack_from(pack(halves))[1] == 4
    assert unpack(pack(halves), 100, 100).tobytes() == halves.tobytes()
    halves[3, 3] = 1e30  # infinite in half the bytes
    assert unpack(pack(halves), 100, 100).tobytes() == halves.tobytes()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda whole: whole[:5], "it is cut off"),
        (lambda whole: whole[:-9], "it is cut off or damaged"),
        (lambda whole: b"PNG1" + whole[4:], "it is no array"),
        (lambda whole: whole[:4] + b"\x08" + whole[5:], "it is no array"),
        (lambda whole: whole[:13] + b"abc" + whole[16:], "it is damaged"),
        (lambda whole: pack(values((40, 40))), "it has 40 × 40 values, not 40 × 50"),
    ],
)
def test_bytes_that_are_no_such_array_are_refused(spoil, why):
    whole = pack(values((40, 50)))
    with pytest.raises(ArrayFileError, match=why):
        unpack(spoil(whole), 40, 50)


def test_a_file_that_unpacks_to_more_than_its_map_takes_no_memory():
    import zlib

    bomb = HEAD.pack(b"BSA1", 4, 40, 40) + zlib.compress(bytes(200_000_000), 9)
    tracemalloc.start()
    with pytest.raises(ArrayFileError, match="cut off or damaged"):
        unpack(bomb, 40, 40)
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


def test_a_file_with_another_map_of_the_same_size_is_refused(row):
    stored = kept(row, values(LARGE))
    with open(stored.array_file.path, "wb") as file:
        file.write(pack(values(LARGE, seed=1)))
    with pytest.raises(BadInputError, match=rf"map {row.pk}: its file .* is not the map that was stored"):
        stored.array()
    assert stored.array_file.name in changed_files()
    default_storage.delete(stored.array_file.name)
    with pytest.raises(BadInputError, match="restore it from a backup"):
        stored.array()
    assert stored.array_file.name not in changed_files()
    assert check_files().lost == [stored.array_file.name]


# Old rows, and the command that moves them.


def old_row(row: ExplanationMap, cells: np.ndarray) -> bytes:
    """A row as an older version stored it."""
    height, width = cells.shape
    ExplanationMap.objects.filter(pk=row.pk).update(values=cells.tobytes(), height=height, width=width)
    return cells.tobytes()


@pytest.fixture
def old(row) -> dict[int, bytes]:
    others = [make_map(row.image, row.network, method) for method in ("hirescam", "layer-cam", "random")]
    shapes = [LARGE, SMALL, (200, 300), (1, 1025)]
    return {each.pk: old_row(each, values(shape)) for each, shape in zip([row, *others], shapes, strict=True)}


def arrays_now() -> dict[int, bytes]:
    return {each.pk: each.array().tobytes() for each in ExplanationMap.objects.all()}


def test_old_rows_are_moved_and_read_the_same_before_halfway_and_after(old, monkeypatch, capsys):
    assert arrays_now() == old
    before = {each.pk: each.values_sha256 for each in ExplanationMap.objects.all()}

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move_arrays(stop)
    assert arrays_now() == old
    assert ExplanationMap.objects.exclude(array_file="").count() == 1
    call_command("move_arrays", "--json")
    assert '"moved": 2,\n  "left": 0' in capsys.readouterr().out
    assert arrays_now() == old
    assert {each.pk: each.values_sha256 for each in ExplanationMap.objects.all()} == before
    assert [len(each.values) for each in ExplanationMap.objects.order_by("pk")] == [0, 4096, 0, 0]
    assert move_arrays() == 0
    assert check_files().lost == []


def test_of_two_that_move_one_row_the_later_leaves_no_file(old, settings, monkeypatch):
    """It read the row while it was still large; the other one is done with it by then."""
    row = ExplanationMap.objects.get(pk=min(old))
    before = stored_files(settings)
    first, second = (ExplanationMap.objects.get(pk=row.pk) for _ in range(2))
    assert arrays._move(first) == 1
    assert arrays._move(second) == 0
    row.refresh_from_db()
    assert stored_files(settings) - before == {row.array_file.name}


def test_a_move_that_the_database_refuses_leaves_no_file(old, settings, monkeypatch):
    before = stored_files(settings)

    def refuse(*_, **__):
        raise OSError("no")

    monkeypatch.setattr(QuerySet, "update", refuse)
    with pytest.raises(OSError, match="no"):
        move_arrays()
    assert stored_files(settings) == before


def test_a_file_that_a_killed_process_left_is_found(row, settings):
    """Its row was never written."""
    keep_array(row, values(LARGE))
    then = time.time() - 7200
    os.utime(row.array_file.path, (then, then))
    assert check_files().orphans == [row.array_file.name]


# Workers, and lists.


def test_a_worker_keeps_large_maps_in_files(photos, tiny, fine_maps, settings):
    run_pending(plan_run(image_set=photos, networks=[tiny], methods=["grad-cam"]), lambda: None)
    rows = list(ExplanationMap.objects.all())
    assert len(rows) == Image.objects.count()
    assert {row.array().shape for row in rows} == {(200, 200)}
    assert {row.array_file.name for row in rows} <= stored_files(settings)


def test_a_batch_that_fails_leaves_no_array(photos, tiny, fine_maps, settings, monkeypatch):
    before = stored_files(settings)

    def refuse(self):
        raise OSError("no")

    monkeypatch.setattr(compute.BatchComputation, "_store_rows", refuse)
    run_pending(plan_run(image_set=photos, networks=[tiny], methods=["grad-cam"]), lambda: None)
    assert not ExplanationMap.objects.exists()
    assert stored_files(settings) == before


def test_no_list_reads_an_array(row, client, admin_user):
    client.force_login(admin_user)
    pages = [
        reverse("runs"),
        reverse("image-set", args=["s"]),
        reverse("admin:explain_explanationmap_changelist"),
    ]
    for page in pages:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(page).status_code == 200
        assert not [query["sql"] for query in queries if '"explain_explanationmap"."values"' in query["sql"]]
