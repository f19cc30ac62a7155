"""The address of a picture: sealed, another one each time, equally long, and good for a while."""

import re
import secrets
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explain.models import random_name
from studies.participation.picture_addresses import LIFE, SAME_FOR, Picture, opened, seal, seal_trial

OURS = Picture(random_name(None, "picture.jpg"), secrets.token_bytes(32))


def names():
    ours = st.builds(
        lambda _, end: random_name(None, f"x.{end}"), st.none(), st.sampled_from(["jpg", "webp", "png"])
    )
    return ours | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=100)


@given(names(), st.just(b"") | st.binary(min_size=32, max_size=32).filter(any))
def test_what_was_sealed_is_what_comes_out(name, sha256):
    assert opened(seal(Picture(name, sha256))) == Picture(name, sha256)


def test_all_pictures_have_addresses_of_one_length_with_their_hash_or_without():
    pictures = [OURS, Picture(random_name(None, "a.webp")), Picture(random_name(None, "b.png"), OURS.sha256)]
    assert all(re.fullmatch(r"[\w-]{128}", seal(picture), re.ASCII) for picture in pictures)


def test_the_same_picture_has_another_address_each_time_of_which_no_part_stays():
    addresses = [seal(OURS) for _ in range(200)]
    assert len(set(addresses)) == 200
    for signs in zip(*addresses, strict=True):
        assert max(map(signs.count, set(signs))) < 30  # of 200; three are usual


def test_a_trial_in_somebodys_hand_keeps_its_addresses_and_no_other_trial_or_person_has_them(monkeypatch):
    now = time.time() // SAME_FOR * SAME_FOR
    monkeypatch.setattr(time, "time", lambda: now)
    mine = seal_trial(1, 4, [OURS, OURS])
    assert seal_trial(1, 4, [OURS, OURS]) == mine
    others = [*seal_trial(2, 4, [OURS, OURS]), *seal_trial(1, 5, [OURS, OURS])]
    monkeypatch.setattr(time, "time", lambda: now + SAME_FOR)
    others += seal_trial(1, 4, [OURS, OURS])
    assert len({*mine, *others}) == 8
    assert {opened(address) for address in (*mine, *others)} == {OURS}


def test_it_opens_until_it_runs_out(monkeypatch):
    address, now = seal(OURS), time.time()
    for after, expected in ((0, OURS), (LIFE - 5, OURS), (LIFE + 5, None)):
        monkeypatch.setattr(time, "time", lambda later=now + after: later)
        assert opened(address) == expected


@pytest.mark.parametrize("at", range(0, 128, 9))
def test_one_that_was_changed_opens_nothing(at):
    address = seal(OURS)
    other = "A" if address[at] != "A" else "B"
    assert opened(address[:at] + other + address[at + 1 :]) is None


@pytest.mark.parametrize(
    "address", ["", "A", "AAAA", "x" * 43, "A" * 128, "A" * 10_000, "ü" * 128, "a/b", "%00"]
)
def test_one_that_was_made_up_opens_nothing(address, client, db):
    assert opened(address) is None
    assert client.get(f"/picture/{address}").status_code == 404


def test_one_that_was_sealed_with_the_key_of_before_opens_while_the_site_knows_that_key(settings):
    address, before = seal(OURS), settings.SECRET_KEY
    settings.SECRET_KEY = "another key " * 5
    assert opened(address) is None
    settings.SECRET_KEY_FALLBACKS = ["one that never was " * 3, before]
    assert opened(address) == OURS
    settings.SECRET_KEY_FALLBACKS = []
    assert opened(seal(OURS)) == OURS
    settings.SECRET_KEY = before
    assert opened(address) == OURS
