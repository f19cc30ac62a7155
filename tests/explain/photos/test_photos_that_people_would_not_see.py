"""A photo whose box is outside the frame, that is tiny, or that is long is named before it is used."""

import pytest
from django.urls import reverse

from explain.models import Image
from explain.photos.fit import LONG, OUTSIDE, SMALL, Misfits, misfits_of
from explain.photos.sets import misfits_among
from studies.setup.drafts import create_draft
from tests.factories import make_study

# The frame of 1000 × 500 pixels is 435 on a side: from 282.5 to 717.5 across, and from 32.5 to 467.5 down.
SEEN_BY_HALF = [232.5, 100, 332.5, 200]


@pytest.mark.parametrize(
    ("width", "height", "boxes", "misfits"),
    [
        (640, 480, [], []),
        (100, 200, [], []),
        (99, 150, [], [SMALL]),
        (150, 99, [], [SMALL]),
        (201, 100, [], [LONG]),
        (100, 201, [], [LONG]),
        (7, 5, [], [SMALL]),
        (3000, 60, [], [SMALL, LONG]),
        (1000, 500, [[0, 0, 250, 500]], [OUTSIDE]),
        (500, 1000, [[0, 750, 500, 1000]], [OUTSIDE]),
        (1000, 500, [SEEN_BY_HALF], []),
        (1000, 500, [[231, 100, 331, 200]], [OUTSIDE]),
        # one of several objects is enough
        (1000, 500, [[0, 0, 100, 100], [400, 100, 500, 200]], []),
        # less than half of the box is seen, and it fills the frame
        (1000, 500, [[0, 0, 1000, 500]], []),
        (1000, 500, [[0, 0, 390, 500]], [OUTSIDE]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_photo(width, height, boxes, misfits):
    assert misfits_of(width, height, boxes) == misfits


def test_all_are_counted_and_the_first_five_named():
    photos = [(f"{number}.jpg", 50, 50, []) for number in range(1200)]
    assert Misfits.among(photos).in_words() == [
        "1,200 photos are under 100 pixels high or wide, and will be a blur: 0.jpg, 1.jpg, 2.jpg, 3.jpg, 4.jpg …; take them "
        "from a larger original, or leave them out."
    ]


@pytest.mark.django_db
def test_photos_of_a_set_are_named_by_the_same_rule():
    study = make_study("birds", items=3)
    photos = study.items.get(index=0).image.image_set.images.all()
    photos.update(width=640, height=480)
    assert misfits_among(photos) == []
    sizes = [(90, 300, []), (1000, 500, [[0, 0, 100, 100]]), (1000, 500, [[400, 100, 500, 200]])]
    for image, (width, height, boxes) in zip(photos.order_by("pk"), sizes, strict=True):
        Image.objects.filter(pk=image.pk).update(width=width, height=height, boxes=boxes)
    assert [words.split(" ", 1)[1].split(";")[0] for words in misfits_among(photos)] == [
        "has its box outside the square that people see",
        "is under 100 pixels high or wide, and will be a blur",
        "is longer than 2 to 1: people see its middle square only",
    ]


@pytest.mark.django_db
def test_they_are_named_on_the_sets_page_and_on_the_check_of_a_study(client, admin_user):
    study = make_study("birds", items=3)
    image = Image.objects.order_by("pk").first()
    Image.objects.filter(pk=image.pk).update(width=1000, height=400)
    arms = [{"network": "tiny", "method": method} for method in ("grad-cam", "hirescam")]
    source = {"version": 1, "slug": "draft", "title": "Draft", "task": "choice", "design": {"seed": 1}}
    create_draft(source={**source, "photos": {"set": image.image_set.name}, "arms": arms})
    client.force_login(admin_user)
    words = f"{image.original_name} is longer than 2 to 1"
    pages = [
        reverse("image-set", args=[image.image_set.name]),
        reverse("setup-check", args=[study.slug]),
        reverse("setup-check", args=["draft"]),
    ]
    for page in pages:
        assert words in client.get(page).content.decode(), page
    Image.objects.filter(pk=image.pk).update(width=700, height=400)
    for page in pages:
        assert "longer than 2 to 1" not in client.get(page).content.decode(), page
