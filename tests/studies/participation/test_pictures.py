"""The pictures of a trial: two people in one study each get those of their own trials, in the order of these."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from explain.models import ExplanationMap, Image
from studies.models import CheckMap, Item, ItemMap, Trial
from tests.factories import make_participant, make_study
from tests.studies import pictures

pytestmark = pytest.mark.django_db

KINDS = ("overlay", "masked", "heat")


@pytest.fixture
def study():
    """Three items. Every file holds what it is: photos `photo N`, maps `map N ARM`, so that a body says where it is from."""
    study = make_study("seen", items=3, methods=("grad-cam", "ablation-cam", "pixel-ablation-cam"))
    for item in study.items.select_related("image"):
        Image.objects.filter(pk=item.image_id).update(
            file=stored(f"upload {item.index}"), picture=stored(f"thumbnail {item.index}")
        )
        Item.objects.filter(pk=item.pk).update(picture=stored(f"photo {item.index}"))
        for shown in item.item_maps.select_related("arm"):
            files = {kind: stored(f"{kind} {item.index} {shown.arm.index}") for kind in KINDS}
            ExplanationMap.objects.filter(pk=shown.map_id).update(**files)
            ItemMap.objects.filter(pk=shown.pk).update(picture=stored(f"map {item.index} {shown.arm.index}"))
        for place in range(3):
            CheckMap.objects.create(item=item, place=place, file=stored(f"check {item.index} {place}"))
    return study


def stored(text: str) -> str:
    return default_storage.save("some.webp", ContentFile(text.encode()))


def give(person, position: int, item: int, order: str, kind: str = Trial.Kind.MAIN) -> Trial:
    return Trial.objects.create(
        study=person.study,
        item=person.study.items.get(index=item),
        order=order,
        kind=kind,
        state=Trial.State.CLAIMED,
        participant=person,
        position=position,
    )


@pytest.fixture
def people(study):
    """Ann and Ben, each with a first trial; Ann alone has a second."""
    ann, ben = make_participant(study, 1), make_participant(study, 2)
    give(ann, 1, item=0, order="2,0,1")
    give(ann, 2, item=1, order="1,2,0")
    give(ben, 1, item=2, order="0,2,1")
    return ann, ben


def ask(client, person, position: int, slot: int):
    return pictures.ask(client, f"token-{person.number}-of-{person.study.slug}", position, slot)


def seen(client, person, position: int) -> list[str]:
    return [ask(client, person, position, slot).content.decode() for slot in range(4)]


def test_each_of_two_people_sees_the_pictures_of_their_own_trial_at_the_same_position(client, people):
    ann, ben = people
    assert seen(client, ann, 1) == ["photo 0", "map 0 2", "map 0 0", "map 0 1"]
    assert seen(client, ben, 1) == ["photo 2", "map 2 0", "map 2 2", "map 2 1"]
    assert seen(client, ann, 2) == ["photo 1", "map 1 1", "map 1 2", "map 1 0"]


def test_nobody_is_handed_pictures_of_somebody_elses_trial_or_more_than_their_own_shows(client, people):
    handed = [pictures.addresses(client, f"token-{person.number}-of-seen") for person in people]
    assert [{position: len(each) for position, each in one.items()} for one in handed] == [
        {1: 4, 2: 4},
        {1: 4},
    ]


def test_an_attention_check_shows_the_check_maps_of_its_own_photo_where_its_order_says(client, people):
    ben = people[1]
    give(ben, 2, item=1, order="1,0,2", kind=Trial.Kind.CHECK)
    assert seen(client, ben, 2) == ["photo 1", "check 1 1", "check 1 0", "check 1 2"]


def test_a_repeat_shows_the_maps_and_no_attention_check(client, people):
    ben = people[1]
    give(ben, 2, item=2, order="2,1,0", kind=Trial.Kind.REPEAT)
    assert seen(client, ben, 2) == ["photo 2", "map 2 2", "map 2 1", "map 2 0"]


def test_no_shared_cache_keeps_a_picture_and_no_search_engine_finds_it(client, people):
    for slot in range(4):
        got = ask(client, people[0], 1, slot)
        assert got["Content-Type"] == "image/webp"
        assert got["Cache-Control"] == "private, max-age=3600"
        assert got["X-Robots-Tag"] == "noindex, nofollow"
        assert not {"ETag", "Last-Modified", "Content-Disposition", "X-Accel-Redirect"} & set(got.headers)


def test_a_file_without_a_telling_name_is_sent_as_bytes(client, people):
    Item.objects.update(picture=default_storage.save("some", ContentFile(b"photo")))
    got = ask(client, people[0], 1, 0)
    assert (got["Content-Type"], got.content) == ("application/octet-stream", b"photo")


def test_a_web_server_that_sends_the_files_is_told_which_and_the_page_waits_for_none(
    client, people, settings
):
    settings.ACCEL_REDIRECT = "/protected/"
    Item.objects.update(picture="0a/b c.jpg")
    got = ask(client, people[0], 1, 0)
    assert got["X-Accel-Redirect"] == "/protected/0a/b%20c.jpg"
    assert (got.content, got["Content-Type"]) == (b"", "image/jpeg")
    assert got["Cache-Control"] == "private, max-age=3600"
