"""Which classes and photos are chosen, by hand, and why each other one is left out."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explain.selection.asked import Rule
from explain.selection.f1 import Tally, Verdicts
from explain.selection.notes import _named
from explain.selection.rules import Photo, choose, choose_classes

# Ten photos of each class. `one` takes so many of them for the class on the right.
CLASSES = ["ant", "bee", "cat", "dog"]
ONE = {"ant": {"bee": 1}, "bee": {}, "cat": {"dog": 4}, "dog": {}}
TWO = {"ant": {}, "bee": {}, "cat": {}, "dog": {"ant": 5}}
# F1 of `one` by hand. ant: TP 9, FN 1 -> 18/19. bee: TP 10, FP 1 -> 20/21. cat: TP 6, FN 4 -> 12/16.
# dog: TP 10, FP 4 -> 20/24. Of `two`: ant 20/25, bee 1, cat 1, dog 10/15.
F1_ONE = {"ant": 18 / 19, "bee": 20 / 21, "cat": 0.75, "dog": 20 / 24}
F1_TWO = {"ant": 0.8, "bee": 1.0, "cat": 1.0, "dog": 2 / 3}

PHOTOS = [
    Photo(key=100 * place + number, name=f"{name}-{number:02}.jpg", class_name=name, sha256=f"{number}")
    for place, name in enumerate(CLASSES)
    for number in range(10)
]


def says(name: str, mistakes: dict[str, dict[str, int]], known: list[str] = CLASSES) -> Verdicts:
    """A network that takes the first photos of a class for others, and gets the rest right."""
    top = {}
    for photo in PHOTOS:
        number = photo.key % 100
        wrong = [other for other, count in mistakes.get(photo.class_name, {}).items() for _ in range(count)]
        answer = wrong[number] if number < len(wrong) else photo.class_name
        top[photo.key] = known.index(answer) if answer in known else 99
    return Verdicts(
        network=name,
        names=known,
        class_names={photo.key: photo.class_name for photo in PHOTOS},
        labels={p.key: known.index(p.class_name) if p.class_name in known else None for p in PHOTOS},
        top=top,
    )


one, two = says("one", ONE), says("two", TWO)


def chosen(*networks, **rule):
    return choose(photos=PHOTOS, verdicts=networks or [one], rule=Rule(**rule))


def classes_of(choice):
    return {class_choice.name for class_choice in choice.classes if not class_choice.reason}


def reasons(choice):
    return {class_choice.name: class_choice.reason for class_choice in choice.classes if class_choice.reason}


def test_nothing_asked_is_every_photo_in_the_order_of_class_and_name():
    choice = chosen()
    assert choice.chosen == tuple(photo.key for photo in PHOTOS)
    assert [class_choice.name for class_choice in choice.classes] == ["bee", "ant", "dog", "cat"]
    assert {class_choice.name: class_choice.f1 for class_choice in choice.classes} == {
        name: (pytest.approx(value),) for name, value in F1_ONE.items()
    }


def test_the_order_of_the_rows_does_not_matter():
    turned = choose(photos=PHOTOS[::-1], verdicts=[one], rule=Rule(per_class=3, seed=5))
    assert turned.chosen == chosen(per_class=3, seed=5).chosen


def test_top_classes_are_the_best_by_f1():
    choice = chosen(top_classes=2)
    assert classes_of(choice) == {"bee", "ant"}
    assert reasons(choice) == {
        "dog": "number 3 by F1; the best 2 are asked for",
        "cat": "number 4 by F1; the best 2 are asked for",
    }


def test_of_two_networks_the_one_that_is_worst_at_a_class_counts():
    choice = chosen(one, two, top_classes=1)
    assert classes_of(choice) == {"bee"}
    assert [class_choice.name for class_choice in choice.classes] == [
        "bee",
        "ant",
        "cat",
        "dog",
    ]  # .952, .8, .75, .667


def test_a_floor_keeps_a_class_that_is_exactly_at_it():
    assert classes_of(chosen(min_f1=18 / 19)) == {"bee", "ant"}
    assert reasons(chosen(min_f1=0.94))["dog"] == "F1 0.833 is under 0.94"
    assert classes_of(chosen(one, two, min_f1=0.75)) == {"ant", "bee", "cat"}


def test_the_top_share_is_of_each_network_and_what_they_have_in_common():
    """Half of four classes: bee and ant of `one`; bee and cat of `two`."""
    choice = chosen(one, two, top_share=0.5)
    assert classes_of(choice) == {"bee"}
    assert reasons(choice)["ant"] == "number 3 by F1 of two; its best 2 are asked for"
    assert reasons(choice)["cat"] == "number 4 by F1 of one; its best 2 are asked for"


def test_a_share_of_few_classes_is_one_class():
    assert classes_of(chosen(top_share=0.01)) == {"bee"}


def test_top_classes_are_taken_of_those_in_the_top_share():
    assert classes_of(chosen(one, two, top_share=0.75, top_classes=1)) == {"bee"}
    assert classes_of(chosen(one, two, top_share=0.75, top_classes=2)) == {"bee", "ant"}


def test_only_photos_that_all_networks_get_right():
    choice = chosen(one, two, only_correct=True)
    assert len(choice.chosen) == 40 - 1 - 4 - 5
    why = {photo.name: photo.reason for photo in choice.photos}
    assert why["ant-00.jpg"] == "one says bee"
    assert why["dog-04.jpg"] == "two says ant"
    assert {class_choice.name: class_choice.correct for class_choice in choice.classes}["dog"] == 5


def test_a_class_that_no_network_knows_and_none_has_looked_at_is_not_one_that_they_get_right():
    """Nothing said is not a right answer: such photos would be counted, and then not be there to be drawn."""
    unknown = Tally("yak", (None, None), (None, None), 3)
    half = Tally("emu", (7, None), (7, None), 3)
    right, wrong = Tally("ant", (0, 0), (0, 0), 2), Tally("ant", (0, 0), (0, 1), 4)
    counted = choose_classes([unknown, half, right, wrong], ["one", "two"], Rule(only_correct=True))
    assert {class_choice.name: (class_choice.correct, class_choice.chosen) for class_choice in counted.classes} == {
        "yak": (0, 0), "emu": (0, 0), "ant": (2, 2),
    }  # fmt: skip


def test_a_photo_that_a_network_has_not_looked_at_is_not_right_and_it_says_so():
    blind = replace(one, top={key: top for key, top in one.top.items() if key != 105})
    choice = chosen(blind, only_correct=True)
    assert 105 not in choice.chosen
    assert {photo.key: photo.reason for photo in choice.photos}[105] == "one says nothing yet"
    assert blind.unseen == 1


def test_which_rule_asks_the_networks_is_told_by_its_first_key():
    assert Rule(per_class=3, limit=2, classes=("ant",)).asks_networks == ""
    assert Rule(only_correct=True).asks_networks == "only_correct"
    assert Rule(only_correct=True, top_classes=1).asks_networks == "top_classes"
    assert Rule(top_classes=1, top_share=0.5, min_f1=0.0).asks_networks == "min_f1"
    assert [Rule(**{key: value}).ranks for key, value in (("min_f1", 0.0), ("top_share", 1.0), ("top_classes", 1), ("limit", 1))] == [True, True, True, False]  # fmt: skip


def test_classes_that_are_not_listed_are_left_out_before_they_are_ranked():
    choice = chosen(classes=("cat", "dog"), top_classes=1)
    assert classes_of(choice) == {"dog"}
    assert reasons(choice)["bee"] == "not listed"
    assert reasons(chosen(classes=("cat", "dog"), top_share=0.5)) == {
        "ant": "not listed", "bee": "not listed",
        "cat": "number 4 by F1 of one; its best 2 are asked for", "dog": "number 3 by F1 of one; its best 2 are asked for",
    }  # fmt: skip


def test_a_limit_as_large_as_what_there_is_leaves_nothing_out():
    assert chosen(limit=40).chosen == chosen(limit=41).chosen == chosen().chosen
    assert len(chosen(limit=39).chosen) == 39


def test_classes_of_equal_f1_are_listed_by_their_names_where_nothing_is_chosen_by_f1():
    assert [class_choice.name for class_choice in chosen(two).classes] == ["bee", "cat", "ant", "dog"]


def test_many_names_are_shortened():
    assert _named([str(number) for number in range(10)]).endswith("8, 9")
    assert _named([str(number) for number in range(12)]).endswith("8, 9 and 2 others")


def test_so_many_of_each_class_are_drawn_by_the_seed_and_by_nothing_else():
    choice = chosen(per_class=4, seed=1)
    assert {class_choice.name: class_choice.chosen for class_choice in choice.classes} == dict.fromkeys(
        CLASSES, 4
    )
    assert choice.chosen == chosen(per_class=4, seed=1).chosen
    assert choice.chosen != chosen(per_class=4, seed=2).chosen
    alone = chosen(per_class=4, seed=1, classes=("cat",))
    assert alone.chosen == tuple(key for key in choice.chosen if 200 <= key < 300)
    assert choice.photos[0].reason in ("", "not drawn: 4 of the 10 of its class were")


shares = st.none() | st.sampled_from([0.3, 0.5, 0.75, 1.0])
numbers = st.none() | st.integers(1, 12)
rules = st.builds(
    Rule,
    classes=st.sampled_from([(), ("cat",), ("ant", "dog")]),
    min_f1=shares,
    top_share=shares,
    top_classes=st.none() | st.integers(1, 4),
    only_correct=st.booleans(),
    per_class=numbers,
    limit=st.none() | st.integers(1, 45),
    seed=st.integers(0, 5),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # on a busy machine
@given(rules, st.sampled_from([[one], [two, one]]))
def test_counting_by_class_says_how_many_are_drawn_of_each(rule, networks):
    """From counts alone, as the database gives them; `choose` draws photo by photo."""
    drawn = choose(photos=PHOTOS, verdicts=networks, rule=rule)
    alike = Counter(
        (p.class_name, tuple(n.labels[p.key] for n in networks), tuple(n.top[p.key] for n in networks))
        for p in PHOTOS
    )
    tallies = [Tally(*key, photos) for key, photos in sorted(alike.items(), reverse=True)]
    counted = choose_classes(tallies, [n.network for n in networks], rule)
    keys = {p.key: p.class_name for p in PHOTOS}
    assert {c.name: c.chosen for c in counted.classes if c.chosen} == Counter(
        keys[key] for key in drawn.chosen
    )
    assert (counted.count, counted.of) == (len(drawn.chosen), 40)
    assert counted.classes == drawn.classes
    assert counted.tables == drawn.tables


def test_each_photo_of_a_class_is_drawn_equally_often():
    counts = np.zeros(10)
    for seed in range(600):
        counts[[key % 100 for key in chosen(per_class=4, seed=seed, classes=("cat",)).chosen]] += 1
    assert np.abs(counts - 240).max() < 60  # five standard deviations of a binomial with p 0.4


def test_a_limit_is_drawn_from_what_is_left():
    choice = chosen(per_class=5, limit=7, seed=3)
    assert len(choice.chosen) == 7
    assert sum(photo.reason == "not drawn: 7 of 20 were" for photo in choice.photos) == 13


def test_every_photo_is_chosen_or_has_a_reason():
    choice = chosen(one, two, min_f1=0.7, only_correct=True, per_class=3, limit=5)
    assert len(choice.photos) == len(PHOTOS)
    assert sum(not photo.reason for photo in choice.photos) == len(choice.chosen) == 5


def test_a_class_that_a_network_does_not_know_has_no_f1_and_is_not_ranked():
    three = says("three", {}, ["ant", "bee", "cat"])
    choice = chosen(one, three, top_classes=4)
    assert reasons(choice) == {"dog": "three does not know it"}
    assert {class_choice.name: class_choice.f1 for class_choice in choice.classes}["dog"] == (
        pytest.approx(20 / 24),
        None,
    )


def test_too_few_classes_or_photos_are_noted():
    assert chosen(min_f1=0.9, top_classes=3).notes == ("3 classes are asked for; 2 are left.",)
    assert chosen(only_correct=True, per_class=9).notes == ("Fewer than 9 photos are left of: cat (6).",)
    assert chosen(per_class=10).notes == ()


def test_a_tie_at_the_last_place_is_noted():
    choice = chosen(two, top_classes=1)
    (left,) = {"bee", "cat"} - classes_of(choice)
    assert choice.notes == (f"As good by F1 as the last class taken, and left out by the seed: {left}.",)


def perfect(classes: int) -> list[Tally]:
    """One photo of each class, which two networks get right: F1 is 1.00 for all of them."""
    return [Tally(f"c{place:04}", (place, place), (place, place), 1) for place in range(classes)]


def taken(rule: Rule, classes: int = 1000) -> set[str]:
    choice = choose_classes(perfect(classes), ["one", "two"], rule)
    return {row.name for row in choice.classes if not row.reason}


def test_classes_of_equal_f1_are_drawn_by_the_seed_and_not_by_the_alphabet():
    first = taken(Rule(top_classes=5, seed=1))
    assert first == taken(Rule(top_classes=5, seed=1)) != taken(Rule(top_classes=5, seed=2))
    assert first != {f"c{place:04}" for place in range(5)}
    counts = Counter(name for seed in range(300) for name in taken(Rule(top_classes=2, seed=seed), 10))
    assert min(counts.values()) > 30  # of 60 on average: a class by the alphabet alone would have 300
    assert max(counts.values()) < 90
    best = taken(Rule(top_share=0.01, top_classes=5, seed=1))
    assert best == first  # both networks draw alike, so the best of both have classes in common


def test_a_share_of_equal_classes_says_how_many_are_left_out_by_chance():
    rule = Rule(top_share=0.01, top_classes=20, per_class=50, seed=1)
    notes = choose_classes(perfect(1000), ["one", "two"], rule).notes
    assert notes[0] == "1 % of the 1000 classes that one knows is 10 classes."
    assert notes[1].startswith("As good by F1 as the last of the best 10 of one, and left out by the seed: ")
    assert notes[1].endswith(" and 980 others.")
    assert notes[4] == "20 classes are asked for; 10 are left."
    assert notes[5].startswith("Fewer than 50 photos are left of: c")
    few = choose_classes(perfect(20), ["one", "two"], Rule(top_share=0.01)).notes
    assert few[0] == "1 % of the 20 classes that one knows is one class."


def test_classes_that_are_chosen_and_not_known_are_named():
    three = says("three", {}, ["ant", "bee", "cat"])
    assert chosen(one, three).strange == {"three": ("dog",)}
    assert chosen(one, three, classes=("ant",)).strange == {}
