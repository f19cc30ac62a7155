"""What a reading does to the order of the methods is said with its chance, and a reading that is a baseline has no say."""

import numpy as np
import pytest

from explain.cam.metrics.faithfulness import faithfulness
from explain.evaluation import EvaluationTable, Pair
from studies.paper import printed
from studies.paper.photo_bootstrap import drawn_figures, interval_of
from studies.paper.printed import METRICS
from studies.paper.readings import (
    Identity,
    baselines_only,
    identities,
    nearness,
    printed_distance,
    verdict,
)
from studies.paper.tables import Beside, wins_of

SIGNED, AUTHORS, WEIGHTS = "pixel-ablation-cam", "pixel-ablation-cam/authors", "pixel-ablation-cam/weights"
PHOTOS = 60


def table(network: str, left: dict[str, np.ndarray], stands_for: str = "ResNet-50") -> Beside:
    """A table of photos whose every score is 0.8, and `left` of each under each method's map."""
    whole = np.full(PHOTOS, 0.8)
    columns = {
        method: {
            "confidence": whole,
            "activation": whole,
            "confidence_left": values,
            "activation_left": values,
        }
        for method, values in left.items()
    }
    parts = {
        score: faithfulness(whole, left, confidence=score == "confidence")
        for score in ("confidence", "activation")
    }
    made = EvaluationTable(network, "layer4", tuple(left), PHOTOS, 0, **parts, localisation={}, curves={})
    return Beside(made, stands_for, (), columns, wins_of(columns))


def scores(level: float, seed: int) -> np.ndarray:
    return np.clip(np.random.default_rng(seed).normal(level, 0.1, PHOTOS), 0.01, 0.79)


@pytest.fixture
def left():
    grad = scores(0.4, 1)
    return {
        "grad-cam": grad, "ablation-cam": scores(0.42, 2),
        SIGNED: scores(0.2, 3), AUTHORS: scores(0.21, 4), WEIGHTS: grad.copy(),
    }  # fmt: skip


def alike(correlation: float | None = 1.0, visible: float = 0.0) -> dict[str, list[Pair]]:
    return {"net": [Pair("grad-cam", WEIGHTS, visible, correlation, 0.0, PHOTOS)]}


def test_a_reading_whose_maps_are_grad_cams_is_found_by_measurement(left):
    tables = [table("net", left)]
    assert identities(alike(), tables) == [Identity(WEIGHTS, "grad-cam", "net", 1.0, PHOTOS, PHOTOS)]
    assert identities(alike(correlation=0.998), tables) == []
    assert identities(alike(correlation=None), tables) == []
    assert identities(alike(visible=0.02), tables) == []
    left[WEIGHTS] = left[WEIGHTS] + 0.01
    assert identities(alike(), [table("net", left)]) == []  # maps alike to the eye leave other scores


def test_such_a_reading_is_left_out_of_the_verdict_with_the_reason(left):
    """It comes first by its orders; its distance is the printed one between two rows of the paper's own."""
    tables = [table("net", left)]
    rows = nearness({"paper": tables})
    zero = next(row for row in rows if row.reading == WEIGHTS)
    assert rows[0] is zero
    assert printed_distance() == pytest.approx(11.02)
    assert f"at best: {WEIGHTS} has " in verdict(rows)
    told = verdict(rows, identities(alike(), tables))
    assert told.startswith("The printed order comes out under no reading and no protocol. Of the comparisons")
    assert f"{WEIGHTS} has " not in told
    assert f"{AUTHORS} has " in told
    assert told.endswith(
        f"{WEIGHTS} is left out of this verdict: its maps are those of grad-cam on net (median correlation 1.000, the same "
        "confidence left on 60 of 60 photos), so it is as far from the printed distance to Grad-CAM (11.0 points) as the "
        "printed rows are from each other, whatever the photos."
    )


def test_a_reading_that_is_a_baseline_on_one_network_is_left_out_on_that_one_alone(left):
    """On the other network it is a reading like any other, and has its say."""
    other = left | {WEIGHTS: scores(0.7, 5)}  # better than both there, in drops
    tables = [table("net", left), table("other", other, "VGG-16")]
    same = identities(alike(), tables)
    assert [identity.network for identity in same] == ["net"]
    rows = nearness({"paper": tables}, same)
    row = next(row for row in rows if row.reading == WEIGHTS)
    alone = nearness({"paper": tables[1:]})
    assert (row.orders, row.asked, row.gap) == next(
        (one.orders, one.asked, one.gap) for one in alone if one.reading == WEIGHTS
    )
    assert (row.asked, row.without) == (8, ("net",))
    assert next(row for row in rows if row.reading == SIGNED).asked == 16
    assert baselines_only(rows, same) == set()
    told = verdict(rows, same)
    assert f"{WEIGHTS} has 4 of 8" in told
    assert f"{WEIGHTS} is left out of this verdict on net: its maps are those of grad-cam on net (" in told
    both = alike() | {"other": alike()["net"]}
    same = identities(both, [tables[0], table("other", left, "VGG-16")])
    rows = nearness({"paper": [tables[0], table("other", left, "VGG-16")]}, same)
    assert baselines_only(rows, same) == {WEIGHTS}
    assert f"{WEIGHTS} has " not in verdict(rows, same)


def test_each_comparison_says_whether_it_is_beyond_the_chance_of_the_photos(left):
    rows = {row.reading: row for row in nearness({"paper": [table("net", left)]})}
    # twenty points of confidence worse than both baselines, in both drops; nothing ever increases
    assert (rows[SIGNED].orders, rows[SIGNED].asked) == (0, 8)
    assert (rows[SIGNED].sure, rows[SIGNED].against) == (0, 4)
    low, high = rows[SIGNED].gap_interval
    assert low < rows[SIGNED].gap < high
    assert 0 < high - low < 10
    assert rows[SIGNED].away_interval[0] < rows[SIGNED].away < rows[SIGNED].away_interval[1]
    better = {**left, SIGNED: scores(0.7, 3)}
    best = {row.reading: row for row in nearness({"paper": [table("net", better)]})}[SIGNED]
    assert (best.orders, best.sure, best.against) == (4, 4, 0)


def test_the_draws_give_the_interval_of_a_paired_mean(left):
    """Of drops, against the normal interval of the paired differences; and the same again for the same rows."""
    columns = table("net", left).columns
    (figures,) = drawn_figures([columns])
    drops = {name: 100 * (0.8 - values) / 0.8 for name, values in left.items()}
    paired = drops[SIGNED] - drops["grad-cam"]
    half = 1.96 * paired.std(ddof=1) / np.sqrt(PHOTOS)
    low, high = interval_of(figures[SIGNED, METRICS[0]] - figures["grad-cam", METRICS[0]])
    assert (low, high) == pytest.approx((paired.mean() - half, paired.mean() + half), abs=0.15 * half)
    again = drawn_figures([columns])[0]
    assert (again[SIGNED, METRICS[0]] == figures[SIGNED, METRICS[0]]).all()
    assert interval_of(figures[WEIGHTS, METRICS[0]] - figures["grad-cam", METRICS[0]]) == (0, 0)


def test_photos_without_a_score_above_zero_are_left_out_of_the_draws(left):
    columns = {name: dict(values) for name, values in table("net", left).columns.items()}
    for values in columns.values():
        values["activation"] = np.where(np.arange(PHOTOS) < 30, values["activation"], -1.0)
    (figures,) = drawn_figures([columns])
    drops = 100 * (0.8 - left["grad-cam"][:30]) / 0.8
    assert figures["grad-cam", METRICS[1]].mean() == pytest.approx(drops.mean(), abs=0.3)
    few = {name: {key: value[:1] for key, value in values.items()} for name, values in columns.items()}
    assert drawn_figures([few]) == [{}]


def test_wins_are_shared_among_the_papers_three_and_others_take_the_place_of_one(left):
    """A reading that always wins takes nothing away from the three."""
    left["ablation-cam++"] = np.full(PHOTOS, 0.79)
    made = table("net", left)
    three = np.stack([left[name] for name in printed.METHODS])
    first = 100 * np.bincount(three.argmax(axis=0), minlength=3) / PHOTOS
    for place, name in enumerate(printed.METHODS):
        assert made.wins[name] == pytest.approx((first[place], first[place]))
    assert made.wins["ablation-cam++"] == (100, 100)  # in the place of Ablation-CAM
    ties = (left["grad-cam"] > left["ablation-cam"]).mean()
    assert made.wins[WEIGHTS][0] == pytest.approx(
        100 * ties / 2
    )  # Grad-CAM again: every win is shared with it
    rows = made.by_method
    assert [row["method"] for row in rows[:3]] == [name for name in left if name in printed.METHODS]
    assert [row["in_place_of"] for row in rows[3:]] == [SIGNED, SIGNED, "ablation-cam"]
    assert wins_of({name: made.columns[name] for name in (SIGNED, "grad-cam")}) == {}
