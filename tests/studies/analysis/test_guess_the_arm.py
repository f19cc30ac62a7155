"""What can be measured from outside must not tell the arm: the guesser is held against one written out, and against scipy."""

from collections import Counter
from itertools import permutations, product

import numpy as np
import pytest
from scipy import stats

from studies.analysis.blindness import guess_arms, unequal_positions


def accuracy_by_hand(features, arms, items):
    """Five nearest pictures of other items vote, on standardised features; a tie counts for each in part."""
    scaled = np.array(features, float)
    scaled = (scaled - scaled.mean(axis=0)) / scaled.std(axis=0)
    right = 0.0
    for me in range(len(arms)):
        others = [picture for picture in range(len(arms)) if items[picture] != items[me]]
        others.sort(key=lambda picture: sum((scaled[picture] - scaled[me]) ** 2))
        votes = Counter(arms[picture] for picture in others[:5])
        best = [arm for arm in votes if votes[arm] == max(votes.values())]
        right += (arms[me] in best) / len(best)
    return right / len(arms)


def pictures(seed, items, arms, told):
    """Features of two very different scales; the first is `told` apart by arm."""
    rng = np.random.default_rng(seed)
    arm, item = np.tile(np.arange(arms), items), np.repeat(np.arange(items), arms)
    features = np.column_stack([arm * told + rng.normal(size=len(arm)), 1000 * rng.normal(size=len(arm))])
    return features, arm, item


@pytest.mark.parametrize(("seed", "arms", "told"), [(0, 2, 0.0), (1, 3, 1.5), (2, 2, 2.0), (3, 4, 0.7)])
def test_the_guesser_votes_by_the_five_nearest_pictures_of_other_photos(seed, arms, told):
    features, arm, item = pictures(seed, 10, arms, told)
    guess = guess_arms(features, arm, item, draws=5, seed=1)
    assert guess.accuracy == pytest.approx(accuracy_by_hand(features, arm, item), rel=1e-12)


def test_chance_is_every_exchange_of_arms_among_the_pictures_of_a_photo():
    features, arm, item = pictures(5, 6, 2, 1.0)
    mine = accuracy_by_hand(features, arm, item)
    every = [
        accuracy_by_hand(features, np.concatenate(mixed), item)
        for mixed in product(*[list(permutations((0, 1)))] * 6)
    ]
    p = np.mean(np.array(every) >= mine - 1e-9)
    guess = guess_arms(features, arm, item, draws=2000, seed=3)
    assert guess.p == pytest.approx(p, abs=3 * np.sqrt(p * (1 - p) / 2000) + 1e-3)
    assert guess.chance == pytest.approx(np.mean(every), abs=0.02)


def test_a_plain_leak_is_found_and_its_p_is_never_0():
    features, arm, item = pictures(0, 20, 2, 100.0)
    guess = guess_arms(features, arm, item, draws=99, seed=1)
    assert (guess.accuracy, guess.p) == (1.0, 1 / 100)
    assert guess.chance == pytest.approx(0.5, abs=0.1)
    assert guess_arms(features, arm, item, draws=99, seed=1) == guess


def test_pictures_that_are_all_alike_tell_nothing():
    _, arm, item = pictures(0, 20, 2, 0.0)
    guess = guess_arms(np.ones((40, 2)), arm, item, draws=99, seed=1)
    assert guess.accuracy == pytest.approx(0.5, abs=0.2)
    assert guess.p > 0.05


def test_uneven_places_are_found_by_pearsons_test():
    rng = np.random.default_rng(0)
    orders = [rng.permutation(3).tolist() for _ in range(50)]
    counts = np.array(
        [[sum(order[place] == arm for order in orders) for place in range(3)] for arm in range(3)]
    )
    # nine cells of which four are free
    expected = stats.chisquare(counts.ravel(), ddof=8 - 4).pvalue
    assert unequal_positions(orders) == pytest.approx(expected, rel=1e-10)
    assert unequal_positions([[0, 1], [1, 0]] * 10) == 1
    assert unequal_positions([[0, 1]] * 20) < 1e-8


def test_uneven_places_are_found_where_some_arms_are_shown():
    pairs = [[a, b] for a in range(4) for b in range(4) if a != b]
    assert unequal_positions(pairs * 5) == 1
    assert unequal_positions([[0], [1], [2]] * 5) == 1
    # Arm 0 is shown in each trial and stands left as often as right; that it is shown more often tells no place.
    assert unequal_positions([[0, 1], [1, 0], [0, 2], [2, 0]] * 5) == 1
    # Arms 0 and 1 as 15 to 5 and 5 to 15 against 10: 10 with one degree of freedom; the trials of one arm add nothing.
    assert unequal_positions([[0, 1]] * 15 + [[1, 0]] * 5 + [[2]] * 9) == pytest.approx(0.00157, abs=1e-5)
    assert unequal_positions([sorted(pair) for pair in pairs] * 5) < 1e-6


def test_arms_of_photos_that_are_shown_with_one_are_guessed_by_what_other_trials_showed():
    rng = np.random.default_rng(1)
    arm, item = rng.permutation(np.repeat([0, 1, 2], 20)), np.arange(60)
    guess = guess_arms(arm[:, None] * 100.0, arm, item, draws=199, seed=1, trials=item)
    assert (guess.accuracy, guess.p) == (1, 1 / 200)
    assert (
        guess_arms(arm[:, None] * 100.0, arm, item, draws=199, seed=1).p == 1
    )  # nothing to exchange on a photo
    noise = [
        guess_arms(rng.normal(size=(60, 2)), arm, item, draws=99, seed=seed, trials=item).p
        for seed in range(40)
    ]
    assert np.mean(np.array(noise) <= 0.05) <= 0.15
    assert np.mean(noise) > 0.35


def test_what_a_trial_showed_is_exchanged_as_a_whole():
    """Two maps to a trial, of which each place tells itself: no arm is told, however often the classifier is right."""
    item, place = np.repeat(np.arange(40), 2), np.tile([0, 1], 40)
    arm = np.array([(a, 1 - a) for a in np.random.default_rng(2).permutation(np.repeat([0, 1], 20))]).ravel()
    guess = guess_arms(place[:, None] * 100.0, arm, item, draws=199, seed=1, trials=item)
    assert guess.p > 0.05
