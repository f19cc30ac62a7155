"""No two kinds of draws go hand in hand, and what was drawn of a study is drawn again."""

import hashlib
import re
from collections import Counter
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from explain.core.streams import Stream
from explain.selection import rules
from studies.analysis.orders import rounds, study_orders
from studies.trials import attention_checks, practice

ROOT = Path(__file__).parents[3]
SHARED = {Stream.PHOTOS_OF_CLASS, Stream.CHECK_PLACES}
# Their seed is not a study's: a command's own, or a map's.
OTHER_SEEDS = {
    "explain/cam/brought/alone.py",
    "explain/cam/methods.py",
    "studies/analysis/power/simulation.py",
    "studies/simulation/volunteers.py",
}


def test_no_number_is_used_twice_but_where_what_follows_tells_them_apart():
    numbers = Counter(stream.number for stream in Stream)
    assert {stream for stream in Stream if numbers[stream.number] > 1} == SHARED
    for stream, other in combinations(Stream, 2):
        assert stream.value != other.value  # or the second would be another name of the first
    assert 0 not in numbers  # numpy takes a seed that ends in 0 as the one without it


def test_a_class_and_a_person_share_no_draws():
    def state(words):
        return tuple(np.random.SeedSequence(words).generate_state(4).tolist())

    names = ["n02951358 canoe", "hammer", "", "Käfer", *map(str, range(200))]
    hashes = [int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) for name in names]
    assert min(number >> 32 for number in hashes) > 1
    of_class = {state(Stream.PHOTOS_OF_CLASS.of(7, number)) for number in hashes}
    people = range(1, 300)
    keys = [(), (0,), *((1, check) for check in range(5))]
    of_people = {state(Stream.CHECK_PLACES.of(7, number, *key)) for number in people for key in keys}
    assert len(of_class) == len(names)
    assert not of_class & of_people


def test_nobody_writes_the_number_of_a_stream_by_hand():
    written = {
        str(path.relative_to(ROOT))
        for app in ("explain", "studies")
        for path in (ROOT / app).rglob("*.py")
        if re.search(r"default_rng\(\s*\[|[\[(]\w*\.?seed, [_A-Z\d]", path.read_text("utf-8"))
    }
    assert written - OTHER_SEEDS == set()


@pytest.mark.parametrize(
    ("stream", "drawn_for", "seed"),
    [
        (Stream.HANDS, (), [7, 1]),
        (Stream.ROUNDS, (), [7, 2]),
        (Stream.PHOTOS, (), [7, 3]),
        (Stream.PRACTICE, (2, 1), [7, 4, 2, 1]),
        (Stream.PHOTOS_OF_CLASS, (2**63,), [7, 5, 2**63]),
        (Stream.CHECK_PLACES, (2, 1, 0), [7, 5, 2, 1, 0]),
        (Stream.CHECK_PHOTO, (2, 0), [7, 6, 2, 0]),
        (Stream.CHECK_MAPS, (3,), [7, 7, 3]),
        (Stream.PREVIEW, (0,), [7, 8, 0]),
        (Stream.CLASS_TIES, (2**63,), [7, 9, 2**63]),
        (Stream.GROWN, (1,), [7, 10, 1]),
        (Stream.PAIRS, (3,), [7, 11, 3]),
        (Stream.PAIR_ROUNDS, (2,), [7, 12, 2]),
        (Stream.QUESTION_ORDER, (2, 5), [7, 15, 2, 5]),
        (Stream.CELLS, (1,), [7, 16, 1]),
        (Stream.RIGHT_AND_WRONG, (0,), [7, 20, 0]),
        (Stream.CONDITION, (2,), [7, 23, 2]),
        (Stream.INFORMATIVE, (2,), [7, 24, 2]),
    ],
)
def test_a_stream_keeps_its_seed(stream, drawn_for, seed):
    assert stream.of(7, *drawn_for) == seed


def test_every_stream_is_held_to_its_seed():
    (marks,) = test_a_stream_keeps_its_seed.pytestmark
    assert {stream for stream, *_ in marks.args[1]} == set(Stream)


# What studies with the seed 7 were given before the streams stood in one list.


def person(number):
    arms = SimpleNamespace(count=lambda: 4)
    study = SimpleNamespace(
        task="choice", order_seed=7, arms=arms, attention_checks=3, trials_per_participant=20
    )
    return SimpleNamespace(study=study, number=number)


def test_orders_are_dealt_as_they_were():
    assert study_orders(3, 4, (2,), 7) == [
        [(0, 2, 1), (2, 0, 1)],
        [(0, 1, 2), (1, 2, 0)],
        [(0, 1, 2), (1, 2, 0)],
        [(1, 0, 2), (2, 1, 0)],
    ]
    assert rounds(6, 2, 7) == [[2, 3, 0, 5, 1, 4], [1, 3, 4, 0, 5, 2]]


def test_photos_are_drawn_as_they_were():
    photos = [rules.Photo(key, f"{key}.jpg", name, str(key)) for key, name in enumerate("abc" * 5)]

    def kept(step, **rule):
        left_out = step(photos, None, None, rules.Rule(seed=7, **rule))
        return [photo.key for photo in photos if photo.key not in left_out]

    assert kept(rules._beyond_per_class, per_class=2) == [0, 3, 4, 10, 11, 14]
    assert kept(rules._beyond_limit, limit=5) == [5, 6, 8, 11, 12]


def test_practice_and_checks_come_as_they_did(monkeypatch):
    sides = [practice.right_side(person(number), example) for number in range(1, 9) for example in (0, 1)]
    assert sides == [1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 1]
    orders = [
        attention_checks.check_order(person(1).study, number, check) for number in (1, 2) for check in (0, 1)
    ]
    assert orders == [[2, 1, 3, 0], [1, 2, 0, 3], [2, 1, 3, 0], [0, 2, 3, 1]]
    monkeypatch.setattr(attention_checks, "expected_main", lambda study: 20)
    due = [[attention_checks._due(person(number), answers) for answers in range(21)] for number in (1, 2, 3)]
    assert [[row.index(count) for count in (1, 2, 3)] for row in due] == [
        [7, 8, 20],
        [2, 12, 16],
        [5, 10, 17],
    ]
