"""Whether choices go with a figure of the maps: correlations and intervals equal those of scipy, draw by draw."""

import numpy as np
import pytest
from scipy import stats

from studies.analysis import resampling
from studies.analysis.answers import AnswersError
from studies.analysis.association import TOO_THIN, association, associations_of, groups_by_figure
from studies.analysis.table import Choices

ITEMS, PEOPLE, ARMS, DRAWS = 7, 6, 3, 60


@pytest.fixture
def answers():
    rng = np.random.default_rng(2)
    item, person = (axis.ravel() for axis in np.meshgrid(np.arange(ITEMS), np.arange(PEOPLE)))
    kept = rng.random(len(item)) < 0.8
    choice = rng.choice([0, 0, 1, 2, -1], size=len(item))
    figures = {number: rng.normal(size=ARMS).round(1).tolist() for number in range(ITEMS)}
    return item[kept], person[kept], choice[kept], figures


def by_scipy(item, person, choice, figures, times_person, times_item):
    """Both correlations of answers in which people and items count so often."""
    shares, values, within, weights = [], [], [], []
    for number in range(ITEMS):
        weight = times_person[person] * (item == number)
        if not weight.sum() or not times_item[number]:
            continue
        mine = [weight[choice == arm].sum() / weight.sum() for arm in range(ARMS)]
        shares += mine * times_item[number]
        values += figures[number] * times_item[number]
        if len(set(np.round(mine, 12))) > 1 and len(set(figures[number])) > 1:
            within.append(stats.spearmanr(mine, figures[number]).statistic)
            weights.append(times_item[number])
    across = stats.spearmanr(np.round(shares, 12), values).statistic
    return across, np.average(within, weights=weights), len(within)


def test_both_correlations_and_their_intervals_are_scipys_draw_by_draw(answers):
    result = association(*answers, ARMS, draws=DRAWS, seed=4)
    across, within, telling = by_scipy(*answers, np.ones(PEOPLE, int), np.ones(ITEMS, int))
    assert (result.across.value, result.within.value) == pytest.approx((across, within), rel=1e-10)
    assert (result.across.n, result.within.n) == (ITEMS * ARMS, telling)
    people_rng, items_rng = np.random.default_rng(4).spawn(2)
    people, items = (
        people_rng.integers(PEOPLE, size=(DRAWS, PEOPLE)),
        items_rng.integers(ITEMS, size=(DRAWS, ITEMS)),
    )
    drawn = [
        by_scipy(*answers, np.bincount(p, minlength=PEOPLE), np.bincount(i, minlength=ITEMS))[:2]
        for p, i in zip(people, items, strict=True)
    ]
    for level in (0.95, 0.8):
        upper = stats.norm.cdf(np.sqrt(PEOPLE / (PEOPLE - 1)) * stats.t.ppf((1 + level) / 2, PEOPLE - 1))
        ends = np.quantile(drawn, [1 - upper, upper], axis=0).T
        result = association(*answers, ARMS, draws=DRAWS, seed=4, level=level)
        assert result.across.interval == pytest.approx(tuple(ends[0]), rel=1e-9)
        assert result.within.interval == pytest.approx(tuple(ends[1]), rel=1e-9)
    assert (
        association(*answers, ARMS, draws=DRAWS, seed=5, level=level).within.interval
        != result.within.interval
    )


def test_the_same_seed_gives_the_same_interval_whatever_the_memory_and_the_order_of_answers(
    answers, monkeypatch
):
    item, person, choice, figures = answers
    result = association(*answers, ARMS, draws=DRAWS, seed=4)
    rows = np.random.default_rng(0).permutation(len(item))
    monkeypatch.setattr(
        resampling, "CELLS_AT_ONCE", 4 * 2 * 7
    )  # two items of four kinds of answers in seven draws
    monkeypatch.setattr(resampling, "DRAWS_AT_ONCE", 7)
    again = association(item[rows], person[rows], choice[rows], figures, ARMS, draws=DRAWS, seed=4)
    assert again.across.interval == pytest.approx(result.across.interval, rel=1e-12)
    assert again.within.interval == pytest.approx(result.within.interval, rel=1e-12)
    assert again.shares == pytest.approx(result.shares, rel=1e-12)


def test_figures_of_the_same_items_share_their_draws_and_come_out_as_each_by_itself(answers, monkeypatch):
    item, person, choice, figures = answers
    other = {number: values[::-1] for number, values in figures.items()}
    few = {number: figures[number] for number in (1, 2, 5)}
    flat = {number: [1.0] * ARMS for number in figures}
    every = [figures, few, other, flat]
    alone = [association(item, person, choice, each, ARMS, draws=DRAWS, seed=4) for each in every]
    drawn, counts = [], resampling._counts

    def noting(rng, size, draws):
        drawn.append(size)
        return counts(rng, size, draws)

    monkeypatch.setattr(resampling, "_counts", noting)
    table = Choices.of(item, person, choice, arms=ARMS)
    together = associations_of(table, every, draws=DRAWS, seed=4)
    for by_itself, same in zip(alone, together, strict=True):
        assert (by_itself.across, by_itself.within) == (same.across, same.within)
        assert by_itself.items.tolist() == same.items.tolist()
        assert by_itself.shares.tolist() == same.shares.tolist()
        assert by_itself.figures.tolist() == same.figures.tolist()
    blocks = -(-DRAWS // resampling.DRAWS_AT_ONCE)
    assert len(drawn) == 2 * 2 * blocks  # people and items, of all items and of the few


def test_answers_about_items_without_a_figure_are_left_out(answers):
    item, person, choice, figures = answers
    few = {number: figures[number] for number in (1, 2, 5)}
    result = association(item, person, choice, few, ARMS, draws=50)
    kept = np.isin(item, [1, 2, 5])
    alone = association(item[kept], person[kept], choice[kept], few, ARMS, draws=50)
    assert result.items.tolist() == [1, 2, 5]
    assert (result.across, result.within) == (alone.across, alone.within)
    assert result.shares[1] == pytest.approx([np.mean(choice[item == 2] == arm) for arm in range(ARMS)])
    assert result.figures.tolist() == [figures[1], figures[2], figures[5]]


def test_an_interval_needs_an_order_in_half_of_the_draws():
    """One item tells the arms apart; it is drawn in three of four draws. Of eight people one prefers: (7/8)⁸ = 34 % lack them."""
    item, person = np.repeat([1, 2], 8), np.tile(np.arange(8), 2)
    figures = {1: [1, 2], 2: [3, 1]}
    most = association(item, person, np.where(item == 1, -1, 0), figures, 2, draws=400)
    assert most.within.interval == (1, 1)
    few = association(item, person, np.where((item == 1) | (person > 0), -1, 0), figures, 2, draws=400)
    assert (few.within.value, few.within.interval, few.within.note) == (1, None, TOO_THIN)


def test_groups_of_a_figure_part_no_equal_values():
    rng = np.random.default_rng(0)
    figures, shares = rng.normal(size=50), rng.random(50)
    groups = groups_by_figure(figures, shares)
    order = np.argsort(figures)
    for number, group in enumerate(groups):
        rows = order[10 * number : 10 * number + 10]
        assert (group.low, group.high, group.pairs) == (figures[rows[0]], figures[rows[-1]], 10)
        assert group.mean_share == pytest.approx(shares[rows].mean())
    assert len(groups) == 5
    few = groups_by_figure([3, 1, 1, 2, 3, 3], [0, 1, 0, 1, 1, 0.5])
    assert [(g.low, g.high, g.pairs, g.mean_share) for g in few] == [
        (1, 1, 2, 0.5),
        (2, 2, 1, 1),
        (3, 3, 3, 0.5),
    ]
    # most of the values are the same: fewer groups, all of each value in one
    lumped = groups_by_figure([0] * 40 + list(range(1, 11)), [0] * 50)
    assert lumped[0].pairs == 40
    assert sum(group.pairs for group in lumped) == 50
    with pytest.raises(AnswersError, match="shares: 1 values for 2 answers"):
        groups_by_figure([1, 2], [1])
