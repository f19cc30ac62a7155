"""Maps come in from whatever people have them in, once, and go on where they were stopped."""

import io
import json
import sys
import tracemalloc
import zipfile

import numpy as np
import pytest
import torch
from django.core.management import CommandError, call_command
from PIL import Image as PillowImage
from safetensors.numpy import save_file

from explain.core.errors import BadInputError
from explain.map_sets import Channels, Covers, Reading, Scale, Sign, import_maps, importer, plan_maps
from explain.map_sets import plan as array_plan
from explain.map_sets.files import opened_maps
from explain.map_sets.reading import cells_of
from explain.map_sources import source_of
from explain.models import ExplanationMap, Image, ImageSet, MapSet
from tests.explain.maps.test_precompute import stored_files
from tests.factories import make_network, new_image

from .conftest import NAMES, asked, cells

SIGNED = np.array([[-4, 2], [0, 1]], "f4")
READ = {
    (Sign.POSITIVE, Scale.MAX): [[0, 2], [0, 1]],
    (Sign.ABSOLUTE, Scale.MAX): [[4, 2], [0, 1]],
    (Sign.AS_IS, Scale.MAX): [[0, 6], [4, 5]],
    (Sign.POSITIVE, Scale.RANK): [[0, 0.75], [0, 0.5]],
    (Sign.ABSOLUTE, Scale.RANK): [[0.75, 0.5], [0, 0.25]],
    (Sign.ABSOLUTE, Scale.P99): [[3.94, 2], [0, 1]],  # between 2 and 4, 97 % of the way: 0.99 × 3 = 2.97
}


@pytest.mark.parametrize(("sign", "scale"), READ)
def test_sign_and_scale_are_read_as_they_are_said(sign, scale):
    read = cells_of(SIGNED, Reading(Covers.PHOTO, sign, scale))
    np.testing.assert_allclose(read, READ[sign, scale], rtol=1e-6)
    assert read.dtype == np.float32


@pytest.mark.parametrize(
    ("channels", "sign", "wanted"),
    [
        (Channels.SUM, Sign.ABSOLUTE, [[1, 4], [0, 3]]),
        (Channels.MAX, Sign.ABSOLUTE, [[4, 2], [0, 2]]),
        (Channels.MAX, Sign.POSITIVE, [[3, 2], [0, 2]]),
        (Channels.SUM, Sign.POSITIVE, [[0, 4], [0, 3]]),
    ],
)
def test_channels_become_one_as_it_is_said(channels, sign, wanted):
    both = np.stack([SIGNED, [[3, 2], [0, 2]]])
    read = cells_of(both, Reading(Covers.PHOTO, sign, Scale.MAX, channels))
    np.testing.assert_array_equal(read, wanted)


@pytest.mark.parametrize("array", [SIGNED[None], SIGNED[None, None], SIGNED.astype(">f4"), SIGNED.astype("f8"), SIGNED.astype("i1"), np.asfortranarray(SIGNED)])  # fmt: skip
def test_one_map_in_other_clothes_is_the_same_map(array):
    read = cells_of(array, Reading(Covers.PHOTO, Sign.AS_IS, Scale.MAX))
    np.testing.assert_array_equal(read, [[0, 6], [4, 5]])


def arrays() -> dict[str, np.ndarray]:
    return {name: cells(number) for number, name in enumerate(NAMES)}


def stack() -> np.ndarray:
    return np.stack(list(arrays().values()))


def each(root, ending, write):
    for name, array in arrays().items():
        file = root / name.replace(".jpg", ending)
        file.parent.mkdir(parents=True, exist_ok=True)
        write(file, array)
    return root


def zipped(root):
    each(root / "all", ".npy", np.save)
    with zipfile.ZipFile(root / "maps.zip", "w") as archive:
        for file in (root / "all").rglob("*.npy"):
            archive.write(file, f"my maps/{file.relative_to(root / 'all')}")
    return root / "maps.zip"


def by_manifest(root):
    lines = ["photo;file;target"]
    for number, (name, array) in enumerate(arrays().items()):
        np.save(root / f"a{number}.npy", array)
        lines.append(f"{name};A{number}.npy;{number + 5}".replace("A", "a"))
    (root / "manifest.csv").write_text("\n".join(lines), "utf-16")
    return root / "manifest.csv"


def h5(root, **datasets):
    h5py = pytest.importorskip("h5py")
    with h5py.File(root / "maps.h5", "w") as file:
        for name, values in datasets.items():
            file[name] = values
    return root / "maps.h5"


def saved_npz(root, **held):
    np.savez_compressed(root / "maps.npz", **held)
    return root / "maps.npz"


def saved_safe(root, held, metadata=None):
    save_file(held, root / "maps.safetensors", metadata=metadata)
    return root / "maps.safetensors"


def saved_torch(root, held):
    torch.save(held, root / "maps.pt")
    return root / "maps.pt"


def tensors():
    return {name: torch.from_numpy(array) for name, array in arrays().items()}


GIVEN = {
    "npy": lambda root: each(root, ".npy", np.save),
    "jpg.npy": lambda root: each(root, ".jpg.npy", np.save),
    "npz": lambda root: each(root, ".npz", lambda file, array: np.savez(file, array)),
    "pt": lambda root: each(root, ".pt", lambda file, array: torch.save(torch.from_numpy(array), file)),
    "safetensors": lambda root: each(root, ".safetensors", lambda file, array: save_file({"map": array}, file)),
    "tif": lambda root: each(root, ".tif", lambda file, array: PillowImage.fromarray(array).save(file)),
    "zip": zipped,
    "manifest": by_manifest,
    "npz of many": lambda root: saved_npz(root, **arrays()),
    "npz stack": lambda root: saved_npz(root, maps=stack(), ids=NAMES),
    "npz stack of columns": lambda root: saved_npz(root, maps=np.asfortranarray(stack()), ids=NAMES),
    "npz stack of channels": lambda root: saved_npz(root, saliency=stack()[:, None], ids=np.array(NAMES).astype("S")),
    "safetensors of many": lambda root: saved_safe(root, arrays()),
    "safetensors stack": lambda root: saved_safe(root, {"m": stack()}, {"ids": json.dumps(NAMES)}),
    "pt of many": lambda root: saved_torch(root, tensors()),
    "pt stack": lambda root: saved_torch(root, {"maps": torch.from_numpy(stack()), "ids": list(NAMES)}),
    "h5 of many": lambda root: h5(root, **arrays()),
    "h5 stack": lambda root: h5(root, maps=stack(), ids=list(NAMES)),
}  # fmt: skip


@pytest.mark.parametrize("given", GIVEN)
def test_maps_come_in_bit_by_bit(birds, inbox, given):
    imported = import_maps(asked(GIVEN[given](inbox)))
    assert (imported.plan.new, imported.map_set.maps.count()) == (3, 3)
    assert imported.map_set.finished_at
    kept = {row.image.original_name: row for row in imported.map_set.maps.select_related("image")}
    for name, array in arrays().items():
        assert kept[name].array().tobytes() == array.tobytes()
        assert source_of(kept[name]).name == "maps"
    targets = [kept[name].target for name in NAMES]
    assert targets == ([5, 6, 7] if given == "manifest" else [0, 1, 2])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_pictures_are_read_with_all_their_bits(birds, inbox, dtype):
    levels = (stack() * np.iinfo(dtype).max).astype(dtype)
    for name, level in zip(NAMES, levels, strict=True):
        file = inbox / name.replace("jpg", "png")
        file.parent.mkdir(exist_ok=True)
        PillowImage.fromarray(level).save(file)
    rows = import_maps(asked(inbox)).map_set.maps.order_by("image")
    for row, level in zip(rows, levels, strict=True):
        np.testing.assert_array_equal(row.array(), level)


def test_bfloat16_is_read(birds, inbox):
    halves = torch.from_numpy(stack()).to(torch.bfloat16)
    from safetensors.torch import save_file as save_tensors

    save_tensors(dict(zip(NAMES, halves.unbind(), strict=True)), inbox / "all.safetensors")
    rows = import_maps(asked(inbox / "all.safetensors")).map_set.maps.order_by("image")
    for row, half in zip(rows, halves, strict=True):
        np.testing.assert_array_equal(row.array(), half.float().numpy())


def test_hdf5_that_points_at_another_file_is_refused(birds, inbox):
    h5py = pytest.importorskip("h5py")
    (inbox / "secret").write_bytes(bytes(range(196)))
    with h5py.File(inbox / "all.h5", "w") as file:
        file.create_dataset("hammer/1.jpg", (7, 7), "f4", external=[(str(inbox / "secret"), 0, 196)])
    with pytest.raises(BadInputError, match="whose values lie in another file"):
        import_maps(asked(inbox / "all.h5"))


def test_what_was_said_of_them_is_kept_and_hashed(birds, folder):
    made_by = {"method": "ours", "commit": "abc"}
    first = import_maps(asked(folder, provenance=made_by)).map_set
    again = import_maps(asked(folder, name="other", provenance={**made_by, "commit": "abd"})).map_set
    assert first.provenance == made_by
    assert first.sha256 != again.sha256
    manifest = first.maps.first().manifest
    assert manifest["provenance"] == made_by
    assert (manifest["covers"], manifest["sign"], manifest["scale"]) == ("photo", "positive", "max")
    assert len(manifest["source_sha256"]) == 64


def test_the_same_again_changes_nothing(birds, folder, settings):
    import_maps(asked(folder))
    before = stored_files(settings), list(ExplanationMap.objects.values_list("pk", "values"))
    plan = import_maps(asked(folder)).plan
    assert (plan.new, plan.already_there) == (0, 3)
    assert (stored_files(settings), list(ExplanationMap.objects.values_list("pk", "values"))) == before


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"reading": Reading(Covers.PHOTO, Sign.ABSOLUTE, Scale.MAX)}, "read in another way, or have another provenance"),
        ({"provenance": {"by": "somebody else"}}, "read in another way, or have another provenance"),
        ({"images": "other"}, "they are of the photos birds, not of other"),
    ],
)  # fmt: skip
def test_a_name_that_is_taken_by_other_maps_is_refused(birds, folder, changes, why):
    import_maps(asked(folder))
    other = ImageSet.objects.create(name="other")
    for number, name in enumerate(NAMES):
        image = new_image(other, number)
        image.original_name = name
        image.save()
    with pytest.raises(BadInputError, match=why):
        import_maps(asked(folder, **changes))
    assert MapSet.objects.count() == 1


def test_another_map_of_a_photo_never_takes_the_place_of_the_first(birds, folder):
    import_maps(asked(folder))
    np.save(folder / "dam/1.npy", cells(99))
    with pytest.raises(
        BadInputError, match=r"dam/1.npy: another map than the one that mine has of dam/1.jpg"
    ):
        import_maps(asked(folder))
    assert ExplanationMap.objects.count() == 3


def test_a_stopped_import_goes_on_and_no_study_takes_half_of_it(birds, folder, settings, monkeypatch):
    monkeypatch.setattr(importer, "PART", 1)
    monkeypatch.setattr("explain.maps.arrays.MOST_IN_ROW", 0)

    def stop(done, total):
        if done == 2:
            raise KeyboardInterrupt

    before = stored_files(settings)
    with pytest.raises(KeyboardInterrupt):
        import_maps(asked(folder), progress=stop)
    assert ExplanationMap.objects.count() == 2
    assert len(stored_files(settings) - before) == 2
    source = source_of({"maps": "mine"})
    images = list(Image.objects.all())
    assert source.maps_of({"maps": "mine"}, images) == {}
    plan = import_maps(asked(folder)).plan
    assert (plan.new, plan.already_there) == (1, 2)
    assert len(source.maps_of({"maps": "mine"}, images)) == 3
    assert len(stored_files(settings) - before) == 3


def test_a_full_disk_leaves_no_file_without_a_row(birds, folder, settings, monkeypatch):
    monkeypatch.setattr("explain.maps.arrays.MOST_IN_ROW", 0)
    keep = array_plan.keep_array

    def full(row, array):
        if row.image.original_name.startswith("hammer/2"):
            raise OSError(28, "No space left on device")
        keep(row, array)

    monkeypatch.setattr(array_plan, "keep_array", full)
    before = stored_files(settings)
    with pytest.raises(OSError, match="No space"):
        import_maps(asked(folder))
    assert stored_files(settings) == before
    assert not ExplanationMap.objects.exists()


def test_missing_and_constant_maps_are_let_in_where_that_is_said(birds, folder):
    (folder / "dam/1.npy").unlink()
    np.save(folder / "hammer/1.npy", np.zeros((7, 7), "f4"))
    request = asked(folder, allow=frozenset({"missing", "constant"}))
    plan = import_maps(request).plan
    assert (plan.new, plan.missing, plan.blank) == (2, 1, 1)
    blank = ExplanationMap.objects.get(image__original_name="hammer/1.jpg")
    assert blank.blank
    assert not blank.array().any()
    assert any("1 photos of the set have no map" in remark for remark in plan.remarks)


def test_a_preview_says_what_is_odd_and_stores_nothing(birds, folder, settings):
    Image.objects.update(width=400, height=200)
    (folder / "readme.txt").write_text("made by us")
    np.save(folder / "dam/1.npy", cells() - 0.5)
    before = stored_files(settings)
    plan = plan_maps(asked(folder))
    assert plan.shapes == {"7 × 7": 3}
    assert [sample.label for sample in plan.samples] == ["dam/1.npy", "hammer/1.npy", "hammer/2.npy"]
    words = " ".join(plan.remarks)
    assert "3 maps have not the shape of their photos and are stretched" in words
    assert "how values below zero are shown is a choice" in words
    assert "1 other files were passed over (readme.txt)" in words
    assert not MapSet.objects.exists()
    assert stored_files(settings) == before


def test_a_stack_is_streamed(inbox):
    """2,000 maps of 100 × 100 are 80 MB; never are more than a few of them in memory."""
    maps = np.zeros((2000, 100, 100), "f4")
    np.savez_compressed(inbox / "all.npz", maps=maps, ids=[f"{number}.jpg" for number in range(2000)])
    del maps
    tracemalloc.start()
    with opened_maps(inbox / "all.npz") as files:
        assert sum(array.shape == (100, 100) for _, array in files.read()) == 2000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * 2**20


ARGUMENTS = [
    "--images",
    "birds",
    "--name",
    "mine",
    "--covers",
    "photo",
    "--sign",
    "positive",
    "--scale",
    "max",
]


def test_the_command_brings_them_in_and_says_so(birds, folder, inbox, capsys):
    provenance = inbox / "how.json"
    provenance.write_text('{"method": "ours"}')
    options = ["--provenance", str(provenance), "--preview", str(inbox / "three.jpg"), "--json"]
    call_command("import_maps", str(folder), *ARGUMENTS, *options)
    told = json.loads(capsys.readouterr().out)
    assert (told["name"], told["new"], told["maps"], told["missing"]) == ("mine", 3, 3, 0)
    with PillowImage.open(inbox / "three.jpg") as picture:
        assert picture.size == (3 * 320 + 2 * 8, 2 * 320 + 8)
    assert MapSet.objects.get().provenance == {"method": "ours"}


def test_the_command_asks_what_it_has_to_know(birds, folder):
    with pytest.raises(CommandError) as caught:
        call_command("import_maps", str(folder), "--images", "birds", "--name", "mine", "--sign", "positive")
    assert str(caught.value) == (
        "it must be known how the arrays are read; say --covers photo|crop, --scale max|p99|rank"
    )


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("answer", "kept"), [("y", 3), ("n", 0), ("", 0)])
def test_at_a_terminal_it_asks_shows_and_asks_again(birds, folder, inbox, monkeypatch, answer, kept):
    monkeypatch.setattr(sys, "stdin", Terminal(f"\nnonsense\nphoto\npos\nr\n{answer}\n"))
    monkeypatch.setattr(sys, "stderr", said := Terminal())
    options = ["--images", "birds", "--name", "mine", "--preview", str(inbox / "three.jpg")]
    if kept:
        call_command("import_maps", str(folder), *options, stderr=said)
        assert MapSet.objects.get().scale == "rank"
    else:
        with pytest.raises(CommandError, match="nothing was imported"):
            call_command("import_maps", str(folder), *options, stderr=said)
    assert ExplanationMap.objects.count() == kept
    assert "as people would see them" in said.getvalue()
    assert (inbox / "three.jpg").exists()


def test_targets_by_name_are_those_of_the_network(birds, folder):
    network = make_network("tiny")
    network.class_names = ["hammer", "dam", "Solar dish"]
    network.save()
    lines = [f"{name},{name.replace('.jpg', '.npy')},{target}" for name, target in zip(NAMES, ["solar_dish", "", "1"], strict=True)]  # fmt: skip
    (folder / "manifest.csv").write_text("photo,file,target\n" + "\n".join(lines))
    rows = import_maps(asked(folder, network="tiny")).map_set.maps.order_by("image")
    assert [row.target for row in rows] == [2, 0, 1]


def test_provenance_that_no_database_takes_is_refused(birds, folder, inbox):
    """PostgreSQL's JSON has no NUL: the command would have ended in a traceback after it had looked at every map."""
    provenance = inbox / "how.json"
    provenance.write_text('{"by": "a\\u0000b"}')
    with pytest.raises(CommandError, match=r"--provenance .*how\.json: has a NUL or half a character"):
        call_command("import_maps", str(folder), *ARGUMENTS, "--provenance", str(provenance))
    assert not MapSet.objects.exists()
