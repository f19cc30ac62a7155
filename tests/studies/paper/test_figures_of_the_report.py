"""Every figure of the report is made again, to the byte, by the command that is printed under it; times say what they are worth."""

import html as html_module
import re
import shlex
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.template.loader import render_to_string

from explain.models import Image
from studies.paper import stages
from studies.paper.costs import timed
from studies.paper.protocols import METHOD_CHOICE, Adapted
from studies.paper.report import StudyPart, paper_report
from studies.paper.zoo import Point, chart

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


def test_a_choice_whose_first_arms_overlap_leaves_open_which_is_preferred():
    def part(*scores):
        outcome = SimpleNamespace(scores=[SimpleNamespace(name=n, score=s, interval=i) for n, s, i in scores])
        result = SimpleNamespace(outcome=outcome)
        return StudyPart(Adapted("x", {}, Path("x"), (), METHOD_CHOICE), "", None, result, "", {})

    ahead = part(("a", 5.0, (4.0, 6.0)), ("b", 9.0, (7.0, 11.0)), ("c", 1.0, (0.0, 2.0)))
    assert ahead.overlapping is None
    near = part(("a", 5.0, (4.0, 7.5)), ("b", 9.0, (7.0, 11.0)), ("c", 8.0, (6.0, 9.0)))
    assert near.overlapping == ("b", "c and a")
    assert part(("a", 5.0, None), ("b", 4.0, None)).overlapping is None
    assert part().overlapping is None
    words = text_of(render_to_string("studies/paper/_paper_headline.html", {"part": near}))
    assert "The interval of b overlaps with that of c and a, so these answers leave open" in words


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
