"""d′, criterion and AUC against direct formulas, and whether intervals of all measures hold what they promise."""

from statistics import NormalDist

import numpy as np
import pytest

from studies.analysis.detection import Kind, Verdicts, contrasts, figures, network_alone
from studies.trial_types.single.layout import SingleLayout

NORMAL = NormalDist()


def verdicts(items, people, arm, said, truth, steps=4):
    arm, said = np.asarray(arm), np.asarray(said)
    return Verdicts(
        items=np.asarray(items),
        participants=np.asarray(people),
        values=arm * steps + said,
        arm=arm,
        said=said,
        truths=np.asarray(truth),
        steps=steps,
    )


def by_kind(table, arms=1, pairs=()):
    return {figure.kind: figure for figure in figures(table, arms, pairs, ())}


@pytest.fixture
def some():
    random = np.random.default_rng(4)
    n = 240
    items, people = np.repeat(np.arange(24), 10), np.tile(np.arange(20), 12)
    truth = (items % 3 > 0).astype(int)
    said = np.clip(np.round(random.normal(1.2 + truth, 1, n)), 0, 3).astype(int)
    return verdicts(items, people, random.integers(0, 2, n), said, truth)


def test_d_prime_and_criterion_are_those_of_the_formulas_with_the_log_linear_correction(some):
    found = by_kind(some, 2)
    for arm in (0, 1):
        here = some.arm == arm
        right, wrong = here & (some.truths == 1), here & (some.truths == 0)
        hits, alarms = ((some.said[rows] >= 2).sum() + 0.5 for rows in (right, wrong))
        h, f = hits / (right.sum() + 1), alarms / (wrong.sum() + 1)
        zh, zf = NORMAL.inv_cdf(h), NORMAL.inv_cdf(f)
        assert found[Kind.D_PRIME].arms[arm].estimate == pytest.approx(zh - zf, abs=1e-9)
        assert found[Kind.CRITERION].arms[arm].estimate == pytest.approx(-(zh + zf) / 2, abs=1e-9)


def test_hautus_example_by_hand():
    """20 hits of 20 and 5 false alarms of 20: H = 20.5/21, F = 5.5/21."""
    truth = [1] * 20 + [0] * 20
    table = verdicts(range(40), [*range(8)] * 5, [0] * 40, [1] * 25 + [0] * 15, truth, steps=2)
    found = by_kind(table)
    assert found[Kind.D_PRIME].arms[0].estimate == pytest.approx(1.9808 + 0.6372, abs=2e-3)
    assert found[Kind.CRITERION].arms[0].estimate == pytest.approx(-(1.9808 - 0.6372) / 2, abs=2e-3)
    assert Kind.AUC not in found


def test_auc_is_the_share_of_pairs_in_order(some):
    right, wrong = some.said[some.truths == 1], some.said[some.truths == 0]
    wins = (right[:, None] > wrong).mean() + (right[:, None] == wrong).mean() / 2
    one = verdicts(some.items, some.participants, np.zeros(len(some), int), some.said, some.truths)
    assert by_kind(one)[Kind.AUC].arms[0].estimate == pytest.approx(wins, abs=1e-12)


def test_its_error_without_clusters_is_that_of_delong():
    """Every answer by another person about another photo: the two-way variance is that of independent answers."""
    random = np.random.default_rng(2)
    n = 400
    truth = np.arange(n) % 2
    said = np.clip(np.round(random.normal(1.2 + truth, 1, n)), 0, 3).astype(int)
    found = by_kind(verdicts(np.arange(n), np.arange(n), np.zeros(n, int), said, truth))
    right, wrong = said[truth == 1], said[truth == 0]
    wins = (right[:, None] > wrong) + 0.5 * (right[:, None] == wrong)
    error = np.sqrt(wins.mean(axis=1).var(ddof=1) / len(right) + wins.mean(axis=0).var(ddof=1) / len(wrong))
    low, high = found[Kind.AUC].arms[0].interval
    assert (high - low) / 2 / 1.966 == pytest.approx(error, rel=0.03)
    h, f = (said[truth == 1] >= 2).mean(), (said[truth == 0] >= 2).mean()
    parts = [
        rate * (1 - rate) / (n / 2) / NORMAL.pdf(NORMAL.inv_cdf(rate)) ** 2 for rate in (h, f)
    ]  # Gourevitch & Galanter 1967
    low, high = found[Kind.D_PRIME].arms[0].interval
    assert (high - low) / 2 / 1.966 == pytest.approx(np.sqrt(sum(parts)), rel=0.03)


def test_accuracy_is_split_and_the_network_alone_stands_beside_it():
    table = verdicts([0, 1, 2, 3], [0, 0, 1, 1], [0] * 4, [3, 1, 2, 0], [1, 1, 0, 0])
    found = by_kind(table)
    said = {
        kind: found[kind].arms[0].estimate
        for kind in (Kind.ACCURACY, Kind.SENSITIVITY, Kind.SPECIFICITY, Kind.GAIN)
    }
    assert said == {Kind.ACCURACY: 0.5, Kind.SENSITIVITY: 0.5, Kind.SPECIFICITY: 0.5, Kind.GAIN: 0.0}
    assert network_alone(table) == 0.5


def test_what_nobody_answered_has_no_figure():
    table = verdicts([0, 1, 2, 3], [0, 1, 0, 1], [0] * 4, [3, 1, 2, 0], [1] * 4)
    found = by_kind(table, 2, [(0, 1)])
    assert found[Kind.SPECIFICITY].arms[0].estimate is None
    assert found[Kind.D_PRIME].arms[0].estimate is None
    assert found[Kind.ACCURACY].arms[1].estimate is None
    assert not any(figure.differences for figure in found.values())


def simulated(random, *, d_primes=(1.0, 1.0), criterion=0.2, photos=40, people=30, each=12, spread=0.4):
    """People with a criterion of their own, photos that are harder or easier, and each cell of photo and arm equally often."""
    arms = len(d_primes)
    rows = list(
        SingleLayout().rows(
            arms=arms, items=photos, stages=(people * each // photos,), seed=int(random.integers(1 << 30))
        )
    )
    item = np.array([index for index, _ in rows])
    arm = np.array([order[0] for _, order in rows])
    person = np.arange(len(rows)) // each
    truth = item % 2
    own, hard = random.normal(0, spread, people), random.normal(0, spread, photos)
    seen = (truth - 0.5) * np.array(d_primes)[arm] + random.standard_normal(len(rows)) + hard[item]
    said = np.searchsorted([-0.7, 0.0, 0.7], seen - criterion - own[person])
    return verdicts(item, person, arm, said, truth)


def truths(d_prime, criterion, spread):
    """What the marginal rates, over people and photos, come to."""
    wide = np.sqrt(1 + 2 * spread**2)
    h, f = (NORMAL.cdf((sign * d_prime / 2 - criterion) / wide) for sign in (1, -1))
    return {
        Kind.ACCURACY: (h + 1 - f) / 2,
        Kind.SENSITIVITY: h,
        Kind.SPECIFICITY: 1 - f,
        Kind.D_PRIME: d_prime / wide,
        Kind.CRITERION: criterion / wide,
    }


def test_known_d_prime_and_bias_are_recovered_and_intervals_hold_them():
    """The figures of many more studies: docs/statistics.md."""
    studies, spread = 120, 0.4
    wanted, held, sums = truths(1.0, 0.2, spread), {}, {}
    for number in range(studies):
        table = simulated(np.random.default_rng([7, number]), spread=spread)
        for kind, truth in wanted.items():
            arm = by_kind(table, 2)[kind].arms[0]
            held[kind] = held.get(kind, 0) + (arm.interval[0] <= truth <= arm.interval[1])
            sums[kind] = sums.get(kind, 0.0) + arm.estimate
    for kind, truth in wanted.items():
        assert sums[kind] / studies == pytest.approx(truth, abs=0.05), kind
        assert 0.88 <= held[kind] / studies <= 1.0, kind


def test_holm_runs_over_those_beside_no_explanation():
    table = simulated(np.random.default_rng(1), d_primes=(1, 1, 1), people=36)
    found = contrasts(table, Kind.ACCURACY, [(0, 2), (1, 2), (0, 1)], [(0, 2), (1, 2)])
    assert [one.p_holm is None for one in found] == [False, False, True]
    p = sorted(one.found.p for one in found[:2])
    assert min(one.p_holm for one in found[:2]) == pytest.approx(min(1, 2 * p[0]))
