"""Bradley–Terry–Davidson equals a direct likelihood fit, and says when there is nothing to estimate."""

from itertools import permutations

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize

from studies.analysis.answers import AnswersError
from studies.analysis.ranking import rank_arms, rank_arms_of
from studies.analysis.table import Choices


def trials(seed, n=600, arms=3, at_once=None, tie=-1.0):
    """Orders and choices from known strengths; `at_once` arms to a trial, the rest not shown."""
    rng = np.random.default_rng(seed)
    every = np.array(list(permutations(range(arms), at_once or arms)))
    orders = every[rng.integers(len(every), size=n)]
    worth, pull = np.linspace(0.6, -0.6, arms), np.linspace(0, 0.4, orders.shape[1])
    utility = np.column_stack([worth[orders] + pull, tie + worth[orders].mean(axis=1)])
    picked = np.argmax(utility + rng.gumbel(size=utility.shape), axis=1)
    inside = np.minimum(picked, orders.shape[1] - 1)
    return orders, np.where(picked == orders.shape[1], -1, orders[np.arange(n), inside])


def direct_fit(orders, choices, position):
    """Minimise −log likelihood answer by answer, as the formula is printed; no shared code."""
    arms, m = orders.max() + 1, orders.shape[1]

    def loss(parameters):
        pi = np.exp(np.append(0, parameters[: arms - 1]))
        gamma = np.exp(np.append(0, parameters[arms - 1 : arms + m - 2])) if position else np.ones(m)
        nu = np.exp(parameters[-1])
        total = 0.0
        for shown, choice in zip(orders, choices, strict=True):
            places = [(j, a) for j, a in enumerate(shown) if a >= 0]
            same = nu * np.prod([pi[a] for _, a in places]) ** (1 / len(places))
            win = {a: pi[a] * gamma[j] for j, a in places}
            total -= np.log((same if choice == -1 else win[choice]) / (sum(win.values()) + same))
        return total

    size = arms + (m - 1 if position else 0)
    fit = minimize(loss, np.zeros(size), method="BFGS", jac="3-point", options={"gtol": 1e-7})
    log_worth = np.append(0, fit.x[: arms - 1])
    gamma = np.exp(np.append(0, fit.x[arms - 1 : arms + m - 2])) if position else None
    return log_worth - log_worth.mean(), np.exp(fit.x[-1]), gamma, -fit.fun


@pytest.mark.parametrize(
    ("arms", "at_once", "position"), [(2, 2, False), (3, 3, True), (4, 2, True), (4, 3, False)]
)
def test_it_equals_a_direct_likelihood_fit(arms, at_once, position):
    orders, choices = trials(arms, n=200, arms=arms, at_once=at_once)
    ranking = rank_arms(orders, choices, position=position)
    log_worth, nu, gamma, likelihood = direct_fit(orders, choices, position)
    assert ranking.estimate.log_worth == pytest.approx(log_worth, abs=1e-6)
    assert ranking.estimate.tie == pytest.approx(nu, abs=1e-6)
    assert ranking.log_likelihood == pytest.approx(likelihood, abs=1e-8)
    assert ranking.estimate.worth.sum() == pytest.approx(1)
    if position:
        assert ranking.estimate.position == pytest.approx(gamma, abs=1e-6)
    else:
        assert ranking.estimate.position is None


def test_trials_may_show_different_numbers_of_arms():
    threes, picks = trials(1, n=120, arms=3)
    twos, more = trials(2, n=120, arms=3, at_once=2)
    padded = np.vstack([threes, np.column_stack([twos, np.full(120, -1)])])
    choices = np.concatenate([picks, more])
    ranking = rank_arms(padded, choices)
    log_worth, _, gamma, _ = direct_fit(padded, choices, position=True)
    assert ranking.estimate.log_worth == pytest.approx(log_worth, abs=1e-6)
    assert ranking.estimate.position == pytest.approx(gamma, abs=1e-6)


def test_two_arms_give_davidsons_closed_form():
    # 6 wins to 2 and 4 ties: π_a/π_b = 3, and ν·√3/(3 + 1) = 4/8
    orders = np.array([[0, 1], [1, 0]] * 6)
    ranking = rank_arms(orders, [0] * 6 + [1] * 2 + [-1] * 4, position=False)
    assert ranking.estimate.worth == pytest.approx([3 / 4, 1 / 4])
    assert ranking.estimate.tie == pytest.approx(2 / np.sqrt(3))


def test_it_finds_the_strengths_that_made_the_answers_and_its_intervals_hold_them():
    orders, choices = trials(5, n=6000)
    people = np.arange(6000) % 60
    ranking = rank_arms(orders, choices, np.arange(6000) // 20, people)
    assert ranking.estimate.log_worth == pytest.approx([0.6, 0, -0.6], abs=0.1)
    for part in ("worth", "log_worth", "tie", "position"):
        ends, value = getattr(ranking.intervals, part), getattr(ranking.estimate, part)
        assert (ends[..., 0] <= value).all()
        assert (value <= ends[..., 1]).all()
    assert ranking.intervals.position[0].tolist() == [1, 1]
    assert ranking.intervals.position[2, 0] > 1  # the last position was made to pull


def test_an_interval_is_as_wide_as_leaving_out_one_after_the_other_says():
    """The jackknife over people, items and answers, with a fit each: it shares no formula with the interval."""
    orders, choices = trials(9, n=480)
    rng = np.random.default_rng(9)
    people, items = rng.integers(12, size=480), rng.integers(40, size=480)
    whole = rank_arms(orders, choices).estimate

    def numbers(of):
        return np.concatenate([of.log_worth, np.log(of.position[1:]), [np.log(of.tie)]])

    def left_out(unit):
        units = np.unique(unit)
        fits = (rank_arms(orders[unit != left], choices[unit != left]).estimate for left in units)
        return (1 - 1 / len(units)) * sum((numbers(fit) - numbers(whole)) ** 2 for fit in fits)

    of_people, of_items, of_answers = map(left_out, (people, items, np.arange(480)))
    variance = np.max([of_people, of_items, of_people + of_items - of_answers], axis=0)
    intervals = rank_arms(orders, choices, items, people, draws=20_000).intervals
    wide = stats.t.ppf(0.975, 11) * np.sqrt(variance)
    half = np.concatenate(
        [intervals.log_worth, np.log(intervals.position[1:]), np.log(intervals.tie)[None]]
    ) @ [
        -0.5,
        0.5,
    ]
    assert half == pytest.approx(wide, rel=0.12)


def test_worths_stay_between_0_and_1_however_rough_the_interval():
    orders = np.array([[0, 1], [1, 0]] * 6)
    ranking = rank_arms(orders, [0] * 10 + [1, -1], np.arange(12) % 4, np.arange(12) % 3, position=False)
    assert ranking.intervals.worth.min() > 0
    assert ranking.intervals.worth.max() < 1
    assert ranking.intervals.tie[0] > 0


def test_without_ties_the_weight_of_same_is_zero():
    orders, choices = trials(10, n=300, tie=-50)
    ranking = rank_arms(orders, choices, np.arange(300) // 10, np.arange(300) % 20)
    assert ranking.estimate.tie == 0
    assert ranking.intervals.tie.tolist() == [0, 0]
    assert ranking.intervals.position.shape == (3, 2)


def test_other_numbers_for_the_arms_only_move_the_worths_and_rows_may_come_in_any_order():
    orders, choices = trials(6)
    new = np.array([2, 0, 1, -1])
    rows = np.random.default_rng(0).permutation(len(choices))
    ranking, moved = rank_arms(orders, choices), rank_arms(new[orders][rows], new[choices][rows])
    assert moved.estimate.worth[new[:3]] == pytest.approx(ranking.estimate.worth, abs=1e-9)
    assert moved.estimate.position == pytest.approx(ranking.estimate.position, abs=1e-9)


def test_the_same_seed_gives_the_same_interval():
    orders, choices = trials(7, n=200)
    items, people = np.arange(200) // 4, np.arange(200) % 7
    first, again = (rank_arms(orders, choices, items, people, draws=100, seed=3) for _ in range(2))
    assert first.intervals.worth.tolist() == again.intervals.worth.tolist()
    assert "7 participants" in first.note


@pytest.mark.parametrize(
    ("orders", "choices", "position", "sentence"),
    [
        ([[0, 1], [1, 0]] * 5, [0] * 10, False, "won or lost every time"),
        ([[0, 1]] * 10, [0, 1] * 5, True, "leave the position term out"),
        ([[0, 1], [1, 0], [2, 3], [3, 2]] * 4, [0, 1, 2, 3, 1, 0, 3, 2] * 2, False, "never shown beside"),
        ([[0, 1], [1, 0]] * 5, [-1] * 10, False, "won or lost every time"),
    ],
)
def test_where_there_is_no_estimate_a_sentence_says_why(orders, choices, position, sentence):
    ranking = rank_arms(orders, choices, position=position)
    assert ranking.estimate is None
    assert sentence in ranking.note


def test_one_arm_and_one_participant_are_explained():
    assert "only one arm" in rank_arms([[0]] * 4, [0] * 4).note
    orders, choices = trials(8, n=60)
    ranking = rank_arms(orders, choices, np.arange(60), np.zeros(60, int))
    assert ranking.intervals is None
    assert "only one participant" in ranking.note
    assert ranking.estimate is not None


def test_a_bad_trial_is_named():
    with pytest.raises(AnswersError, match="row 1 is arm 2, which that trial did not show"):
        rank_arms([[0, 2], [0, 1]], [0, 2])
    with pytest.raises(AnswersError, match="same arm twice"):
        rank_arms([[1, 1]], [1])
    with pytest.raises(AnswersError, match="one row of arm indices"):
        rank_arms([0, 1], [0, 1])
    with pytest.raises(AnswersError, match="no answers yet"):
        rank_arms([], [])


def test_places_that_no_trial_has_change_nothing():
    orders, choices = trials(4, arms=4, at_once=2)
    padded = np.hstack([orders, np.full((len(orders), 2), -1)])
    ranking, padded_ranking = (rank_arms(shown, choices) for shown in (orders, padded))
    assert ranking.estimate is not None
    assert padded_ranking.estimate.worth.tolist() == ranking.estimate.worth.tolist()
    assert padded_ranking.estimate.position.tolist() == ranking.estimate.position.tolist()


def test_an_arm_that_no_trial_has_shown_is_not_left_out_without_a_word():
    orders, choices = trials(5, arms=3, at_once=2)
    table = Choices.of(range(len(orders)), choices % 5, choices, orders=orders, arms=4)
    assert "never shown beside the others" in rank_arms_of(table).note
