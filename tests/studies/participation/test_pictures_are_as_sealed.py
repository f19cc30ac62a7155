"""A picture whose file is lost or was changed is a 503 that the page asks for again: never a wrong picture, never a 500."""

import hashlib
import os

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, default_storage
from django.urls import reverse

from studies.lifecycle.opening import open_study
from studies.models import CheckMap, ItemMap, Trial
from studies.participation import sealed_pictures
from tests.factories import jpeg, make_participant, make_study
from tests.studies import pictures

pytestmark = pytest.mark.django_db

SENTENCE = "A picture could not be loaded. Trying again…"


@pytest.fixture(autouse=True)
def _forget():
    """What a process keeps of files that it has looked at."""
    sealed_pictures._check_once.cache_clear()
    sealed_pictures._sealed.cache_clear()
    sealed_pictures._kept.clear()


@pytest.fixture
def study():
    made = make_study("sealed", items=2)
    for item in made.items.all():
        for place in range(3):
            CheckMap.objects.create(item=item, place=place, file=ContentFile(jpeg(place), "map.jpg"))
    return open_study(study=made)


@pytest.fixture
def person(study):
    """Somebody with a trial in another order than the arms', and with an attention check."""
    person = make_participant(study)
    for position, kind in ((1, Trial.Kind.MAIN), (2, Trial.Kind.CHECK)):
        Trial.objects.create(
            study=study,
            item=study.items.get(index=position - 1),
            order="2,0,1",
            kind=kind,
            state=Trial.State.CLAIMED,
            participant=person,
            position=position,
        )
    return person


@pytest.fixture(params=["by the site", "by nginx"])
def sent(request, settings):
    """Who sends the bytes."""
    settings.ACCEL_REDIRECT = "/protected/" if request.param == "by nginx" else ""
    return request.param


def ask(client, position: int, slot: int):
    return pictures.ask(client, "token-1-of-sealed", position, slot)


def statuses(client) -> set[int]:
    return {ask(client, position, slot).status_code for position in (1, 2) for slot in range(4)}


def overwrite(name: str, content: bytes) -> None:
    with open(default_storage.path(name), "wb") as file:
        file.write(content)


def file_of(study, position: int, slot: int):
    item = study.items.get(index=position - 1)
    if slot == 0:
        return item.picture
    index = (2, 0, 1)[slot - 1]
    if position == 2:
        return item.check_maps.get(place=index).file
    return item.item_maps.get(arm__index=index).picture


def test_every_picture_of_a_sound_study_comes(client, study, person, sent):
    assert statuses(client) == {200}
    assert statuses(client) == {200}


@pytest.mark.parametrize("position", [1, 2])
@pytest.mark.parametrize("slot", [0, 1, 3])
@pytest.mark.parametrize("content", [b"7 bytes", b"", "another picture", None])
def test_a_picture_that_is_not_what_it_was_is_not_shown(client, study, person, sent, position, slot, content):
    """Seven bytes went out as a picture; one that was gone was an error page."""
    if content == b"7 bytes" and sent == "by nginx":
        assert ask(client, position, slot).status_code == 200  # seen before it was changed
    name = file_of(study, position, slot).name
    if content is None:
        default_storage.delete(name)
    else:
        overwrite(name, jpeg(99) if content == "another picture" else content)
    answer = ask(client, position, slot)
    assert answer.status_code == 503
    assert answer.content.decode() == SENTENCE
    assert answer["Retry-After"] == "30"
    assert answer["Cache-Control"] == "no-store"
    assert "X-Accel-Redirect" not in answer.headers
    assert statuses(client) == {200, 503}


def test_it_comes_again_when_the_file_is_put_back(client, study, person, sent):
    name = file_of(study, 1, 2).name
    with default_storage.open(name) as file:
        before = file.read()
    overwrite(name, b"7 bytes")
    assert ask(client, 1, 2).status_code == 503
    overwrite(name, before)
    assert ask(client, 1, 2).status_code == 200


def test_the_sentence_is_in_a_language_that_the_browser_asks_for(client, person, study):
    default_storage.delete(file_of(study, 1, 0).name)
    address = pictures.addresses(client, "token-1-of-sealed")[1][0]
    assert client.get(address, HTTP_ACCEPT_LANGUAGE="de").content.decode().startswith("Ein Bild ")


def test_a_file_that_was_looked_at_is_not_read_again(client, study, person, settings, monkeypatch):
    """With a web server that sends the files, the page waits for none of them."""
    settings.ACCEL_REDIRECT = "/protected/"
    read = []
    digest = sealed_pictures.hashlib.file_digest
    monkeypatch.setattr(sealed_pictures.hashlib, "file_digest", lambda *args: read.append(1) or digest(*args))
    for _ in range(3):
        assert ask(client, 1, 1).status_code == 200
    assert len(read) == 1
    os.utime(default_storage.path(file_of(study, 1, 1).name))
    assert ask(client, 1, 1).status_code == 200
    assert len(read) == 2


def test_which_files_a_trial_shows_is_asked_once_and_a_picture_asks_for_nothing(
    client, study, person, django_assert_num_queries
):
    address = pictures.addresses(client, "token-1-of-sealed")[1][1]
    with django_assert_num_queries(2):  # whose page, and what is in hand
        pictures.addresses(client, "token-1-of-sealed")
    with django_assert_num_queries(0):
        assert client.get(address).status_code == 200


def test_storage_that_cannot_be_reached_is_no_error_page(client, study, person, monkeypatch):
    """An object store has errors of its own."""

    def away(*_, **__):
        raise RuntimeError("EndpointConnectionError")

    monkeypatch.setattr(Storage, "open", away)
    assert ask(client, 1, 1).status_code == 503


def test_staff_are_told_and_shown_no_wrong_picture_either(client, admin_user):
    """Of a study that was opened when all studies showed the same files of a photo and its maps."""
    client.force_login(admin_user)
    study = make_study("before", items=1)
    for row, file in [
        *((item, item.image.picture) for item in study.items.all()),
        *((row, row.map.overlay) for row in ItemMap.objects.all()),
    ]:
        sha256 = hashlib.sha256(file.read()).hexdigest()
        type(row).objects.filter(pk=row.pk).update(picture=file.name, picture_sha256=sha256)
    item = open_study(study=study).items.get(index=0)
    shown = item.item_maps.get(arm__index=1).map
    addresses = {
        item.image.picture.name: reverse("photo-picture", args=[item.image_id]),
        shown.overlay.name: reverse("map-picture", args=["overlay", shown.pk]),
        shown.heat.name: reverse("map-picture", args=["heat", shown.pk]),
    }
    for name, address in addresses.items():
        assert client.get(address).status_code == 200
        for content in (b"7 bytes", jpeg(1)[:-2], b""):
            overwrite(name, content)
            answer = client.get(address)
            assert (answer.status_code, answer["Cache-Control"]) == (503, "no-store")
            assert "check_files --bytes" in answer.content.decode()
    for name, status in zip(addresses, (503, 503, 200), strict=True):  # the heat map was not sealed
        overwrite(name, jpeg(99))
        assert client.get(addresses[name]).status_code == status
