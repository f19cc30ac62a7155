"""How many people a protocol needs: from its own design, with photos counted where they are."""

import copy
import json
import tomllib

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from explain.models import ImageSet, Prediction
from studies.analysis.answers import AnswersError
from studies.analysis.intervals import rating_intervals
from studies.analysis.power import CHOICES, RATINGS, Assumptions, Design, World
from studies.analysis.power import power as power_of
from studies.protocol.schema import ProtocolError, check_protocol
from studies.setup.power_analysis import Photos, analyse_power, count_photos, fewest_people
from tests.factories import make_image, make_network

CHOICE = tomllib.loads(
    """
version = 1
slug = "which"
title = "Which?"
task = "choice"
[photos]
set = "unseen"
limit = 40
[[arms]]
network = "tiny"
method = "grad-cam"
[[arms]]
network = "tiny"
method = "ablation-cam"
[design]
responses_per_item = 3
trials_per_participant = 12
seed = 1
"""
)


def protocol(**changes):
    source = copy.deepcopy(CHOICE)
    for path, value in changes.items():
        table, _, key = path.rpartition("__")
        (source[table] if table else source)[key] = value
    return check_protocol(source)


@pytest.fixture
def image_set(db):
    """Six hammers and two dams."""
    created = ImageSet.objects.create(name="here")
    for number in range(8):
        make_image(created, number, *(("hammer", 587) if number < 6 else ("dam", 525)))
    return created


@pytest.mark.django_db
def test_photos_are_those_of_the_limit_while_the_set_is_not_here():
    assert count_photos(protocol()) == Photos(40, "photos.limit; the set is not here yet")
    source = copy.deepcopy(CHOICE)
    del source["photos"]["limit"]
    with pytest.raises(ProtocolError, match=r"photos.set: 'unseen' is no set of photos here.*set a limit"):
        count_photos(check_protocol(source))


@pytest.mark.django_db
def test_photos_are_those_of_the_classes_while_the_set_is_not_here():
    assert count_photos(protocol(photos={"set": "unseen", "top_classes": 5, "per_class": 50})) == Photos(
        250, "photos.per_class; the set is not here yet"
    )
    assert (
        count_photos(
            protocol(photos={"set": "unseen", "classes": ["dam"], "per_class": 50, "limit": 9})
        ).count
        == 9
    )


def test_photos_are_counted_in_the_set_that_is_here(image_set):
    assert count_photos(protocol(photos__set="here")) == Photos(8, "the set here")
    assert count_photos(protocol(photos__set="here", photos__limit=5)).count == 5
    assert count_photos(protocol(photos__set="here", photos__classes=["hammer"])).count == 6
    with pytest.raises(ProtocolError, match="no photo is labelled 'lemon'"):
        count_photos(protocol(photos__set="here", photos__classes=["lemon"]))


def test_only_photos_that_the_networks_get_right_are_counted_when_the_protocol_says_so(image_set):
    asked = protocol(photos__set="here", photos__only_correct=True)
    with pytest.raises(ProtocolError, match="'tiny' is no network here"):
        count_photos(asked)
    network = make_network()
    with pytest.raises(ProtocolError, match=r"first run: manage\.py precompute here --networks tiny"):
        count_photos(asked)
    for number, image in enumerate(image_set.images.all()):
        top = image.class_index if number < 3 else 1
        Prediction.objects.create(image=image, network=network, top_class=top, top_probability=0.5)
    assert count_photos(asked).count == 3


def test_every_network_must_have_looked_at_the_photos_before_they_are_counted(image_set):
    source = copy.deepcopy(CHOICE)
    source["photos"] |= {"set": "here", "only_correct": True}
    source["arms"][1]["network"] = "small"
    tiny = make_network("tiny")
    make_network("small")
    for image in image_set.images.all():
        Prediction.objects.create(image=image, network=tiny, top_class=image.class_index, top_probability=0.5)
    with pytest.raises(ProtocolError, match="small has not looked at all photos of here"):
        count_photos(check_protocol(source))


def test_the_fewest_people_give_all_answers_within_their_limit():
    assert fewest_people(protocol(), 40) == 10  # 120 answers, 12 each
    assert fewest_people(protocol(), 41) == 11
    assert fewest_people(protocol(), 2) == 3  # an item needs three different people


@pytest.mark.django_db
def test_power_is_that_of_the_library_for_the_protocol_s_design():
    analysis = analyse_power(
        protocol=protocol(), people=[12], assumptions=Assumptions(0.4), studies=30, seed=5
    )
    design = Design(items=40, participants=12, answers_per_item=3, model=CHOICES, arms=2)
    expected = power_of(design, Assumptions(0.4), studies=30, seed=5)
    (point,) = analysis.points
    assert (point.power, point.interval) == (expected.power, expected.interval)
    assert point.answers_each == 10


@pytest.mark.django_db
def test_the_width_is_the_mean_width_of_the_studies_intervals():
    asked = protocol(task="rating")
    (point,) = analyse_power(
        protocol=asked, people=[10], assumptions=Assumptions(-0.5), studies=10, seed=2
    ).points
    world = World(Design(40, 10, 3, RATINGS, 2), Assumptions(-0.5))
    studies = [world.study(np.random.default_rng([2, number])) for number in range(10)]
    ends = [rating_intervals(s.items, s.participants, s.values).mean for s in studies]
    assert point.width == pytest.approx(np.mean([high - low for low, high in ends]))
    assert point.power == np.mean([high < 0 for _, high in ends])


@pytest.mark.django_db
def test_a_greater_effect_is_found_more_often_and_none_seldom():
    by_effect = {
        effect: analyse_power(protocol=protocol(), people=[20], assumptions=Assumptions(effect), studies=40)
        .points[0]
        .power
        for effect in (0.0, 0.3, 0.7)
    }
    assert by_effect[0.0] <= 0.15 < by_effect[0.3] < by_effect[0.7] == 1


@pytest.mark.django_db
def test_whoever_waits_for_the_figures_is_told_how_many_studies_are_done_of_how_many():
    reports = []
    analyse_power(
        protocol=protocol(),
        people=[10, 20],
        studies=10,
        report=lambda done, total: reports.append((done, total)),
    )
    assert reports == [(done, 20) for done in range(21)]


@pytest.mark.django_db
def test_too_few_people_for_the_protocol_are_refused_with_the_remedy():
    with pytest.raises(AnswersError, match="--people 9: this study needs at least 10 people"):
        analyse_power(protocol=protocol(), people=[30, 9])


def write(tmp_path, text: str = ""):
    path = tmp_path / "study.toml"
    path.write_text(
        text
        or 'version = 1\nslug = "which"\ntitle = "Which?"\ntask = "choice"\n[photos]\nset = "unseen"\nlimit = 20\n'
        '[[arms]]\nnetwork = "a"\nmethod = "grad-cam"\n[[arms]]\nnetwork = "a"\nmethod = "ablation-cam"\n'
        "[design]\nresponses_per_item = 3\ntrials_per_participant = 12\nseed = 1\n"
    )
    return path


@pytest.mark.django_db
def test_the_command_prints_a_table_with_a_curve_and_says_that_it_is_simulated(tmp_path, capfd):
    options = ("--people=6,12", "--studies=10", "--effect=0.8", "--same=0.02")
    call_command("power", write(tmp_path), *options)
    out, bar = capfd.readouterr()
    assert "130/130" in bar  # two points of ten studies, and up to eleven to find how many people are enough
    lines = out.splitlines()
    assert lines[0].split()[:3] == ["people", "answers", "each"]
    assert lines[1].split()[:2] == ["6", "10.0"]
    assert lines[2].split()[:2] == ["12", "5.0"]
    assert "█" in lines[2]
    assert "every figure is simulated" in out
    assert "People needed for a power of 80 %: 5." in out
    assert "89.0 %, 9.0 %, 2.0 %" in out
    call_command("power", write(tmp_path), *options, "--json")
    printed = json.loads(capfd.readouterr().out)
    assert [point["people"] for point in printed["points"]] == [6, 12]
    assert printed["photos"]["count"] == 20
    assert printed["needed"] == {"aim": 0.8, "people": 5, "power": 1.0, "most": 60}
    assert f"{printed['points'][1]['power']:.0%}".replace("%", " %") in lines[2]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"people": "few"}, "few is no number of people"),
        ({"people": "2"}, "--people 2: this study needs at least 5"),
        ({"effect": 1.5}, "take a smaller effect"),
        ({"same": 1.0}, "same: 1.0 is not a share"),
        ({"studies": 1}, "--studies 1: too few"),
    ],
)
def test_what_cannot_be_simulated_is_one_line(tmp_path, options, complaint):
    with pytest.raises(CommandError) as caught:
        call_command("power", write(tmp_path), **options)
    assert caught.value.returncode == 2
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.django_db
def test_a_protocol_that_cannot_be_read_is_one_line(tmp_path):
    with pytest.raises(CommandError, match=r"missing\.toml: cannot be read") as caught:
        call_command("power", tmp_path / "missing.toml")
    assert caught.value.returncode == 2
