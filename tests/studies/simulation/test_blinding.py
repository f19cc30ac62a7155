"""Blind means blind: nothing that reaches a browser tells which method or network made a picture."""

import re
from collections import Counter, defaultdict
from itertools import pairwise

import pytest

from studies.lifecycle.opening import open_study
from studies.models import ItemMap
from studies.trials.allocation import claim_trials
from tests.factories import BYTES, make_participant, make_study
from tests.studies.blinding import MAY_DIFFER, crawl, is_picture, without_positions, without_seals

pytestmark = pytest.mark.django_db

# Words that no page, header or address may hold. The factories' names are replaced by these, which say nothing else.
NETWORKS = ("resnetty", "squeezy")
METHODS = ("grad-cam", "pixel-ablation-cam")


@pytest.fixture(autouse=True)
def sealed_as_they_are(monkeypatch):
    """Pictures here are changed after the opening, to see what the check finds of pictures that were sealed so."""
    monkeypatch.setattr("studies.participation.sealed_pictures._sealed", lambda *_: {})


@pytest.fixture
def whole(visitor, invite):
    study, join = invite(items=4, networks=NETWORKS, methods=METHODS, responses_per_item=2)
    return study, crawl(visitor, join)


@pytest.fixture
def session(whole):
    study, crawled = whole
    return study, crawled.seen


def test_no_page_header_or_address_names_an_arm_or_a_file(session):
    study, seen = session
    words = {*NETWORKS, *METHODS, "ablation", "resnetty grad-cam", "weights", "features"}
    words |= set(study.arms.values_list("name", flat=True))
    for shown in ItemMap.objects.select_related("map"):
        name = shown.picture.name
        words |= {name, name.split("/")[-1].split(".")[0], shown.map.parameters_hash}
    words |= set(study.items.values_list("image__content_sha256", flat=True)) | {study.protocol_sha256}
    assert len(seen) > 25
    for address, headers, body in seen:
        if not is_picture(address):  # the bytes of a picture are looked at below
            everything = without_seals(f"{address} {headers} {body.decode()}").lower()
            assert not [word for word in words if word.lower() in everything], address
        assert not re.search(r"etag|last-modified|content-disposition|x-powered", str(headers).lower())


def test_every_picture_has_the_same_headers_whichever_arm_made_it(session):
    _, seen = session
    headers = defaultdict(set)
    for address, got, _ in seen:
        if is_picture(address):
            headers["all"].add(tuple(sorted((k, v) for k, v in got.items() if k not in MAY_DIFFER)))
    assert len(headers["all"]) == 1
    assert dict(next(iter(headers["all"])))["Cache-Control"].startswith("private")


def test_pictures_have_one_length_in_every_slot(session):
    _, seen = session
    assert {int(headers["Content-Length"]) for address, headers, _ in seen if is_picture(address)} == {BYTES}


def test_a_slot_shows_the_arm_that_the_trial_put_there(whole):
    study, crawled = whole
    trials = study.trials.filter(state="answered")
    assert trials.count() == 4
    for trial in trials:
        for slot, arm in enumerate(trial.arms, start=1):
            item_map = ItemMap.objects.get(item=trial.item, arm__index=arm)
            with item_map.picture.open("rb") as file:
                assert crawled.pictures[trial.position, slot] == file.read()


def test_pages_differ_between_arms_in_nothing_but_positions(session):
    """With tokens, ids and positions taken out, every trial page is the same text, whatever its order of arms."""
    _, seen = session
    texts = set()
    for address, _, body in seen:
        if address.endswith("/trial/") and body:
            texts.add(without_positions(body))
    assert len(texts) == 1


def test_nobody_is_handed_the_same_address_twice_and_nobody_two_alike(
    session, visitor, another_visitor, invite
):
    """Whoever could tell that two pictures are the same file would know photos, and arms, again."""
    _, join = invite(slug="other", networks=("third",), responses_per_item=4)
    addresses = []
    for person in (visitor, another_visitor()):
        person.start(join)
        person.get(person.home)
        addresses += [picture["src"] for picture in person.soup.select("main img")]
    assert len(addresses) == len(set(addresses)) == 8
    assert {len(address) for address in addresses} == {len("/picture/") + 128}
    assert {visitor.client.get(address).status_code for address in addresses} == {200}


def test_positions_say_nothing_about_the_order_of_arms():
    """Over the people of a study every arm stands in every place equally often, at each position and from one position
    to the next: who knows how far somebody is, or what stood where before, knows nothing of what stands where now."""
    study = make_study(items=18, responses_per_item=6, trials_per_participant=6, seed=5)
    study = open_study(study=study)
    shown = defaultdict(list)  # by person, in the order of positions
    for number in range(1, 19):
        person = make_participant(study, number)
        while claim_trials(participant=person, count=2):
            pass
        trials = person.trials.order_by("position")
        assert [trial.position for trial in trials] == [1, 2, 3, 4, 5, 6]
        shown[number] = [trial.arms for trial in trials]
    # 18 people: six times would be even. Chance alone keeps nearly all between 1 and 12 (0.1 % of each is beyond).
    for position in range(6):
        orders = [shown[number][position] for number in shown]
        for place in range(3):
            assert set(Counter(order[place] for order in orders)) == {0, 1, 2}
            assert max(Counter(order[place] for order in orders).values()) <= 12
        assert len({tuple(order) for order in orders}) >= 4
    every = Counter(
        (arm, place) for orders in shown.values() for order in orders for place, arm in enumerate(order)
    )
    assert set(every.values()) == {36}
    follows = Counter(
        (before[0], after[0]) for orders in shown.values() for before, after in pairwise(orders)
    )
    assert len(follows) == 9
    assert max(follows.values()) < 90 / 9 * 2.5
    assert len({tuple(map(tuple, orders)) for orders in shown.values()}) > 12  # nobody's row is that of all


def test_the_map_names_in_storage_are_random():
    make_study()
    names = list(ItemMap.objects.values_list("picture", flat=True))
    assert len({len(name) for name in names}) == 1
    assert all(re.fullmatch(r"[0-9a-f]{2}/[0-9a-f]{46}\.webp", name) for name in names)
