"""A researcher sees how a study's photos were chosen: F1 by class, what was taken, why the rest was not."""

import re

import pytest
from django.urls import reverse

from explain.models import Image, ImageSet, Prediction
from studies.lifecycle.readiness import create_study
from studies.models import Study
from studies.protocol.schema import check_protocol
from studies.setup.photo_selection_views import SHOWN
from tests.factories import make_image, make_map, make_network, make_study

pytestmark = pytest.mark.django_db

NAMES = ["hen", "ostrich", "robin"]


def add_photos(image_set, network, count):
    """Photos of three birds in turn; the network takes every fourth photo for a robin."""
    for number in range(count):
        label = number % 3
        image = make_image(image_set, image_set.images.count(), NAMES[label], label)
        top = 2 if number % 4 == 0 else label
        Prediction.objects.create(image=image, network=network, top_class=top, top_probability=0.5)
        for method in ("grad-cam", "ablation-cam"):
            make_map(image, network, method)


@pytest.fixture
def birds(researcher):
    image_set, network = ImageSet.objects.create(name="birds"), make_network()
    network.class_names = NAMES
    network.save()
    add_photos(image_set, network, 12)
    return image_set


def make(researcher, **photos) -> Study:
    source = {
        "version": 1,
        "slug": "birds",
        "title": "Birds",
        "task": "choice",
        "photos": {"set": "birds", **photos},
        "arms": [{"network": "tiny", "method": method} for method in ("grad-cam", "ablation-cam")],
        "design": {"seed": 3},
    }
    study = create_study(protocol=check_protocol(source))
    study.researchers.add(researcher)
    return study


@pytest.fixture
def look(client, researcher):
    client.force_login(researcher)

    def look(query="") -> str:
        response = client.get(reverse("study-photos", args=["birds"]) + query)
        assert response.status_code == 200
        return response.content.decode()

    return look


def cells(html, heading):
    """The cells of a class's row."""
    row = re.search(rf'<th scope="row"><a [^>]*>{heading}</a></th>(.*?)</tr>', html, re.S).group(1)
    return re.findall(r"<td[^>]*>(.*?)</td>", row)


def test_the_table_has_f1_what_was_chosen_and_why_the_rest_was_not(birds, researcher, look):
    """Four photos each. Wrong: 0 and 4, 8: a hen, an ostrich and a robin (said robin, so right).
    hen: TP 3, FN 1 -> 6/7. ostrich the same. robin: TP 4, FP 2 -> 8/10."""
    make(researcher, top_classes=2, only_correct=True, per_class=2)
    html = look()
    assert cells(html, "hen") == ["4", "0.857", "3", "2", ""]
    assert cells(html, "ostrich") == ["4", "0.857", "3", "2", ""]
    assert cells(html, "robin") == ["4", "0.800", "4", "0", "number 3 by F1; the best 2 are asked for"]
    steps = re.findall(r"<li><strong>(.*?)</strong> (.*?)</li>", html)
    assert steps == [
        ("12 photos", "All photos, of 3 classes"),
        ("8 photos", "Classes: the best 2 by F1: 2 classes"),
        ("6 photos", "Only photos that every network gets right"),
        ("4 photos", "2 of each class, drawn by the seed"),
    ]
    assert html.count(">number 3 by F1") == 5
    assert html.count("tiny says robin") == 2
    assert html.count("not drawn: 2 of the 3 of its class were") == 2
    assert html.count('<span class="tag good">chosen</span>') == 4
    assert "differ" not in html
    assert "protocol and seed 3." in html
    assert '<th scope="col" class="number">F1 of tiny</th>' in html
    mean = re.search(r"Mean of all classes</th>(.*?)</tr>", html, re.S).group(1)
    assert re.findall(r"<td[^>]*>(.*?)</td>", mean)[:2] == ["12", "0.838"]  # (6/7 + 6/7 + 0.8) / 3


def test_photos_are_narrowed_to_those_chosen_or_left_out_and_to_a_class(birds, researcher, look):
    make(researcher, limit=5)
    assert look("?show=chosen").count("photo-picture") == look("?show=left").count("photo-picture")
    assert "of 5 photos" in look("?show=chosen")
    assert "of 7 photos" in look("?show=left")
    assert "of 4 photos" in look("?class=hen")
    current = {
        words: re.search(r'show=[^>]*aria-current="true">(.*?)</a>', look(f"?show={words}"))
        for words in SHOWN
    }
    assert {words: match and match.group(1).lower() for words, match in current.items()} == SHOWN
    assert "No such photo" in look("?class=emu")


def test_photos_that_came_in_later_are_said_to_differ(birds, researcher, look):
    make(researcher)
    add_photos(birds, birds.images.first().predictions.get().network, 1)
    assert "1 photo differs between this choice and the study’s own items" in look()


def test_a_study_without_a_protocol_says_where_its_photos_are(researcher, client):
    make_study("plain").researchers.add(researcher)
    client.force_login(researcher)
    html = client.get(reverse("study-photos", args=["plain"])).content.decode()
    assert "version: is missing" in html
    assert reverse("study-items", args=["plain"]) in html


def test_queries_do_not_grow_with_photos(birds, researcher, look, django_assert_num_queries):
    make(researcher, top_classes=2, only_correct=True, per_class=2)
    with django_assert_num_queries(11):
        look()
    network = birds.images.first().predictions.get().network
    images = Image.objects.bulk_create(
        Image(
            image_set=birds,
            original_name=f"more-{number}.jpg",
            class_name=NAMES[number % 3],
            class_index=number % 3,
            width=64,
            height=64,
            source_sha256=str(number),
        )
        for number in range(2000)
    )
    Prediction.objects.bulk_create(
        Prediction(image=image, network=network, top_class=image.class_index, top_probability=1)
        for image in images
    )
    with django_assert_num_queries(11):
        assert "of 2,012 photos" in look("?page=3")
