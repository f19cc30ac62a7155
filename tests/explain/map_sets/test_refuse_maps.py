"""Everything that can be wrong with maps: one sentence that names it and what to do, and nothing is left behind."""

import io
import json
import os
import pickle
import struct
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as PillowImage
from safetensors.numpy import save_file

from explain.core.errors import BadInputError
from explain.map_sets import Channels, Covers, Reading, Scale, Sign, import_maps
from explain.models import ExplanationMap, MapSet
from tests.explain.maps.test_precompute import stored_files
from tests.factories import make_network

from .conftest import NAMES, asked, cells

READING = Reading(Covers.PHOTO, Sign.POSITIVE, Scale.MAX)


@pytest.fixture(autouse=True)
def nothing_is_left(birds, settings):
    before = stored_files(settings)
    yield
    assert stored_files(settings) == before
    assert not WRITTEN.exists(), "something that a file held was run"
    assert not MapSet.objects.exists()
    assert not ExplanationMap.objects.exists()


def refused(path, **changes) -> str:
    """The one sentence that an import is refused with."""
    with pytest.raises(BadInputError) as caught:
        import_maps(asked(path, **changes))
    assert len(caught.value.lines) == 1, caught.value.lines
    return caught.value.lines[0]


def npy(array, **options) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def npz(**arrays) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def png(pixels, kind="PNG") -> bytes:
    file = io.BytesIO()
    PillowImage.fromarray(pixels).save(file, kind)
    return file.getvalue()


def saved(thing) -> bytes:
    file = io.BytesIO()
    torch.save(thing, file)
    return file.getvalue()


def head_alone(shape) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return file.getvalue()


WRITTEN = Path(tempfile.gettempdir()) / f"blindsight-ran-{os.getpid()}"


class Opens:
    """Unpickled it would write a file."""

    def __reduce__(self):
        return open, (str(WRITTEN), "w")


def with_value(value) -> np.ndarray:
    array = cells()
    array[3, 3] = value
    return array


ONE_FILE = [
    ("nan.npy", npy(with_value(np.nan)), "NaN or infinity among its values; compute the map again in float32"),
    ("inf.npy", npy(with_value(np.inf)), "NaN or infinity among its values; compute the map again in float32"),
    ("huge.npy", npy(cells().astype(float) * 1e300), "values beyond what float32 holds; divide the map by its largest value"),
    ("constant.npy", npy(np.full((7, 7), 0.5, "f4")), "the same value in every cell, so there is nothing to see; compute the map again, or keep such maps (--allow constant)"),
    ("negative.npy", npy(-cells()), "nothing above zero; read it with the sign absolute or as-is (--sign), or keep such maps (--allow constant)"),
    ("complex.npy", npy(cells().astype(complex)), "values of the kind complex128, not real numbers; save the map as float32"),
    ("texts.npy", npy(np.array([["a", "b"]])), "values of the kind <U1, not real numbers; save the map as float32"),
    ("objects.npy", npy(np.array([[Opens()]], dtype=object), allow_pickle=True), "Python objects, which are never loaded; save plain numbers (float32)"),
    ("none.npy", npy(np.zeros((0, 7), "f4")), "no values (its shape is 0 × 7); save the map again"),
    ("line.npy", npy(cells(0, (49,))), "a shape of 49; a map has (h, w), (1, h, w) or (C, h, w)"),
    ("four.npy", npy(cells(0, (2, 3, 7, 7))), "a shape of 2 × 3 × 7 × 7; a map has (h, w), (1, h, w) or (C, h, w)"),
    ("last.npy", npy(cells(0, (7, 7, 3))), "a shape of 7 × 7 × 3, which is (h, w, C); move its last axis to the front"),
    ("tokens.npy", npy(cells(0, (7, 7, 768))), "a shape of 7 × 7 × 768, which is no map; give (h, w), (1, h, w) or (C, h, w)"),
    ("large.npy", npy(cells(0, (4097, 4097))), "a shape of 4097 × 4097, over 4,096 cells on a side; make it smaller"),
    ("channels.npy", npy(cells(0, (3, 7, 7))), "3 channels, and it is not said what becomes of them; say whether they are summed or the largest is taken (--channels sum or --channels max)"),
    ("empty.npy", b"", "no bytes: the file is empty; copy it again"),
    ("text.npy", b"dear diary", "no .npy inside, whatever its name says; save it by numpy.save"),
    ("short.npy", npy(cells())[:-8], "fewer values than its head says: it is cut off; copy it again"),
    ("long.npy", npy(cells()) + b"more", "more values than its head says; save it again by numpy.save"),
    ("bomb.npy", head_alone((1_000_000, 1_000_000)), "a map of over 2 GiB; make it smaller"),
    ("text.npz", b"dear diary", "no .npz inside, whatever its name says; save it by numpy.savez"),
    ("two.npz", npz(a=cells(), b=cells()), "2 arrays (a, b), where one photo's file has one; give a file of many maps as the path itself"),
    ("colours.png", png(np.random.default_rng(0).integers(0, 255, (9, 9, 3), np.uint8)), "a picture in colours, which is no map any more; save the map's values, in grey or as .npy (for finished pictures there is import_pictures)"),
    ("text.png", b"dear diary", "no picture that is read here (PNG or TIFF), or a damaged one; save it again"),
    ("short.tif", png(np.arange(49, dtype="u1").reshape(7, 7), "TIFF")[:40], "no picture that is read here (PNG or TIFF), or a damaged one; save it again"),
    ("runs.pt", pickle.dumps(Opens()), "more than tensors inside, or a damaged file: nothing else is loaded; save it by torch.save(tensor.cpu(), …)"),
    ("network.pt", saved(torch.nn.Linear(2, 2)), "more than tensors inside, or a damaged file: nothing else is loaded; save it by torch.save(tensor.cpu(), …)"),
    ("list.pt", saved([1, 2]), "no plain tensor inside; save one by torch.save(tensor.cpu(), …)"),
    ("sparse.pt", saved(torch.eye(7).to_sparse()), "no plain tensor inside; save one by torch.save(tensor.cpu(), …)"),
    ("text.safetensors", b"dear diary", "no .safetensors inside, or one that is cut off; save it by safetensors.numpy.save_file"),
    ("lies.safetensors", struct.pack("<Q", 2**60) + b"{}", "no .safetensors inside, or one that is cut off; save it by safetensors.numpy.save_file"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "reason"), ONE_FILE, ids=[name for name, *_ in ONE_FILE])
def test_a_file_that_is_no_map(folder, name, content, reason):
    (folder / "hammer/1.npy").unlink()
    file = folder / f"hammer/1.{name.rsplit('.')[-1]}"
    file.write_bytes(content)
    assert refused(folder) == f"hammer/{file.name}: {reason}"


def test_p99_that_shows_nothing(folder):
    one = np.zeros((20, 20), "f4")
    one[0, 0] = 1
    np.save(folder / "hammer/1.npy", one)
    assert refused(folder, reading=replace(READING, scale=Scale.P99)) == (
        "hammer/1.npy: a 99th percentile that is its lowest value, so nothing would be seen; take the scale max (--scale max)"
    )


def test_a_photo_without_a_map(folder):
    (folder / "dam/1.npy").unlink()
    assert refused(folder) == (
        "dam/1.jpg: no map of this photo; add it, or let a part of the set be enough (--allow missing)"
    )


@pytest.mark.parametrize("name", ["hammer/3.npy", "emu/1.npy", "1.5.npy"])
def test_a_map_without_a_photo(folder, name):
    (folder / name).parent.mkdir(exist_ok=True)
    np.save(folder / name, cells())
    assert refused(folder).startswith(f"{name}: of no photo of the set; name it as its photo is named")


def test_a_name_of_two_photos(folder):
    np.save(folder / "1.npy", cells())
    assert refused(folder) == (
        "1.npy: of more photos than one by its name (hammer/1.jpg and dam/1.jpg); name its folder too, or write a manifest.csv"
    )


def test_two_maps_of_a_photo(folder):
    np.save(folder / "hammer/1.jpg.npy", cells())
    line = refused(folder)
    assert line.startswith("hammer/1.npy: a second map of hammer/1.jpg, beside hammer/1.jpg.npy; leave one")


def test_a_folder_without_maps(inbox):
    (inbox / "readme.txt").write_text("nothing here")
    assert refused(inbox).startswith(f"{inbox}: no maps in it (it holds readme.txt …); give files that end")


def test_a_path_that_is_not_there(tmp_path):
    assert "there is no such folder or file" in refused(tmp_path / "nowhere")


def test_one_array_without_names(tmp_path):
    np.save(tmp_path / "all.npy", cells(0, (3, 7, 7)))
    assert refused(tmp_path / "all.npy").startswith(
        "all.npy: one file without the names of photos; give a folder"
    )


@pytest.mark.parametrize("ending", ["npz", "safetensors", "pt"])
def test_a_stack_without_ids(tmp_path, ending):
    path, maps = tmp_path / f"all.{ending}", cells(0, (3, 7, 7))
    if ending == "npz":
        np.savez(path, maps=maps)
    elif ending == "pt":
        torch.save({"maps": torch.from_numpy(maps)}, path)
    else:
        save_file({"maps": maps}, path)
    assert refused(path).startswith(
        f"all.{ending}: an array maps and no names of photos; put their names beside it"
    )


def test_more_ids_than_maps(tmp_path):
    np.savez(tmp_path / "all.npz", maps=cells(0, (2, 7, 7)), ids=NAMES)
    assert refused(tmp_path / "all.npz") == "all.npz: 2 maps and 3 ids; give one for each map, in their order"


def test_ids_that_are_objects(tmp_path):
    np.savez(tmp_path / "all.npz", maps=cells(0, (3, 7, 7)), ids=np.array(NAMES, dtype=object))
    assert refused(tmp_path / "all.npz") == (
        "all.npz: Python objects, which are never loaded; save plain numbers (float32)"
    )


def test_an_id_of_no_photo(tmp_path):
    np.savez(tmp_path / "all.npz", maps=cells(0, (4, 7, 7)), ids=[*NAMES, "emu/9.jpg"])
    assert refused(tmp_path / "all.npz") == (
        "all.npz [3]: “emu/9.jpg” is no photo of the set; write the name that the photo was brought in by, or leave it out"
    )


def test_ids_in_metadata_that_are_no_list(tmp_path):
    path = tmp_path / "all.safetensors"
    save_file({"maps": cells(0, (3, 7, 7))}, path, metadata={"ids": "hammer/1.jpg, hammer/2.jpg"})
    assert refused(path) == "all.safetensors: metadata “ids” that is no JSON list; write json.dumps(names)"


def test_a_stack_that_is_cut_off(tmp_path):
    save_file(
        {"maps": cells(0, (3, 7, 7))}, tmp_path / "all.safetensors", metadata={"ids": json.dumps(NAMES)}
    )
    (tmp_path / "cut.safetensors").write_bytes((tmp_path / "all.safetensors").read_bytes()[:-8])
    assert refused(tmp_path / "cut.safetensors").startswith(
        "cut.safetensors: no .safetensors inside, or one that"
    )


def test_hdf5_where_h5py_is_not_installed(tmp_path, monkeypatch):
    monkeypatch.setattr("explain.map_sets.holders.find_spec", lambda name: None)
    (tmp_path / "all.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    assert refused(tmp_path / "all.h5") == (
        "all.h5: HDF5, which is read where h5py is installed: pip install -r requirements-h5.txt, or save the maps as .npz"
    )


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("photo,map\nhammer/1.jpg,a.npy\n", "manifest.csv: needs the columns photo and file (and target, if you like); its first line has photo, map"),
        ("photo,file\n,hammer/1.npy\n", "manifest.csv line 2: names no photo; correct the line"),
        ("photo,file\nhammer/1.jpg,\n", "manifest.csv line 2: names no file; correct the line"),
        ("photo,file\nhammer/1.jpg,b.npy\n", "manifest.csv line 2: the file b.npy is not there; correct the line"),
        ("photo,file\nhammer/1.jpg,../b.npy\n", "manifest.csv line 2: the file ../b.npy is not there; correct the line"),
        ("photo,file\nhammer/1.jpg,manifest.csv\n", "manifest.csv line 2: manifest.csv is no file of an array (.npy, .npz, .png, .tif, .tiff, .pt, .pth, .safetensors); correct the line"),
        ("photo,file\n", "manifest.csv: names no map; write a line for each photo"),
    ],
)  # fmt: skip
def test_a_manifest_that_is_wrong(folder, table, reason):
    (folder / "manifest.csv").write_text(table)
    assert refused(folder) == reason
    assert refused(folder / "manifest.csv") == reason


@pytest.mark.parametrize(
    ("target", "network", "reason"),
    [
        ("1000", "tiny", "the target 1000, which is no class of tiny; correct it"),
        ("99999999999", "", "the target 99999999999, which is no class; correct it"),
        ("zebra", "tiny", "the target “zebra”, which is no class of tiny; correct it"),
        ("zebra", "", "a target by name, and it is not said of which network; say it (--network), or write the class's number"),
    ],
)  # fmt: skip
def test_a_target_that_is_no_class(folder, target, network, reason):
    make_network("tiny")
    lines = [f"{name},{name.replace('.jpg', '.npy')},{target if name == NAMES[0] else ''}" for name in NAMES]
    (folder / "manifest.csv").write_text("photo,file,target\n" + "\n".join(lines))
    assert refused(folder, network=network) == f"hammer/1.npy: {reason}"


def test_a_zip_that_leads_out_of_its_folder(tmp_path):
    with zipfile.ZipFile(tmp_path / "maps.zip", "w") as archive:
        archive.writestr("../1.npy", npy(cells()))
    assert "leads out of the folder" in refused(tmp_path / "maps.zip")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"images": "emus"}, "there is no set “emus” (there is: birds); bring photos in with manage.py import_images"),
        ({"name": "my maps"}, "--name my maps: a name has letters, digits, - and _ only, 50 at most; choose another"),
        ({"name": "m" * 51}, f"--name {'m' * 51}: a name has letters, digits, - and _ only, 50 at most; choose another"),
        ({"name": ""}, "--name : a name has letters, digits, - and _ only, 50 at most; choose another"),
        ({"allow": frozenset({"nan"})}, "--allow nan: is nothing that can be allowed; choose from missing, constant"),
        ({"network": "vgg"}, "--network vgg: there is no such network (there is: none yet); add it with manage.py add_network"),
        ({"reading": replace(READING, covers=Covers.CROP)}, "--covers crop: it is not said of which network; say it (--network NAME)"),
    ],
)  # fmt: skip
def test_a_request_that_cannot_be(folder, changes, reason):
    assert refused(folder, **changes) == reason


def test_a_crop_that_shows_less_than_people_see(folder):
    network = make_network("narrow")
    network.preprocessing = {"size": [100, 100], "resize": 200}
    network.save()
    assert refused(folder, network="narrow", reading=replace(READING, covers=Covers.CROP)).startswith(
        "dam/1.npy, hammer/1.npy, hammer/2.npy: the crop of narrow shows less of 64 × 64 pixels than people are shown"
    )


def test_everything_is_named_at_once_a_sentence_for_each_reason(folder):
    for number in range(12):
        np.save(folder / f"hammer/x{number:02}.npy", cells())
    np.save(folder / "hammer/1.npy", with_value(np.nan))
    np.save(folder / "hammer/2.npy", cells(0, (3, 7, 7)))
    (folder / "dam/1.npy").unlink()
    with pytest.raises(BadInputError) as caught:
        import_maps(asked(folder))
    first, second, third, fourth = caught.value.lines
    assert first.startswith(
        "hammer/x00.npy, hammer/x01.npy, hammer/x02.npy, hammer/x03.npy, hammer/x04.npy and 7 more: of no photo"
    )
    assert second.startswith("dam/1.jpg: no map of this photo")
    assert third.startswith("hammer/1.npy: NaN or infinity")
    assert fourth.startswith("hammer/2.npy: 3 channels")


@pytest.mark.parametrize("channels", Channels)
def test_channels_are_no_excuse_for_a_wrong_order(folder, channels):
    np.save(folder / "hammer/1.npy", cells(0, (7, 7, 3)))
    assert "which is (h, w, C)" in refused(folder, reading=replace(READING, channels=channels))
