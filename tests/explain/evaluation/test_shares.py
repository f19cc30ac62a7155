"""The paper's tables at several shares of the photo kept: from rows of their own, with intervals, as JSON and as a plot."""

import json
import math
from xml.etree import ElementTree

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from scipy.stats import binomtest, t

from explain import tasks
from explain.core.errors import BadInputError
from explain.evaluation import evaluate
from explain.evaluation.intervals import TABLE_FIGURES, estimate, mean
from explain.evaluation.protocols import PROTOCOLS, at_share, evaluation_hash, find_protocol
from explain.evaluation.share_plot import as_svg
from explain.evaluation.shares import share_table, shares_as_text
from explain.evaluation.tables import table_of
from explain.maps import runs
from explain.maps.batches import run_pending
from explain.models import Evaluation

METHODS = ["grad-cam", "ablation-cam"]
WORDS = ["evaluate", "photos", "--networks=tiny", f"--methods={','.join(METHODS)}"]


@pytest.fixture
def maps(photos, tiny):
    """Five photos with a map of each of two methods."""
    run_pending(runs.plan_run(image_set=photos, networks=[tiny], methods=METHODS), lambda: None)
    return photos


def ask(network, protocol):
    return evaluate.ask_for_evaluation(networks=[network], methods=METHODS, protocol=protocol, target="label")


def table_at(maps, tiny, *protocols):
    return share_table(image_set=maps, asked=[ask(tiny, protocol)[0] for protocol in protocols])


def test_each_share_is_the_table_of_a_protocol_of_its_own(maps, tiny, capfd):
    call_command(*WORDS, "--share=0.5,0.1,0.2", "--json")
    told = json.loads(capfd.readouterr().out)
    assert [protocol["name"] for protocol in told["protocols"]] == ["paper/0.1", "paper", "paper/0.5"]
    assert set(Evaluation.objects.values_list("protocol", flat=True)) == {"paper/0.1", "paper", "paper/0.5"}
    (by_network,) = told["tables"]
    assert (by_network["shares"], by_network["photos"], by_network["missing"]) == ([0.1, 0.2, 0.5], 5, 0)
    tables = {0.1: "paper/0.1", 0.2: "paper", 0.5: "paper/0.5"}
    told_points = {
        (p["share"], p["method"], p["score"], p["figure"]): p["value"] for p in by_network["points"]
    }
    for share, name in tables.items():
        evaluated = table_of(image_set=maps, asked=ask(tiny, name)[0])
        for score in ("confidence", "activation"):
            for method, figures in getattr(evaluated, score).items():
                for figure in ("average_drop", "increase"):
                    point = told_points.pop((share, method, score, figure))
                    assert point == pytest.approx(getattr(figures, figure))
    assert not told_points


def test_a_second_run_computes_nothing_and_says_the_same(maps, tiny, capfd, monkeypatch):
    call_command(*WORDS)
    capfd.readouterr()
    of_the_paper = list(Evaluation.objects.order_by("pk").values())
    call_command(*WORDS, "--share=0.1,0.2")
    first = capfd.readouterr().out
    rows = list(Evaluation.objects.order_by("pk").values())
    assert rows[: len(of_the_paper)] == of_the_paper
    assert len(rows) == 2 * len(of_the_paper)
    monkeypatch.setattr(evaluate, "load_network", None)
    call_command(*WORDS, "--share", " 0.2, .10,0.1 ")
    assert capfd.readouterr().out == first
    assert list(Evaluation.objects.order_by("pk").values()) == rows


def test_a_worker_finds_the_protocol_of_a_share_by_its_name(maps, tiny):
    (todo,) = evaluate.plan_evaluation(image_set=maps, asked=ask(tiny, "paper/0.1"))
    tasks.evaluate_photos(**json.loads(json.dumps(vars(todo))))
    assert Evaluation.objects.filter(protocol="paper/0.1").count() == 5 * len(METHODS)
    assert evaluate.plan_evaluation(image_set=maps, asked=ask(tiny, "paper/0.1")) == []


def test_the_table_has_a_block_for_each_figure_and_a_row_for_each_share(maps, tiny, capfd):
    call_command(*WORDS, "--share=0.1,0.225")
    lines = capfd.readouterr().out.splitlines()
    assert lines[0] == "tiny (layer bn2) on photos, N = 5; explained: the photo's label"
    assert lines[2] == (
        "Protocol paper/0.225. Mask: exactly the top 22.5 % of the upsampled map, by stable sort. Fill: black."
    )
    evaluated = table_at(maps, tiny, "paper/0.1", "paper/0.225")
    block = lines[lines.index(TABLE_FIGURES[0][2]) :]
    assert block[1].split() == ["kept", *METHODS]
    expected = [str(evaluated.at(0.1, method, "confidence", "average_drop")) for method in METHODS]
    assert block[2].split(maxsplit=2)[:2] == ["10", "%"]
    assert [part.strip() for part in block[2].split("%", 1)[1].split("]")][:2] == [
        cell.removesuffix("]") for cell in expected
    ]
    assert [line for line in lines if line.startswith(("Average", "% increase"))] == [
        words for *_, words in TABLE_FIGURES
    ]


def test_intervals_are_students_and_wilsons():
    drops = np.array([80.0, 20.0, 50.0, 0.0])
    whole = np.array([0.5, 0.5, 0.5, 0.5, -1.0])
    left = np.array([0.1, 0.4, 0.25, 0.6, 0.3])
    figure = estimate("activation", "average_drop", whole, left)
    half = t.ppf(0.975, 3) * drops.std(ddof=1) / 2
    assert (figure.value, figure.photos) == (pytest.approx(37.5), 4)
    assert figure.interval == pytest.approx((max(0, 37.5 - half), 37.5 + half), rel=1e-6)
    assert estimate("confidence", "average_drop", whole, left).interval[1] <= 100
    rise = estimate("confidence", "increase", whole, left)
    wilson = binomtest(1, 4).proportion_ci(0.95, "wilson")
    assert (rise.value, rise.interval) == (25, pytest.approx((100 * wilson.low, 100 * wilson.high)))
    assert mean(np.array([3.0])).interval is None
    assert estimate("activation", "increase", -whole[:4], left[:4]) is None
    for count in (2, 3, 10, 49, 1000):
        values = np.random.default_rng(count).random(count)
        low, high = mean(values).interval
        assert (high - low) / 2 == pytest.approx(t.ppf(0.975, count - 1) * values.std(ddof=1) / math.sqrt(count), rel=1e-6)  # fmt: skip


def test_all_shares_are_over_the_same_photos(maps, tiny):
    call_command(*WORDS, "--share=0.1,0.2", "--json")
    gone = maps.images.order_by("pk").first()
    Evaluation.objects.filter(protocol="paper/0.1", image=gone, method="grad-cam").delete()
    evaluated = table_at(maps, tiny, "paper/0.1", "paper")
    assert (evaluated.photos, evaluated.missing) == (4, 1)
    assert {point.estimate.photos for point in evaluated.points if point.score == "confidence"} == {4}
    text = shares_as_text(evaluated, "photos", [PROTOCOLS["paper"]], "label")
    assert text.splitlines()[-1] == "1 photos lack a row at some share, and are left out."


def test_photos_without_a_drop_are_counted(maps, tiny):
    call_command(*WORDS, "--share=0.1", "--json")
    first = maps.images.order_by("pk").first()
    Evaluation.objects.exclude(image=first).update(activation=-1.0)
    Evaluation.objects.filter(image=first).update(activation=1.0)
    text = shares_as_text(table_at(maps, tiny, "paper/0.1"), "photos", [PROTOCOLS["paper"]], "label")
    assert "4 of 5 photos have no activation above 0, and are left out of its rows." in text
    Evaluation.objects.update(activation=-1.0)
    evaluated = table_at(maps, tiny, "paper/0.1")
    assert evaluated.at(0.1, "grad-cam", "activation", "average_drop") is None
    assert "5 of 5 photos have no activation above 0" in shares_as_text(evaluated, "photos", [PROTOCOLS["paper"]], "label")  # fmt: skip
    assert "No photo has a score above 0." in as_svg([evaluated], PROTOCOLS["paper"], "photos")


def test_the_plot_shows_every_figure_with_its_interval(maps, tiny, tmp_path, capfd):
    path = tmp_path / "shares.svg"
    call_command(*WORDS, "--share=0.1,0.2,0.5", "--plot", str(path))
    assert capfd.readouterr().out.splitlines()[-1] == f"Drawn into {path}."
    root = ElementTree.parse(path).getroot()
    svg = "{http://www.w3.org/2000/svg}"
    evaluated = table_at(maps, tiny, "paper/0.1", "paper", "paper/0.5")
    whiskers = [path for path in root.iter(f"{svg}path") if path.get("stroke-width") == "1.3"]
    assert len(whiskers) == len(evaluated.points) > 12
    words = " ".join(element.text or "" for element in root.iter(f"{svg}text"))
    for part in (*METHODS, "tiny (layer bn2) on photos, N = 5", *(words for *_, words in TABLE_FIGURES)):
        assert part in words
    # Along the first panel's axis, places rise with values: read the figures back from two of its numbers.
    panel = next(g for g in root.iter(f"{svg}g") if (g.find(f"{svg}text") is not None) and g.find(f"{svg}text").text == TABLE_FIGURES[0][2])  # fmt: skip
    numbers = [e for e in panel.iter(f"{svg}text") if e.get("text-anchor") == "end"]
    at = {float(e.text): float(e.get("y")) - 4 for e in numbers}
    low, high = min(at), max(at)
    line = panel.find(f"{svg}polyline").get("points").split()
    drawn = [low + (at[low] - float(p.split(",")[1])) / (at[low] - at[high]) * (high - low) for p in line]
    real = [evaluated.at(share, "grad-cam", "confidence", "average_drop").value for share in (0.1, 0.2, 0.5)]
    assert drawn == pytest.approx(real, abs=0.1)


def test_a_share_has_a_name_that_finds_its_protocol():
    paper = PROTOCOLS["paper"]
    assert at_share(paper, "0.2") is paper is find_protocol("paper/0.20")
    tenth = find_protocol("paper/0.1")
    assert (tenth.name, tenth.share, tenth.mask) == ("paper/0.1", 0.1, "top")
    assert at_share(tenth, "0.3") == find_protocol("paper/0.3")
    assert at_share(tenth, "0.2") is paper
    assert evaluation_hash("map", tenth, []) != evaluation_hash("map", paper, [])
    assert at_share(PROTOCOLS["authors"], "0.79").mask_in_words.endswith("zero below its 21st percentile")
    assert at_share(PROTOCOLS["authors-code"], "0.88").mask_in_words.count("12th percentile") == 1
    assert len(at_share(PROTOCOLS["authors-code"], "0.125").name) <= 40


@pytest.mark.parametrize(
    ("protocol", "share", "complaint"),
    [
        ("paper", "0", "--share 0: give parts of the photo from 0.001 to 1"),
        ("paper", "1.5", "--share 1.5: give parts"),
        ("paper", "20%", "--share 20%: give parts"),
        ("paper", "nan", "--share nan: give parts"),
        ("paper", "0.12345", "at most three digits after the point"),
        ("soft", "0.1", "the protocol soft keeps no share of the photo; choose from paper, paper-mean, paper-blur, authors, authors-code"),
        ("curves", "0.1", "the protocol curves keeps no share"),
    ],
)  # fmt: skip
def test_a_share_that_cannot_be_is_refused(protocol, share, complaint):
    with pytest.raises(BadInputError) as caught:
        at_share(PROTOCOLS[protocol], share)
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"share": ","}, "--share: name at least one part of the photo"),
        ({"share": "2"}, "--share 2: give parts of the photo"),
        ({"plot": "x.svg"}, "--plot draws the figures of --share"),
        ({"share": "0.1", "plot": "x.png"}, "--plot x.png: the plot is an SVG file"),
        ({"share": "0.1", "plot": "not/there/x.svg"}, "--plot not/there/x.svg: there is no folder"),
    ],
)
def test_what_does_not_go_together_is_said_before_anything_is_computed(maps, tiny, options, complaint):
    words = [f"--{name}={value}" for name, value in options.items()]
    with pytest.raises(CommandError) as caught:
        call_command(*WORDS, *words)
    assert complaint in str(caught.value)
    assert caught.value.returncode == 2
    assert not Evaluation.objects.exists()


def test_maps_that_are_missing_are_named_once_for_all_shares(photos, tiny):
    with pytest.raises(CommandError) as caught:
        call_command(*WORDS, "--share=0.1,0.2,0.3")
    assert str(caught.value).splitlines() == [
        "5 of 5 photos have no map of grad-cam by tiny.",
        "5 of 5 photos have no map of ablation-cam by tiny.",
        "First run: manage.py precompute photos --networks tiny --methods grad-cam,ablation-cam",
    ]


def test_the_rows_behind_all_shares_go_into_one_file(maps, tiny, tmp_path):
    path = tmp_path / "rows.csv"
    call_command(*WORDS, "--share=0.1,0.2", "--rows", str(path))
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + 2 * 5 * len(METHODS)
    assert sum(",paper/0.1," in line for line in lines) == 5 * len(METHODS)
