"""Planned looks spend α as the protocol says, and not more."""

import numpy as np
import pytest
from scipy import stats

from studies.analysis.answers import AnswersError
from studies.analysis.sequential import check_reach, least_p, plan_looks


def chance_to_go_on(fractions, bounds):
    """P(no look stops) where nothing differs, from the joint normal distribution of the looks."""
    covariance = np.minimum.outer(fractions, fractions) / np.sqrt(np.outer(fractions, fractions))
    return stats.multivariate_normal(cov=covariance, maxpts=10**6, abseps=1e-7).cdf(
        bounds, lower_limit=[-bound for bound in bounds]
    )


@pytest.mark.parametrize("spending", ["obrien-fleming", "pocock"])
@pytest.mark.parametrize("fractions", [[1.0], [0.5, 1.0], [0.3, 0.45, 1.0], [0.25, 0.5, 0.75, 1.0]])
def test_the_chance_of_a_false_find_is_what_was_to_be_spent(spending, fractions):
    looks = plan_looks(fractions, spending=spending)
    for number in range(1, len(looks) + 1):
        bounds = [look.z for look in looks[:number]]
        stopped = 1 - chance_to_go_on(np.array(fractions[:number]), bounds)
        assert stopped == pytest.approx(looks[number - 1].spent, abs=2e-5)
    assert looks[-1].spent == pytest.approx(0.05, abs=1e-12)


def test_one_look_is_the_usual_test():
    (look,) = plan_looks([1.0])
    assert look.z == pytest.approx(1.959964, abs=1e-6)
    assert look.level == pytest.approx(0.95, abs=1e-9)


def test_four_looks_have_the_published_bounds():
    # Lan & DeMets with O'Brien–Fleming's function at ¼, ½, ¾ and 1, two-sided 5 %
    assert [look.z for look in plan_looks([0.25, 0.5, 0.75, 1.0])] == pytest.approx(
        [4.333, 2.963, 2.359, 2.014], abs=5e-4
    )


def test_looking_early_by_pocock_costs_more_at_the_end():
    early, late = (plan_looks([0.5, 1.0], spending=name) for name in ("pocock", "obrien-fleming"))
    assert early[0].z < late[0].z
    assert early[1].z > late[1].z


@pytest.mark.parametrize(
    "fractions", [[], [0.5], [0.5, 0.5, 1.0], [0.7, 0.3, 1.0], [0.001, 1.0], [-0.5, 1.0]]
)
def test_looks_that_do_not_rise_to_one_are_refused(fractions):
    with pytest.raises(AnswersError, match="looks at"):
        plan_looks(fractions)
    with pytest.raises(AnswersError, match="is usual"):
        plan_looks([1.0], alpha=5)
    with pytest.raises(AnswersError, match="'haybittle' is not one of"):
        plan_looks([1.0], spending="haybittle")


def test_a_look_so_early_that_no_answers_could_show_anything_is_refused():
    with pytest.raises(AnswersError, match="obrien-fleming spends next to nothing"):
        plan_looks([0.05, 1.0])
    assert plan_looks([0.05, 1.0], spending="pocock")[0].z < 4
    with pytest.raises(AnswersError, match="a first look needs at least"):
        plan_looks([0.049, 1.0], spending="pocock")
    for alpha in (0.0, 1.0):
        with pytest.raises(AnswersError, match="is usual"):
            plan_looks([1.0], alpha=alpha)


def test_less_alpha_makes_every_look_stricter():
    usual, strict = plan_looks([0.5, 1.0]), plan_looks([0.5, 1.0], alpha=0.01)
    assert [look.z > other.z for look, other in zip(strict, usual, strict=True)] == [True, True]
    assert strict[-1].spent == pytest.approx(0.01, abs=1e-12)
    assert [look.level for look in usual] == pytest.approx([2 * stats.norm.cdf(look.z) - 1 for look in usual])
    assert [look.fraction for look in usual] == [0.5, 1.0]


def test_a_look_that_could_find_nothing_of_any_size_is_refused_with_the_reason():
    """Three people, 50 answers each: t with two degrees of freedom at √150. O'Brien–Fleming asks for 0.003 at one half."""
    assert least_p(3, 150) == pytest.approx(2 * stats.t.sf(np.sqrt(150), 2))
    assert least_p(1, 50) == 1
    looks = plan_looks([0.5, 1.0])
    with pytest.raises(
        AnswersError,
        match=r"at 0.5 of the answers about 3 of 6 people .* cannot be below 0.0066, .* asks for 0.0031",
    ):
        check_reach(looks, 6, 50)
    check_reach(looks, 15, 67)  # the paper's people
    check_reach(plan_looks([0.5, 1.0], spending="pocock"), 6, 50)
