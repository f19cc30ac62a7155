"""Arms of unequal fineness: it is said in the set-up, a study smooths them, and how well an arm is known is measured."""

import numpy as np
import pytest
from django.urls import reverse
from PIL import Image as PillowImage

from explain.models import ExplanationMap, ImageSet, MapSet
from studies.lifecycle import create_study, grain_remarks
from studies.lifecycle.similarity import measure, recognition_of
from studies.lifecycle.study_pictures import prepare_pictures
from studies.models import Arm, Study
from studies.protocol import ProtocolError, check_protocol
from studies.results.summary import summary_of
from tests.factories import CONSENT, make_image, make_network
from tests.studies.filled import fill

pytestmark = pytest.mark.django_db
PHOTOS = 12
SIZES = {"grad-cam": 7, "layer-cam": 56}


@pytest.fixture
def photos():
    """Maps of two methods: 7 × 7 cells, and as many with a grain of 56 × 56."""
    image_set, network = ImageSet.objects.create(name="birds"), make_network("tiny")
    for number in range(PHOTOS):
        image = make_image(image_set, number)
        for method, side in SIZES.items():
            random = np.random.default_rng([number, side])
            cells = np.kron(random.random((7, 7)), np.ones((side // 7, side // 7)))
            if side > 7:
                cells = cells * random.uniform(0.4, 1.6, cells.shape)
            cells = cells.astype("<f4")
            ExplanationMap.objects.create(
                image=image,
                network=network,
                layer=network.layer,
                method=method,
                target=image.class_index,
                values=cells.tobytes(),
                height=side,
                width=side,
            )
    return image_set


def protocol_of(slug="grained", **design):
    return {
        "version": 1,
        "consent": CONSENT,
        "slug": slug,
        "title": "Grain",
        "task": "choice",
        "photos": {"set": "birds"},
        "arms": [{"network": "tiny", "method": method} for method in SIZES],
        "design": {"seed": 3, "responses_per_item": 2, "trials_per_participant": 4, **design},
    }


def made(**more) -> Study:
    study = create_study(protocol=check_protocol(protocol_of(**more)))
    prepare_pictures(study)
    return study


def pixels(study) -> np.ndarray:
    rows = [
        item_map
        for item in study.items.order_by("index")
        for item_map in item.item_maps.order_by("arm__index")
    ]
    return np.stack([np.asarray(PillowImage.open(row.picture.open("rb")).convert("RGB")) for row in rows])


def test_what_tells_the_arms_is_said_smoothed_and_then_tells_no_more(photos, client, admin_user):
    client.force_login(admin_user)
    rough, smooth = made(), made(slug="smoothed", cells=7)
    (remark,) = grain_remarks(rough)
    assert "grad-cam 7 × 7, layer-cam 56 × 56 cells" in remark
    assert "cells = 7 in [design]" in remark
    assert grain_remarks(smooth) == []
    page = client.get(reverse("setup-check", args=[rough.slug])).content.decode()
    assert "people can tell them by it" in page

    measure(rough), measure(smooth)
    before, after = recognition_of(rough), recognition_of(smooth)
    assert before.accuracy == 1
    assert before.is_told
    assert after.accuracy < 0.9
    assert (before.chance, before.photos) == (0.5, PHOTOS)

    page = client.get(reverse("study-alike", args=[rough.slug])).content.decode()
    assert "Is an arm known by its pictures alone?" in page
    assert "better than chance" in page
    assert "people can tell them by it" in page
    page = client.get(reverse("study-alike", args=[smooth.slug])).content.decode()
    assert "shown averaged to 7 × 7 cells" in page
    assert "?cells=7" in page
    row = smooth.items.first().item_maps.get(arm__index=1).map
    address = reverse("map-picture", args=["overlay", row.pk])
    pictures = [client.get(address + query).content for query in ("", "?cells=7", "?cells=1", "?cells=x")]
    assert pictures[1] != pictures[0] == pictures[2] == pictures[3]


def test_beside_finished_pictures_the_remedy_is_another_one(photos):
    """What the remark proposed the protocol refused."""
    study = made()
    map_set = MapSet.objects.create(name="panels", image_set=photos, fit="whole", sha256="0" * 64)
    Arm.objects.create(study=study, index=2, name="panels", method="pictures:panels", map_set=map_set)
    (remark,) = grain_remarks(study)
    assert "cannot be averaged beside the finished pictures of panels" in remark
    assert "in [design]" not in remark


def test_it_is_recorded_and_stated_and_off_it_changes_nothing(photos):
    plain, smooth = made(), made(slug="smoothed", cells=7)
    assert (plain.cells, smooth.cells) == (None, 7)
    assert "cells" not in check_protocol(protocol_of()).complete["design"]
    assert check_protocol(protocol_of(cells=7)).complete["design"]["cells"] == 7
    changed = (pixels(plain) != pixels(smooth)).any(axis=(1, 2, 3))
    assert changed[1::2].all()
    assert not changed[::2].any()  # an arm that is as coarse stays as it is
    again = made(slug="again")
    np.testing.assert_array_equal(pixels(plain), pixels(again))
    fill(smooth, [[0, 1] * 6, [0, 0] * 6])
    fill(plain, [[0, 1] * 6, [0, 0] * 6])
    assert any("more than 7 × 7 cells" in note for note in summary_of(smooth).notes)
    assert not any("averaged" in note for note in summary_of(plain).notes)


def test_finished_pictures_cannot_be_smoothed_and_numbers_out_of_range_are_refused(photos):
    arms = [{"pictures": "panels"}, {"network": "tiny", "method": "grad-cam"}]
    for changes, words in (
        ({"arms": arms}, "design.cells: is set, and panels shows finished pictures"),
        ({"design": {"seed": 3, "cells": 1}}, "design.cells: is 1; it must be"),
        ({"design": {"seed": 3, "cells": 500}}, "design.cells: is 500; it must be"),
    ):
        with pytest.raises(ProtocolError) as caught:
            check_protocol({**protocol_of(cells=7), **changes})
        assert words in str(caught.value)


def test_those_who_run_the_study_look_at_the_maps_as_people_saw_them(photos, admin_client):
    study = made(cells=7)
    row = study.items.get(index=0).item_maps.get(arm__index=1)
    address = f'"{reverse("map-picture", args=["overlay", row.map_id])}?cells=7"'
    assert address in admin_client.get(reverse("study-items", args=[study.slug])).text
    assert address in admin_client.get(reverse("study-item", args=[study.slug, 0])).text
