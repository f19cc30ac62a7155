"""The whole paper in one command: every missing thing named, nothing made twice, printed figures beside ours, said plainly."""

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from explain.evaluation import evaluate
from explain.evaluation.figure4 import at_least
from explain.evaluation.method_comparison import compare
from explain.maps import runs
from explain.maps.batches import run_pending
from explain.models import Evaluation, ExplanationMap
from explain.photos.importer import import_images
from studies.paper import printed, protocols, stages
from studies.paper.inputs import METHODS, Inputs
from studies.paper.printed import METRICS
from studies.paper.readings import Nearness, nearness, verdict
from studies.paper.tables import beside, interval
from studies.paper.zoo import Point, chart
from studies.protocol.schema import check_protocol
from tests.explain.photo_files import make_folder, photo_bytes
from tests.explain.small_network import small_network

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(tmp_path):
    """Five photos with boxes, and two small networks with random weights."""
    names = ["hammer/1.jpg", "hammer/2.jpg", "hammer/3.jpg", "solar_dish/1.jpg", "solar_dish/2.jpg"]
    inbox = make_folder(
        tmp_path / "inbox", {name: photo_bytes(n, (200, 170)) for n, name in enumerate(names)}
    )
    boxes = tmp_path / "boxes.csv"
    boxes.write_text("file,boxes\n" + "".join(f"{name},30 30 150 140\n" for name in names))
    small_network("one")
    small_network("other", layer="blocks.3")
    return import_images(path=inbox, set_name="few", boxes=boxes).image_set


def inputs(**changes) -> Inputs:
    whole = Inputs(
        samples=False, set_name="few", images=None, ground_truth=None, devkit=None, boxes=None, networks=("one", "other"),
        protocols=("paper",), rule="", workers=False, figures=(), to=Path("paper.html"),
    )  # fmt: skip
    return dataclasses.replace(whole, **changes)


def text_of(html: str) -> str:
    return re.sub(
        r"\s+", " ", re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL))
    )


def test_the_whole_command_runs_and_a_second_time_makes_nothing_new(two, tmp_path, settings, capsys):
    """The networks know nothing, so no class has F1 of 0.94: the studies are left out, and the report says why."""
    settings.DATA_DIR = tmp_path / "data"
    to = tmp_path / "paper.html"
    words = ["--set", "few", "--networks", "one,other", "--protocols", "paper,soft", "--to", str(to), "--json"]  # fmt: skip
    call_command("repeat_paper", *words)
    told = json.loads(capsys.readouterr().out)
    assert {name: told[name] for name in ("report", "set", "samples", "simulated")} == {
        "report": str(to), "set": "few", "samples": False, "simulated": False,
    }  # fmt: skip
    assert told["seconds"] >= 0
    assert {study["slug"] for study in told["studies"] if study["left_out"]} == {
        "paper-method-choice-few",
        "paper-reliability-few-one-other",
    }
    html = to.read_text()
    assert not re.search(r"<(script|iframe|link|object)\b", html)
    assert not re.search(r"\b(src|href)=\"(?!#|data:)", html)
    text = text_of(html)
    assert "Not as in the paper: photos 5 (50,000)" in text
    assert "ResNet-50: other weights (one)" in text
    # `one` ends in an average pool and a linear head, where w alone is Grad-CAM
    assert (
        "pixel-ablation-cam/weights is left out of this verdict on one: its maps are those of grad-cam on one ("
        in text
    )
    assert "pixel-ablation-cam/weights without one, where its maps are a baseline’s" in text
    assert "paper-method-choice-few: paper-method-choice-few was not made" in text
    assert "This study was not made." in text
    assert "nan" not in text.lower().split()
    made = Evaluation.objects.count(), ExplanationMap.objects.count()
    assert made == (5 * 6 * 2 * 2, 5 * 6 * 2)
    before = (tmp_path / "data/paper/few/sweep.json").read_text()
    call_command("repeat_paper", *words)
    assert (Evaluation.objects.count(), ExplanationMap.objects.count()) == made
    assert (tmp_path / "data/paper/few/sweep.json").read_text() == before


def test_every_missing_thing_is_named_with_its_remedy(tmp_path):
    flat = make_folder(tmp_path / "val", {"ILSVRC2012_val_00000001.JPEG": photo_bytes(1)})
    with pytest.raises(CommandError) as error:
        call_command(
            "repeat_paper", images=flat, boxes=tmp_path / "boxes", networks="resnet50,vgg16", protocols="hard"
        )
    assert error.value.returncode == 2
    lines = str(error.value).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        f"--boxes {tmp_path / 'boxes'}", "--networks", "--networks", "--protocols",
    ]  # fmt: skip
    assert (
        "add_network vgg16 --load torchvision:vgg16 --weights IMAGENET1K_V1 --layer features.30" in lines[2]
    )
    assert (
        "add_network resnet50 --load torchvision:resnet50 --weights IMAGENET1K_V1 --layer layer4" in lines[1]
    )
    with pytest.raises(CommandError, match="show is not said; give --devkit"):  # fmt: skip
        call_command("repeat_paper", images=flat)
    with pytest.raises(CommandError, match="--images: no photos are given, and there is no set imagenet-val"):
        call_command("repeat_paper")


def test_printed_figures_stand_beside_ours_with_an_interval_over_photos(two, tiny_tables):
    table = tiny_tables[0]
    line = table.lines[0]
    assert [cell.printed for cell in line.cells] == [47.03, 46.85, None, 32.64, None, None]
    rows = Evaluation.objects.filter(network__name="one", method="grad-cam", protocol="paper")
    drops = np.array([100 * max(0, row.confidence - row.confidence_left) / row.confidence for row in rows])
    assert line.cells[0].ours == pytest.approx(drops.mean())
    half = 2.7764451 * drops.std(ddof=1) / np.sqrt(5)  # Student's t of four degrees
    assert line.cells[0].interval == pytest.approx((max(0, drops.mean() - half), drops.mean() + half))


def test_the_interval_of_a_drop_is_students_over_the_photos_with_a_score_above_zero():
    """Drops of 20, 40, 60, 0 and 0 per cent: mean 24, s² = 2,720 / 4; t of four degrees is 2.776."""
    whole, left = [0.5] * 5 + [0.0], [0.4, 0.3, 0.2, 0.5, 0.6, 0.1]
    figures = {"confidence": np.array(whole), "confidence_left": np.array(left)}
    half = 2.7764451 * 680**0.5 / 5**0.5
    assert half > 30
    assert interval(figures, METRICS[0]) == pytest.approx((0, 24 + half))  # no mean of drops is below zero


@pytest.fixture
def tiny_tables(two):
    asked = stages.asked(inputs(), "paper")
    networks = [one.network for one in asked]
    run_pending(runs.plan_run(image_set=two, networks=networks, methods=METHODS), lambda: None)
    evaluate.run_evaluation(evaluate.plan_evaluation(image_set=two, asked=asked), lambda done, total: None)
    return [
        beside(image_set=two, asked=one, stands_for=name)
        for one, name in zip(asked, printed.TABLES, strict=True)
    ]


def test_the_interval_of_an_increase_is_wilson_s():
    figures = {"confidence": np.full(10, 0.5), "confidence_left": np.array([0.6] * 8 + [0.4] * 2)}
    assert interval(figures, METRICS[2]) == pytest.approx((49.02, 94.33), abs=0.01)
    assert interval({name: values[:1] for name, values in figures.items()}, METRICS[2]) is None


def test_a_reading_that_shows_the_printed_order_everywhere_is_said_to(tiny_tables):
    """The printed tables themselves as ours: all sixteen orders hold, and the distance to Grad-CAM is the printed one."""
    as_printed = [_with_printed_figures(one) for one in tiny_tables]
    best, *_ = nearness({"paper": as_printed})
    assert (best.reading, best.orders, best.asked, best.gap) == ("pixel-ablation-cam", 16, 16, pytest.approx(0))  # fmt: skip
    assert verdict([best]).startswith("The printed order comes out: pixel-ablation-cam")


def _with_printed_figures(one):
    parts = {"confidence": {}, "activation": {}}
    for score, figures in parts.items():
        for method in METHODS:
            said = {m.figure: printed.printed(one.stands_for, m, method) or 50.0 for m in METRICS if m.score == score}  # fmt: skip
            figures[method] = dataclasses.replace(getattr(one.table, score)[method], **said)
    return dataclasses.replace(one, table=dataclasses.replace(one.table, **parts))


def test_where_no_reading_shows_it_the_report_says_so():
    rows = [Nearness("pixel-ablation-cam/authors", "soft", 3, 16, 12.3)]
    assert verdict(rows).startswith(
        "The printed order comes out under no reading and no protocol. Of the comparisons"
    )
    assert "pixel-ablation-cam/authors has 3 of 16 under “soft”" in verdict(rows)
    assert "earest" not in verdict(rows)


def test_maps_that_are_the_same_do_not_differ_visibly(two, tiny_tables):
    asked = stages.asked(inputs(), "paper")[0]
    for row in ExplanationMap.objects.filter(network=asked.network, method="grad-cam"):
        other = ExplanationMap.objects.get(image=row.image, network=row.network, method="ablation-cam")
        turned = np.ascontiguousarray(row.array()[::-1])
        ExplanationMap.objects.filter(pk=other.pk).update(values=row.values)
        ExplanationMap.objects.filter(image=row.image, network=row.network, method="pixel-ablation-cam").update(values=turned.tobytes())  # fmt: skip
    found = {(pair.first, pair.second): pair for pair in compare(image_set=two, asked=asked)}
    same = found["grad-cam", "ablation-cam"]
    assert (same.visible, same.difference, same.photos) == (0, 0, 5)
    assert same.correlation == pytest.approx(1)
    turned = found["grad-cam", "pixel-ablation-cam"]
    assert turned.visible > 0
    assert turned.correlation < 1


def test_a_map_leaves_what_is_at_least_a_part_of_its_maximum():
    photo = np.full((1, 4, 3), 9, np.uint8)
    placed = np.array([[0.0, 0.09, 0.1, 1.0]])
    assert at_least(photo, placed, 0.1)[0, :, 0].tolist() == [0, 0, 9, 9]
    assert at_least(photo, np.zeros((1, 4)), 0.1).max() == 0


def test_the_shipped_protocols_are_the_paper_s_and_are_adapted_to_what_is_at_hand():
    folder = Path(__file__).parents[3] / "docs/protocols"
    import tomllib

    shipped = {
        path.stem: check_protocol(tomllib.loads(path.read_text())) for path in folder.glob("paper-*.toml")
    }
    choice, reliability = shipped["paper-method-choice"], shipped["paper-reliability"]
    assert (choice.rule.min_f1, choice.rule.top_classes, choice.rule.per_class) == (0.94, 5, 50)
    assert (reliability.rule.top_share, reliability.rule.only_correct) == (0.01, True)
    for protocol in shipped.values():
        assert (protocol.responses_per_item, protocol.people) == (4, 15)
        assert protocol.questions[0]["eligible"] == ["No"]
    made = protocols.adapted(inputs(samples=True, networks=("a", "b", "c")))
    assert [one.slug for one in made] == [
        "paper-method-choice-few", "paper-reliability-few-a-b", "paper-reliability-few-a-c", "paper-reliability-few-b-c",
    ]  # fmt: skip
    first = check_protocol(made[0].source)
    assert {arm.keys["network"] for arm in first.arms} == {"a"}
    assert not first.rule.ranks
    assert made[0].changes[0] == "a in place of resnet50"


def test_each_extra_of_a_shipped_protocol_is_switched_on_by_one_line():
    folder = Path(__file__).parents[3] / "docs/protocols"
    import tomllib

    text = (folder / "paper-method-choice.toml").read_text()
    for line, check in (
        ("# attention_checks = 4", lambda p: p.attention_checks == 4),
        ("# repeats_per_participant = 6", lambda p: p.repeats_per_participant == 6),
        ('# { network = "resnet50", method = "random"', lambda p: [arm.name for arm in p.arms][-1] == "placebo"),
    ):  # fmt: skip
        assert text.count(line) == 1
        assert check(check_protocol(tomllib.loads(text.replace(line, line[2:]))))


def test_the_zoo_places_networks_by_accuracy_and_reliability():
    points = [Point("worse", 0.5, 0.5, -1.0, 2), Point("better", 0.9, 0.9, 1.0, 2), Point("unrated", 0.7, 0.7, None, 0)]  # fmt: skip
    places = {
        float(y): float(x) for x, y in re.findall(r'<circle class="bar-\d" cx="([\d.]+)%" cy="([\d.]+)"', chart(points))
    }  # fmt: skip
    assert sorted(places) == [75, 205]
    assert places[75] > places[205]
    assert chart([points[2]]) == ""
