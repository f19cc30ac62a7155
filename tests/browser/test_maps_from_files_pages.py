"""The pages that bring maps in: usable by everyone, and they fit the screen, in light and in dark."""

import os
from pathlib import Path

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from PIL import Image as PillowImage

from explain.map_sets import Covers, Fit, Laying, Reading, Request, Scale, Sign, plan_maps, preview_picture
from explain.models import ImageSet, Job
from tests.browser.conftest import DESK, PHONE, RULES, violations
from tests.factories import make_image

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ON_ITS_SIDE = {"width": 844, "height": 390}


@pytest.fixture
def addresses(admin_user, tmp_path):
    image_set = ImageSet.objects.create(name="birds")
    folder = tmp_path / "arrays"
    folder.mkdir()
    for number in range(3):
        image = make_image(image_set, number)
        rows, columns = np.mgrid[:7, :7]
        np.save(
            folder / f"{image.original_name}.npy", np.exp(-((rows - number) ** 2) - (columns - 3) ** 2) - 0.1
        )
    reading = Reading(Covers.PHOTO, Sign.POSITIVE, Scale.MAX)
    plan = plan_maps(
        Request(path=folder, images="birds", name="a-name-of-maps-that-is-rather-long", reading=reading)
    )
    job = Job.objects.create(
        kind="maps",
        created_by=admin_user,
        state="done",
        arguments={"set": "birds", "look_first": True},
        result={"plan": plan.to_json(), "labels": [sample.label for sample in plan.samples]},
    )
    job.picture.save("preview.jpg", ContentFile(preview_picture(plan.samples)))
    done = {**plan.to_json(), "maps": 3, "set": "birds"}
    brought = Job.objects.create(
        kind="maps", created_by=admin_user, state="done", arguments={}, result={**done, "plan": None}
    )
    for image in image_set.images.all():
        pixels = np.random.default_rng(image.pk).integers(0, 255, (6, 9, 3), dtype=np.uint8)
        PillowImage.fromarray(pixels).resize((360, 240)).save(folder / f"{image.original_name}.png")
        (folder / f"{image.original_name}.npy").unlink()
    finished = plan_maps(Request(path=folder, images="birds", name="panels", reading=Laying(Fit.WHOLE)))
    panels = Job.objects.create(
        kind="pictures",
        created_by=admin_user,
        state="done",
        arguments={"set": "birds", "look_first": True},
        result={"plan": finished.to_json(), "labels": [sample.label for sample in finished.samples]},
    )
    panels.picture.save("preview.jpg", ContentFile(preview_picture(finished.samples)))
    return [
        reverse("picture-set-new"),
        reverse("job", args=[panels.pk]),
        reverse("map-set-new"),
        reverse("job", args=[job.pk]),
        reverse("job", args=[brought.pk]),
        reverse("runs"),
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESK, PHONE, ON_ITS_SIDE], ids=["desk", "phone", "side"])
def test_pages_are_usable_by_everyone_and_fit_the_screen(
    new_page, live_server, admin_user, addresses, viewport, scheme
):
    client = Client()
    client.force_login(admin_user)
    page = new_page(viewport=viewport)
    page.emulate_media(color_scheme=scheme)
    page.set_default_timeout(60_000)
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    page.context.add_cookies([cookie])
    complaints, faults = [], []
    page.on("console", lambda message: complaints.append(message.text))
    for number, address in enumerate(addresses):
        page.goto(live_server.url + address)
        if folder := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=Path(folder) / f"m{number}-{viewport['width']}-{scheme}.png", full_page=True)
        found = violations(page, RULES)
        if found.violations_count:
            faults.append(f"{address}\n{found.generate_report()}")
        if page.evaluate("document.documentElement.scrollWidth") != viewport["width"]:
            faults.append(f"{address} is wider than the screen")
    assert faults == []
    assert complaints == []
