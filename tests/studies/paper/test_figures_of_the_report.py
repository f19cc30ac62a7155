"""Every figure of the report is made again, to the byte, by the command that is printed under it; times say what they are worth."""

import html as html_module
import re
import shlex
from pathlib import Path

import pytest
from django.core.management import call_command
from django.template.loader import render_to_string

from explain.models import Image
from studies.paper import stages
from studies.paper.costs import timed
from studies.paper.protocols import METHOD_CHOICE, Adapted
from studies.paper.report import _study_part, paper_report
from studies.paper.zoo import Point, chart
from tests.factories import make_study
from tests.studies.filled import fill

from .test_repeat_paper import inputs, text_of, tiny_tables, two  # noqa: F401

pytestmark = pytest.mark.django_db
SHOWN = re.compile(
    r'<figure class="of-paper">(<svg.*?</svg>\n?)\s*<pre><code>(.*?)</code></pre></figure>', re.DOTALL
)
QUIET = {"cpu": "A processor", "processors": 2, "threads": 2, "load": 1.5}


def cost(layer, cells, general, on=QUIET, **more):
    row = {
        "layer": layer, "channels": 8, "cells": cells, "form": "general", "closed": None, "general": general,
        "measured": min(cells, 32), "rest": 1.0, "whole": 2.0, "each": general / cells, "on": on,
    }  # fmt: skip
    return row | more


def test_each_figure_is_made_again_by_the_command_under_it(two, tiny_tables, tmp_path):  # noqa: F811
    several = two.images.order_by("pk").last()
    Image.objects.filter(pk=several.pk).update(boxes=[[40, 40, 80, 80], [90, 90, 140, 140]])
    html = paper_report(inputs(), [], {}, {})
    figures = SHOWN.findall(html)
    assert [re.search(r"paper_figure (\S+)", command)[1] for _, command in figures] == [
        "1", "2", "3", "4", "4", "5", "layers",
    ]  # fmt: skip
    assert "This figure was not made" not in html
    for number, (svg, command) in enumerate(figures):
        words = shlex.split(html_module.unescape(command))
        assert words[:3] == ["python", "manage.py", "paper_figure"]
        to = tmp_path / f"{number}.svg"
        assert words[-2] == "--to"
        call_command("paper_figure", *words[3:-1], str(to), stdout=open("/dev/null", "w"))  # noqa: SIM115
        assert to.read_text() == svg, command
    assert several.original_name in figures[2][1]


def test_what_the_report_leaves_to_a_command_is_what_that_command_takes(two, tiny_tables, tmp_path):  # noqa: F811
    """Section 4.1.1 and the steps to the authors' code: each as a command that runs as it is printed."""
    html = paper_report(inputs(protocols=("paper", "authors-code")), [], {}, {})
    assert "Figure 1 is a drawing there, of no network" in text_of(html)
    printed = [html_module.unescape(line) for line in re.findall(r"python manage.py evaluate [^<\n]*", html)]
    (shares,) = [line for line in printed if "--share" in line]
    (steps,) = [line for line in printed if "--steps" in line]
    for line in (shares.replace("shares.svg", str(tmp_path / "shares.svg")), steps):
        call_command(*shlex.split(line)[2:], stdout=open("/dev/null", "w"))  # noqa: SIM115
    assert (tmp_path / "shares.svg").read_text().startswith("<svg")
    assert "--steps" not in paper_report(inputs(), [], {}, {})


def test_tables_say_nothing_of_people_and_every_printed_page_does(two, tiny_tables):  # noqa: F811
    """The running head stands in the margin of the page: as a part of the text it lay on other text."""
    study = make_study("machines", items=2, networks=("n3",))
    fill(study, [[0, 1], [1, 1]], simulated=True)
    html = paper_report(inputs(), [(Adapted(study.slug, {}, Path("x"), (), METHOD_CHOICE), "")], {}, {})
    captions = re.findall(r"<caption>(.*?)</caption>", html, re.DOTALL)
    of_tables = [caption for caption in captions if "beside the paper’s" in caption or "differ ·" in caption]
    assert len(of_tables) == 4
    assert all(
        "other photos, networks or masks" in caption and "simulated" not in caption for caption in of_tables
    )
    assert any("machines" in caption and "simulated" in caption for caption in captions)
    page = " ".join(re.findall(r"@page \{(.*?\}) \}", html))
    assert '@top-right { content: "Not as in the paper: other photos' in page
    assert "simulated people" in page
    assert "position: fixed" not in html


def test_a_figure_that_cannot_be_made_says_why_in_its_place(two, tiny_tables):  # noqa: F811
    html = paper_report(inputs(), [], {}, {})
    text = text_of(html)
    assert "Figure 3: other This figure was not made. few: no photo has two boxes or more" in text
    assert len(SHOWN.findall(html)) == 6


def test_a_table_of_times_names_the_machine_and_says_where_its_load_was_high():
    (quiet,) = timed({"net": [cost("last", 49, 130.0), cost("early", 3136, 106_000.0)]})
    assert quiet.on == "A processor, 2 processors, 2 threads, load average 1.5"
    assert quiet.growth.startswith(
        "From last to early there are 64 times as many cells, and all of them take 815 times as long"
    )
    assert "a cell takes 2.7 ms at last and 34 ms at early" in quiet.growth
    loaded = QUIET | {"load": 3.1}
    (busy,) = timed({"net": [cost("last", 49, 130.0), cost("early", 49, 1.0, loaded)]})
    assert busy.on.endswith(
        "load average 3.1: the load was high, more than one for each processor, so these times are too long"
    )
    assert busy.growth == ""
    assert timed({"net": [{"method": "ablation-cam"}]})[0].on == ""


def choice_of(picks, slug):
    """A study of three arms that declares the last against both others: each person's answers about every photo."""
    study = make_study(slug, items=len(picks[0]), networks=(slug,))
    names = list(study.arms.order_by("index").values_list("name", flat=True))
    study.protocol = {"analysis": {"contrasts": [[names[2], names[1]], [names[2], names[0]]]}}
    study.save()
    fill(study, picks)
    return _study_part(Adapted(slug, {}, Path("x"), (), METHOD_CHOICE), ""), names


def test_whether_people_prefer_an_arm_is_for_the_planned_comparison_to_say_and_not_for_overlapping_intervals():
    """Shares of the same answers go together: their intervals overlap here, and the difference is beyond chance all the same."""
    row = [2] * 10 + [1] * 5 + [-1] * 9
    part, (first, second, third) = choice_of([row[4 * n :] + row[: 4 * n] for n in range(6)], "near")
    by_name = {score.name: score for score in part.result.outcome.scores}
    assert by_name[third].interval[0] < by_name[second].interval[1]
    assert [(row["first"], row["second"], row["preferred"]) for row in part.comparisons] == [
        (third, second, third), (third, first, third),
    ]  # fmt: skip
    assert all(row["p_holm"] <= 0.05 for row in part.comparisons)
    assert part.comparisons[0]["found"].estimate == pytest.approx(
        by_name[third].score - by_name[second].score
    )
    assert "leave open" not in render_to_string("studies/paper/_paper_headline.html", {"part": part})


def test_a_comparison_that_chance_may_have_made_is_left_open():
    part, _ = choice_of([[2, 2, 1, 0], [1, 2, 0, 0], [2, 1, 1, 2]], "open")
    assert [row["preferred"] for row in part.comparisons] == ["", ""]
    nobody = make_study("nobody", items=2, networks=("nobody",))
    assert _study_part(Adapted(nobody.slug, {}, Path("x"), (), METHOD_CHOICE), "").comparisons == []


def test_times_under_a_high_load_are_taken_again_once_it_is_quiet(two, settings, tmp_path, monkeypatch):  # noqa: F811
    settings.DATA_DIR = tmp_path / "data"
    loads = []

    class Cost:
        def to_json(self):
            return cost("last", 49, 1.0, QUIET | {"load": stages.load_now()})

    def measure(**asked):
        loads.append(stages.load_now())
        return [Cost()]

    monkeypatch.setattr(stages, "layer_costs", measure)
    monkeypatch.setattr(stages, "layers_to_measure", lambda net: ["last"])
    monkeypatch.setattr(stages, "load_network", lambda network: None)

    def stage(load):
        monkeypatch.setattr("os.getloadavg", lambda: (load, load, load))
        return stages.layers_stage(inputs())["one"][0]["on"]["load"]

    assert stage(9.0) == 9.0
    assert stage(8.0) == 9.0  # no better now: it is kept
    assert stage(0.5) == 0.5
    assert stage(0.4) == 0.5
    assert loads == [9.0, 0.5]
    assert list(stages.layers_stage(inputs())) == ["one"]


def test_names_of_networks_that_lie_together_do_not_lie_on_each_other():
    points = [
        Point("one", 0.90, 0.9, 0.19, 2),
        Point("two", 0.90, 0.9, 0.04, 2),
        Point("far", 0.70, 0.7, 0.1, 2),
    ]
    drawn = chart(points)
    names = {name: float(y) for y, name in re.findall(r'<text class="[a-z]+ strong" x="[^"]+" y="([\d.]+)">(\w+)<', drawn)}  # fmt: skip
    circles = [float(y) for y in re.findall(r'<circle [^>]* cy="([\d.]+)"', drawn)]
    assert names["one"] < circles[0] < circles[1] < names["two"]
    assert names["far"] < circles[2]
    same = chart([Point("one", 0.9, 0.9, 0.1, 2), Point("two", 0.9, 0.9, 0.1, 2)])
    heights = [float(y) for y in re.findall(r'strong" x="[^"]+" y="([\d.]+)"', same)]
    assert abs(heights[0] - heights[1]) > 20
