"""Which photo an attention check is about, when it comes and how it stands: never one that gives a later answer away."""

from collections import Counter

import numpy as np
import pytest

from explain.cam.metrics import attention_maps, localisation
from explain.models import ExplanationMap
from studies.analysis.orders import spread
from studies.lifecycle.check_maps import POOL, AttentionError, draw, make_check_maps
from studies.models import Item, ItemMap, Response, Study, Trial
from studies.trials.allocation import claim_trials, last_answer
from studies.trials.attention_checks import (
    Met,
    check_order,
    check_passed,
    names_of_maps,
    next_check,
    with_checks,
)
from studies.trials.sql import PastTrial
from tests.factories import make_participant, make_study
from tests.studies import taking_part
from tests.studies.taking_part import answer_what_they_hold, held_by

pytestmark = pytest.mark.django_db
BOX = [[8.0, 8.0, 34.0, 34.0]]  # of a photo of 64 × 64 pixels


def person_in(*, checked=None, **fields):
    """Somebody in an open study; the photos in their order, of which those with the numbers `checked` have check maps."""
    study = make_study(**{"items": 6, "attention_checks": 1, **fields})
    taking_part.make_check_maps(study, checked)
    study.state = "open"
    study.save()
    return make_participant(study), list(study.items.values_list("pk", flat=True))


def photos_of(person, items, times=40, **now):
    """The photos that a check may show, as numbers: those of many people who have met the same."""
    checked = set()
    for number in range(times):
        person.number = number
        check = next_check(person, Met(items=list(items), checked=[]), **now)
        checked.add(check and check["item_id"])
    return checked


def test_a_check_shows_any_photo_that_was_met_but_the_last_one():
    person, items = person_in()
    assert photos_of(person, items) == set(items[:5])


def test_a_photo_that_comes_again_as_a_repeat_is_not_in_a_check_if_another_can_be():
    person, items = person_in(repeats_per_participant=2)
    assert photos_of(person, items) == set(items[2:5])


def test_where_only_photos_that_come_again_could_be_in_a_check_one_of_them_is():
    person, items = person_in(repeats_per_participant=2, checked=[0, 1])
    assert photos_of(person, items) == set(items[:2])


def test_without_a_photo_to_spare_a_check_waits_until_one_was_met_and_takes_any_in_the_end():
    person, items = person_in(checked=[3, 5])
    assert photos_of(person, items[:3]) <= {None}
    others = [*items[:3], items[4], *items[:2]]
    assert photos_of(person, others) == {None}
    assert photos_of(person, others, last=True) == {items[3], items[5]}
    assert photos_of(person, [*others[:-1], items[3]], last=True) == {items[5]}


def test_a_check_is_about_the_last_photo_where_there_is_no_other():
    person, items = person_in(checked=[5])
    assert photos_of(person, items) == {None}
    assert photos_of(person, items, last=True) == {items[5]}


def test_with_photos_to_spare_a_check_shows_one_that_was_not_met_and_does_not_come_later():
    person, items = person_in(trials_per_participant=4, checked=[3, 4, 5])
    others = [items[0], items[1], items[2], items[0]]
    assert photos_of(person, others, ahead=[items[4]]) == {items[3], items[5]}
    assert photos_of(person, others, ahead=[items[3], items[4], items[5]]) == {items[3], items[4], items[5]}


@pytest.mark.parametrize(("asked_for", "to_spare"), [(5, True), (6, False)])
def test_photos_are_to_spare_where_there_are_as_many_as_checks(asked_for, to_spare):
    person, items = person_in(trials_per_participant=asked_for, checked=[5])
    met = [items[0], items[1], items[2], items[3], items[4]]
    met += [items[0]] * (asked_for - 5)
    assert photos_of(person, met) == ({items[5]} if to_spare else {None})


def test_a_check_that_tells_what_is_right_is_about_a_photo_that_cannot_be_answered_anew():
    """Its script may read every trial that a browser holds, and send answers in any order: of no photo may it know, and still answer."""
    study = taking_part.open_study(task="verify", items=12, attention_checks=3, trials_per_participant=12)
    for number in range(3):
        person = make_participant(study, number + 1)
        while held_by(person) or claim_trials(participant=person, count=5):
            held = held_by(person)
            open_to_change = {trial.item_id for trial in held if trial.kind == "main"}
            if last := last_answer(person):
                open_to_change.add(last.trial.item_id)
            assert not open_to_change & {trial.item_id for trial in held if trial.kind == "check"}
            taking_part.answer(person, held[-1].position)
            claim_trials(participant=person, count=3 if len(held) < 4 else 0)
        assert Counter(person.trials.values_list("kind", flat=True)) == {"main": 12, "check": 3}


def test_a_check_that_tells_what_is_right_leaves_out_what_went_to_others_and_may_come_back():
    person, items = person_in(task="verify", trials_per_participant=4, checked=[4, 5])
    for number in range(10):
        person.number = number
        chosen = [Trial(item_id=item) for item in items[:4]]
        trials = with_checks(person, [], chosen, lapsed=[items[4]], last=True)
        assert [trial.item_id for trial in trials if trial.kind == "check"] == [items[5]]


def test_a_photo_is_in_one_check_of_a_person_at_most_and_they_get_no_more_checks_than_asked_for():
    person, items = person_in(attention_checks=2, checked=[1, 2])
    assert next_check(person, Met(items, checked=[items[1]]))["item_id"] == items[2]
    assert next_check(person, Met(items, checked=[items[1], items[2]])) is None
    assert next_check(person, Met(items, checked=[items[1], items[1]])) is None


def test_photos_of_another_study_are_in_no_check():
    person_in(slug="other", networks=("other",))
    person, items = person_in(trials_per_participant=4, checked=[3, 4, 5])
    assert photos_of(person, [*items[:3], items[0]]) == set(items[3:])


def test_a_check_of_the_same_person_is_the_same_whenever_it_is_asked_for_and_another_persons_is_another():
    person, items = person_in(attention_checks=2, items=12)
    met = Met(items, checked=[])
    assert next_check(person, met) == next_check(person, met)
    first, second = next_check(person, met), next_check(person, Met(items, checked=[items[11]]))
    assert first != second
    shown = set()
    for number in range(12):
        person.number = number
        shown.add(tuple(next_check(person, met).values()))
    assert len(shown) > 6
    seeds = set()
    for seed in range(12):
        person.study.seed = seed
        seeds.add(next_check(person, met)["item_id"])
    assert len(seeds) > 4


def test_checks_come_when_they_are_due_and_not_before():
    person, items = person_in(attention_checks=2, items=12)
    for number in range(8):
        person.number = number
        spots = spread(12, 2, [person.study.seed, 5, number])
        for place in range(1, 13):
            for number_of_checks in (0, 1):
                check = next_check(
                    person, Met(items[:place], checked=items[-number_of_checks or 12 :]), last=True
                )
                assert (check is not None) == (spots[number_of_checks] <= place), (
                    number,
                    place,
                    number_of_checks,
                )
    assert len({tuple(spread(12, 2, [0, 5, number])) for number in range(8)}) > 1


def test_the_map_on_the_object_stands_in_every_place_equally_often_over_the_checks_of_a_person():
    person, _ = person_in()
    orders = {}
    for number in range(20):
        orders[number] = [check_order(person.study, number, checks_before) for checks_before in range(6)]
        assert all(sorted(order) == [0, 1, 2] for order in orders[number])
        assert Counter(order.index(0) for order in orders[number]) == {0: 2, 1: 2, 2: 2}
        assert [order.index(0) for order in orders[number][:3]] == [
            order.index(0) for order in orders[number][3:]
        ]
    first = Counter(tuple(orders[number][0]) for number in orders)
    assert len(first) == 6  # the other maps move about too
    person.study.seed += 1
    assert [check_order(person.study, number, 0) for number in orders] != [
        orders[number][0] for number in orders
    ]


def given(*kinds, items=None):
    rows = [
        PastTrial((items or range(100))[place], kind, "0,1,2", place + 1, "answered")
        for place, kind in enumerate(kinds)
    ]
    return rows[::-1]  # in no order


def test_after_the_repeats_no_check_comes_any_more():
    person, items = person_in()
    main = given(*["main"] * 6, items=items)
    (check,) = with_checks(person, main, [], last=True)
    assert (check.kind, check.study_id, check.item_id in items[:5]) == ("check", person.study_id, True)
    assert with_checks(person, [*main, *given("repeat", items=items)], [], last=True) == []


def test_a_study_without_checks_has_none():
    person, items = person_in(attention_checks=0)
    chosen = [Trial(item_id=items[0])]
    assert with_checks(person, [], chosen, last=True) == chosen


def test_checks_follow_the_photo_after_which_they_are_due_in_whatever_order_the_database_says_what_was_met():
    person, items = person_in(attention_checks=2, items=12, repeats_per_participant=1)
    for number in range(10):
        person.number = number
        spots = spread(12, 2, [person.study.seed, 5, number])
        met = given(*["main"] * 3, items=items)
        trials = with_checks(person, met, [Trial(item_id=item) for item in items[3:]], last=False)
        due = [spot - 3 + place for place, spot in enumerate(spots) if spot > 3]
        early = len(spots) - len(due)  # due before, so they come after the first photo
        places = [place for place, trial in enumerate(trials) if trial.kind == "check"]
        assert places == [1, 2][:early] + due if early else places == due
        checks = [trial.item_id for trial in trials if trial.kind == "check"]
        assert len(set(checks)) == 2
        for place, item in zip(places, checks, strict=True):
            before = [*items[:3], *(trial.item_id for trial in trials[:place] if trial.kind == "main")]
            assert item in before[1:-1]  # met, not the last one, and not the one that comes again


def test_a_check_for_which_nothing_was_met_comes_at_the_very_end_when_all_is_answered():
    """Two of four photos are somebody else's, the only one with check maps among them."""
    person, items = person_in(items=4, checked=[3], responses_per_item=1)
    Trial.objects.bulk_create(Trial(study=person.study, item_id=item, order="0,1,2") for item in items[:3])
    person.number = next(n for n in range(99) if spread(4, 1, [person.study.seed, 5, n]) == [2])
    person.save()
    assert [trial.kind for trial in claim_trials(participant=person, count=4)] == ["main"] * 3
    assert claim_trials(participant=person, count=4) == []
    answer_what_they_hold(person)
    (check,) = claim_trials(participant=person, count=4)
    assert (check.kind, check.item_id, check.position) == ("check", items[3], 4)
    assert [trial.position for trial in held_by(person)] == [4]


def test_the_photo_of_a_check_is_not_given_to_that_person_afterwards():
    person, items = person_in(items=8, checked=[6, 7], trials_per_participant=4)
    person.number = next(n for n in range(99) if spread(4, 1, [person.study.seed, 5, n]) == [2])
    person.save()
    for item in (0, 1, 6, 7, 2, 3):
        Trial.objects.create(study=person.study, item_id=items[item], order="0,1,2")
    *_, check = claim_trials(participant=person, count=2)
    assert (check.kind, check.item_id in items[6:]) == ("check", True)
    more = [trial.item_id for trial in claim_trials(participant=person, count=9)]
    assert more == [items[7] if check.item_id == items[6] else items[6], items[2]]


def photos(count, side=(64, 64), box=BOX):
    study = make_study(items=count, attention_checks=2)
    pairs = []
    for item in study.items.select_related("image"):
        item.image.boxes, (item.image.width, item.image.height) = box, side
        item.image.save()
        pairs.append((item.image, (7, 7)))
    return study, pairs


def test_check_maps_are_as_large_as_the_maps_of_the_study_and_on_the_box_of_their_own_photo():
    study = make_study(items=2, attention_checks=1)
    left, right = study.items.select_related("image")
    # In the frame, which is the middle of a wide photo; with its sides swapped they would be outside.
    for item, box in ((left, [46.0, 10.0, 70.0, 34.0]), (right, [90.0, 46.0, 114.0, 70.0])):
        item.image.boxes, item.image.width, item.image.height = [box], 160, 80
        item.image.save()
    drawn = draw([(left.image, (9, 14)), (right.image, (9, 14))], maps=3, seed=1, wanted=2)
    assert set(drawn) == {left.image_id, right.image_id}
    for item in (left, right):
        boxes = attention_maps.boxes_in_frame(item.image.boxes, 160, 80)
        assert {cells.shape for cells in drawn[item.image_id]} == {(9, 14)}
        shares = [
            (cells * localisation.box_mask([_scaled(box, (9, 14)) for box in boxes], (9, 14))).sum()
            / cells.sum()
            for cells in drawn[item.image_id]
        ]
        assert shares[0] > 0.5
        assert max(shares[1:]) < 0.25
    assert len(drawn[left.image_id]) == 3


def _scaled(box, cells):
    x0, y0, x1, y1 = box
    height, width = cells
    return (x0 * width, y0 * height, x1 * width, y1 * height)


def test_the_same_seed_draws_the_same_check_maps_and_another_others():
    _, pairs = photos(3)

    def drawn(seed):
        return draw(pairs, maps=3, seed=seed, wanted=2)

    first, again, other = drawn(1), drawn(1), drawn(2)
    for pk in first:
        assert all(np.array_equal(a, b) for a, b in zip(first[pk], again[pk], strict=True))
        assert not np.array_equal(first[pk][0], other[pk][0])
    assert len({first[pk][0].tobytes() for pk in first}) == 3


def test_of_very_many_photos_some_get_check_maps_chosen_by_the_seed():
    _, pairs = photos(POOL + 2)
    first, other = (set(draw(pairs, maps=2, seed=seed, wanted=1)) for seed in (1, 2))
    assert len(first) == len(other) == 24
    assert first != other


def test_as_many_photos_as_a_person_meets_checks_are_enough_and_one_less_is_not():
    _, pairs = photos(4)
    for image, _ in pairs[2:]:
        image.boxes = []
    assert len(draw(pairs, maps=3, seed=0, wanted=2)) == 2
    with pytest.raises(AttentionError, match="3 are needed, and 2 of 4 photos have a box"):
        draw(pairs, maps=3, seed=0, wanted=3)
    pairs[2][0].boxes = [[0.0, 0.0, 64.0, 64.0]]
    with pytest.raises(AttentionError, match=r"3 are needed, and 2 of 4 photos allow one.*for 2 maps\."):
        draw(pairs, maps=3, seed=0, wanted=3)
    with pytest.raises(AttentionError, match=r"for 1 map\."):
        draw(pairs, maps=2, seed=0, wanted=3)


@pytest.mark.parametrize("fields", [{}, {"trials_per_participant": 5}])
def test_half_of_the_photos_that_a_person_sees_may_be_followed_by_a_check(fields):
    study, _ = photos(6)
    study.trials_per_participant = fields.get("trials_per_participant", 50)
    study.attention_checks = 2 if fields else 3
    rows = make_check_maps(study)
    assert Counter(row.item_id for row in rows) == dict.fromkeys(study.items.values_list("pk", flat=True), 3)
    assert Counter(row.place for row in rows) == {0: 6, 1: 6, 2: 6}
    study.attention_checks += 1
    seen = 5 if fields else 6
    with pytest.raises(AttentionError, match=f"^demo: attention_checks is .* half of the {seen} photos"):
        make_check_maps(study)


@pytest.mark.parametrize(
    ("kind", "shown"), [("main", ["a", "b", "c"]), ("check", ["object", "elsewhere", "elsewhere"])]
)
def test_an_export_names_what_stood_in_a_trial(kind, shown):
    assert names_of_maps(kind, ["a", "b", "c"]) == shown


@pytest.mark.parametrize(
    ("value", "passed"),
    [
        ({"choice": 0}, True),
        ({"choice": 1}, False),
        ({"choice": -1}, False),
        ({"rating": 1}, True),
        ({"rating": 0}, False),
        ({"rating": -1}, False),
    ],
)
def test_a_check_is_passed_by_the_map_on_the_object_alone(value, passed):
    assert check_passed(Response(**value), Study(task=next(iter(value)))) is passed


def test_check_maps_are_as_large_as_the_maps_that_this_study_shows(monkeypatch):
    """A finer or coarser map would be told from the others at a glance."""
    study, pairs = photos(4)
    other = make_study("other", items=1, networks=("other",))
    finer = other.items.get().item_maps.first().map
    ExplanationMap.objects.filter(pk=finer.pk).update(height=14, width=14)
    shared = Item.objects.create(study=other, index=9, image=pairs[0][0])
    for arm in other.arms.all():
        ItemMap.objects.create(item=shared, arm=arm, map=finer)
    really, sizes = attention_maps.plain_maps, set()

    def noting(boxes, cells, *others):
        sizes.add(cells)
        return really(boxes, cells, *others)

    monkeypatch.setattr(attention_maps, "plain_maps", noting)
    make_check_maps(study)
    assert sizes == {(7, 7)}
