"""An arm is guessed from its pictures by photos that the guess has not seen: chance stays chance, and what differs is found."""

import numpy as np
import pytest

from studies.analysis.blindness import FEWEST_PHOTOS, recognised


def features(seed, photos=60, arms=3, numbers=8):
    return np.random.default_rng(seed).normal(size=(photos, arms, numbers))


def test_nothing_is_told_where_there_is_nothing_and_the_interval_holds():
    """Of 200 comparisons without a difference at most one in forty lies above chance."""
    found = [recognised(features(seed), seed=seed) for seed in range(200)]
    assert np.mean([one.accuracy for one in found]) == pytest.approx(1 / 3, abs=0.01)
    assert sum(one.is_told for one in found) <= 5
    assert np.mean([one.interval[0] <= 1 / 3 <= one.interval[1] for one in found]) >= 0.95


def test_it_is_as_good_as_the_best_can_be():
    """Two arms, one number, normal and a distance of 2: nobody is right more often than Φ(1) = 84.1 %."""
    rng = np.random.default_rng(1)
    values = rng.normal(size=(4000, 2, 1)) + np.array([0, 2])[None, :, None]
    found = recognised(values)
    assert found.accuracy == pytest.approx(0.8413, abs=0.012)
    assert found.interval[0] < 0.8413 < found.interval[1] < found.interval[0] + 0.04
    assert (found.chance, found.photos, found.is_told) == (0.5, 4000, True)


def test_an_arm_that_stands_apart_is_known_and_the_others_are_not():
    values = features(3)
    values[:, 2] += 8
    found = recognised(values)
    assert found.by_arm[2] == 1
    assert max(found.by_arm[:2]) < 0.75


def test_what_differs_from_photo_to_photo_helps_nobody():
    """The same number for all arms of a photo: by pictures of the photo itself it would be known, by others not."""
    values = np.repeat(features(4, arms=1), 3, axis=1) * 100 + features(5) * 0.01
    assert not recognised(values).is_told


def test_few_photos_say_nothing():
    assert recognised(features(0, photos=FEWEST_PHOTOS - 1)) is None
    constant = np.zeros((FEWEST_PHOTOS, 2, 3))
    assert recognised(constant).accuracy == 0.5
