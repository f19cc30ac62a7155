"""A study of our own Grad-CAM, written to files and brought in again, shows the very pixels of the computed one."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from explain.map_sets import Covers, Reading, Request, Scale, Sign, import_maps
from explain.maps import plan_run, run_pending
from explain.models import ExplanationMap
from studies.lifecycle.opening import open_study
from studies.lifecycle.readiness import create_study
from studies.models import Item, ItemMap
from studies.protocol import check_protocol
from tests.factories import CONSENT
from tests.studies.filled import fill

METHODS = ["grad-cam", "pixel-ablation-cam"]


@pytest.fixture
def computed(photos, tiny):
    run_pending(plan_run(image_set=photos, networks=[tiny], methods=METHODS), lambda *_: None)
    return {
        method: list(ExplanationMap.objects.filter(method=method).order_by("image")) for method in METHODS
    }


def as_npy(folder, rows):
    for row in rows:
        file = folder / "maps" / f"{row.image.original_name.removesuffix('.jpg')}.npy"
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, row.array())
    return folder / "maps"


def as_npz(folder, rows):
    maps = np.stack([row.array() for row in rows]).astype(np.float64)
    np.savez_compressed(folder / "maps.npz", maps=maps, ids=[row.image.original_name for row in rows])
    return folder / "maps.npz"


def as_safetensors(folder, rows):
    save_file({row.image.original_name: row.array()[None] for row in rows}, folder / "maps.safetensors")
    return folder / "maps.safetensors"


def study_of(slug, arms):
    protocol = {
        "version": 1,
        "consent": CONSENT,
        "slug": slug,
        "title": slug,
        "task": "choice",
        "photos": {"set": "photos"},
        "arms": arms,
        "design": {"seed": 3, "responses_per_item": 2, "trials_per_participant": 5},
    }
    return open_study(study=create_study(protocol=check_protocol(protocol)))


def pictures(study):
    """What people see, by photo and arm."""
    rows = ItemMap.objects.filter(item__study=study).order_by("item__image", "arm__index")
    shown = rows.values_list("item__image", "arm__index", "picture_sha256")
    assert all(sha256 for *_, sha256 in shown)
    return list(shown)


@pytest.mark.parametrize("written", [as_npy, as_npz, as_safetensors])
def test_a_study_of_brought_maps_is_pixel_equal_to_the_computed_one(computed, written, tmp_path):
    for method, rows in computed.items():
        folder = tmp_path / method
        folder.mkdir()
        request = Request(
            path=written(folder, rows),
            images="photos",
            name=f"ours-{method}",
            reading=Reading(Covers.CROP, Sign.POSITIVE, Scale.MAX),
            network="tiny",
            allow=frozenset({"constant"}),
        )
        assert import_maps(request).plan.new == 5
    ours = study_of("computed", [{"network": "tiny", "method": method} for method in METHODS])
    theirs = study_of("brought", [{"maps": f"ours-{method}"} for method in METHODS])
    assert pictures(theirs) == pictures(ours)
    assert len({sha256 for *_, sha256 in pictures(ours)}) > 5
    for row in ExplanationMap.objects.filter(map_set__isnull=False):
        method = row.map_set.name.removeprefix("ours-")
        twin = ExplanationMap.objects.get(network__name="tiny", method=method, image=row.image)
        assert row.array().tobytes() == twin.array().tobytes()
        assert row.target == twin.target
    assert Item.objects.filter(study=theirs).count() == 5
    fill(theirs, [[0, 1, 0, -1, 0], [0, 0, 1, 1, 1]])


def test_read_as_maps_of_the_whole_photo_they_would_be_shown_elsewhere(computed, tmp_path):
    """So the question what a map covers is not an idle one."""
    for covers in Covers:
        folder = tmp_path / covers
        request = Request(
            path=as_npy(folder, computed["grad-cam"]),
            images="photos",
            name=covers,
            reading=Reading(covers, Sign.POSITIVE, Scale.MAX),
            network="tiny",
            allow=frozenset({"constant"}),
        )
        import_maps(request)
    study = study_of("two", [{"maps": "photo"}, {"maps": "crop"}])
    by_photo = {}
    for image, _, sha256 in pictures(study):
        by_photo.setdefault(image, set()).add(sha256)
    assert all(len(shown) == 2 for shown in by_photo.values())
