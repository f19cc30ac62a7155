"""Each stage of repeating the paper asks for exactly what is missing, and what is there already is not made twice."""

import dataclasses
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from explain.core.errors import BadInputError
from explain.models import Image, ImageSet, Prediction
from studies import paper
from studies.lifecycle.opening import open_study
from studies.management.commands.repeat_paper import _inputs
from studies.models import Study
from studies.paper import inputs as inputs_module
from studies.paper import printed, protocols, stages
from studies.paper.differences import Difference
from studies.paper.inputs import METHODS, remarks_on_inputs
from studies.paper.printed import METRICS, TABLES
from studies.paper.protocols import METHOD_CHOICE, RELIABILITY, Adapted
from studies.paper.report import _brief, _study_part
from studies.paper.zoo import Point, chart, points
from tests.factories import make_image, make_participant, make_study
from tests.studies.filled import fill

from .test_repeat_paper import inputs

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    """Notes the commands that a stage runs."""

    def run(*words):
        run.ran.append(list(map(str, words)))

    run.ran = []
    return run


def test_sample_photos_come_from_the_manifest_and_imagenets_are_used_in_place(run, tmp_path):
    stages.photos_stage(inputs(), run)
    assert run.ran == []  # the set is there
    stages.photos_stage(inputs(samples=True, images=tmp_path), run)
    assert run.ran.pop() == [
        "import_images",
        str(settings.BASE_DIR / "samples/photos/manifest.csv"),
        "--set",
        "few",
        "--yes",
    ]
    stages.photos_stage(inputs(images=tmp_path, devkit=tmp_path / "kit", boxes=tmp_path / "boxes"), run)
    assert run.ran.pop() == [
        "import_images", str(tmp_path), "--set", "few", "--devkit", str(tmp_path / "kit"),
        "--boxes", str(tmp_path / "boxes"), "--in-place", "--resumable", "--yes",
    ]  # fmt: skip
    stages.photos_stage(inputs(images=tmp_path / "val.zip", ground_truth=tmp_path / "truth"), run)
    assert run.ran.pop()[4:] == ["--ground-truth", str(tmp_path / "truth"), "--resumable", "--yes"]


def test_networks_of_the_samples_are_added_and_no_others(run):
    stages.networks_stage(inputs(), run)
    assert run.ran == []
    stages.networks_stage(inputs(samples=True, networks=("squeezenet1-1",)), run)
    assert run.ran == [["add_network", "squeezenet1-1", "--load", "package:squeezenet1_1"]]


def test_further_networks_get_the_papers_own_method_alone(run):
    stages.maps_stage(inputs(), run)
    every = ["precompute", "few", "--networks", "one,other", "--methods", ",".join(METHODS), "--inline"]
    assert run.ran == [every]
    run.ran.clear()
    stages.maps_stage(inputs(networks=("one", "other", "third", "fourth"), workers=True), run)
    assert run.ran == [
        every[:-1],
        ["precompute", "few", "--networks", "third,fourth", "--methods", "pixel-ablation-cam"],
    ]


def test_the_two_networks_of_the_tables_are_evaluated_under_every_protocol(run):
    stages.evaluation_stage(inputs(networks=("one", "other", "third"), protocols=("paper", "curves")), run)
    assert [words[-1] for words in run.ran] == ["paper", "curves"]
    assert run.ran[0] == [
        "evaluate", "few", "--networks", "one,other", "--methods", ",".join(METHODS), "--protocol", "paper",
    ]  # fmt: skip
    assert run.ran[1][5] == "grad-cam,ablation-cam,pixel-ablation-cam"  # curves cost 42 passes a map
    run.ran.clear()
    stages.evaluation_stage(inputs(workers=True), run)
    assert run.ran[0][-1] == "--workers"


ADAPTED = {
    "choice": ("paper-method-choice-few", {}),
    "rating": ("paper-reliability-few-one-other", {"task": "rating", "methods": ("pixel-ablation-cam",), "networks": ("one", "other")}),
}  # fmt: skip


@pytest.fixture
def making(run, monkeypatch):
    """Commands that make and open a study do so, without maps; the protocol's file needs no photos."""
    monkeypatch.setattr(protocols, "write", lambda one, people: None)

    def ran(command, *words):
        run(command, *words)
        if command == "create_study":
            slug = next(
                slug for slug, _ in ADAPTED.values() if Path(words[0]).stem.replace("-one-other", "") in slug
            )
            make_study(slug, **dict(ADAPTED.values())[slug])
        if command == "open_study":
            open_study(study=Study.objects.get(slug=words[0]))
        if command == "simulate":
            make_participant(Study.objects.get(slug=words[0]), simulated=True)

    ran.ran = run.ran
    return ran


@pytest.mark.parametrize("rule", ["localisation", "shares", ""])
def test_studies_are_made_opened_and_filled_only_where_simulated_people_were_asked_for(making, rule):
    made = stages.studies_stage(inputs(rule=rule), making, lambda said: None)
    assert [(one.slug, why) for one, why in made] == [(slug, "") for slug, _ in ADAPTED.values()]
    opened = [words for words in making.ran if words[0] == "open_study"]
    assert all(("--alike-seen" in words) == bool(rule) for words in opened)
    filled = [words for words in making.ran if words[0] == "simulate"]
    assert len(filled) == (2 if rule else 0)
    if rule == "shares":
        prefer = dict(part.split("=") for part in filled[0][-1].split(","))
        assert {name: float(share) for name, share in prefer.items()} == {
            "pixel-ablation-cam": 0.463, "ablation-cam": 0.314, "grad-cam": 0.161, "same": 0.062,
        }  # fmt: skip
        assert filled[1][-2:] == ["--mean", "1.48"]
    elif rule:
        assert [words[-2:] for words in filled] == [["--rule", "localisation"]] * 2
    for words in filled:
        assert words[2:8] == ["--participants", "15", "--at-once", "4", "--seed", "1"]
    making.ran.clear()
    stages.studies_stage(inputs(rule=rule), making, lambda said: None)
    assert making.ran == []  # a second time nothing is asked of anybody


def test_a_study_with_answers_of_real_people_is_not_filled_with_simulated_ones(making):
    stages.studies_stage(inputs(), making, lambda said: None)
    study = Study.objects.get(slug=ADAPTED["choice"][0])
    make_participant(study)
    making.ran.clear()
    stages.studies_stage(inputs(rule="shares"), making, lambda said: None)
    assert [words[:2] for words in making.ran] == [["simulate", ADAPTED["rating"][0]]]


@pytest.mark.parametrize(
    "error", [BadInputError("no class is good enough"), CommandError("no class is good enough")]
)
def test_a_study_that_cannot_be_made_is_said_and_the_others_go_on(monkeypatch, error):
    monkeypatch.setattr(protocols, "write", lambda one, people: None)

    def broken(command, *words):
        raise error

    said = []
    made = stages.studies_stage(inputs(), broken, said.append)
    assert [why for _, why in made] == ["no class is good enough"] * 2
    assert said == [f"{slug} is left out: no class is good enough" for slug, _ in ADAPTED.values()]


def photos_of(classes, boxed):
    """A set with two photos of each class; those of `boxed` have a box."""
    image_set = ImageSet.objects.create(name="few")
    for number, name in enumerate(classes):
        for twice in (0, 1):
            image = make_image(image_set, 2 * number + twice, name, number)
            if name in boxed:
                Image.objects.filter(pk=image.pk).update(boxes=[[1, 1, 9, 9]])
    return image_set


def test_figure_four_shows_three_classes_with_boxes_or_the_photos_that_are_named():
    classes = ["ant", "bee", "cat", "dog", "eel", "fox", "gnu", "ibis", "jay"]
    photos_of(classes, boxed=classes[1:])
    found = stages.figure_photos(inputs())
    assert [image.original_name for image in found] == ["bee-2.jpg", "dog-6.jpg", "fox-10.jpg"]
    named = stages.figure_photos(inputs(figures=("cat-5.jpg", "ant-1.jpg")))
    assert [image.original_name for image in named] == ["ant-1.jpg", "cat-5.jpg"]
    with pytest.raises(BadInputError, match="--figure-photos: few has no hen"):
        stages.figure_photos(inputs(figures=("cat-5.jpg", "hen.jpg")))


def test_times_are_taken_on_a_few_photos_spread_over_the_set():
    image_set = photos_of([f"class{number:02}" for number in range(20)], boxed=[])
    keys = [image.pk for image in stages._some(image_set)]
    assert keys == sorted(image_set.images.values_list("pk", flat=True))[:36:3]  # 12 of 40, every third


def test_times_are_measured_once_for_each_network_and_again_for_other_weights(
    monkeypatch, settings, tmp_path
):
    settings.DATA_DIR = tmp_path
    photos_of(["ant"], boxed=[])
    study = make_study("timed", networks=("one", "other", "third"), methods=("grad-cam",))
    measured = []

    class Row:
        def to_json(self):
            return {"row": len(measured)}

    monkeypatch.setattr(
        stages, "sweep", lambda network, images, report: measured.append(network.name) or [Row()]
    )
    three = inputs(networks=("one", "other", "third"))
    assert stages.sweep_stage(three) == {"one": [{"row": 1}], "other": [{"row": 2}]}
    assert stages.sweep_stage(three) == {"one": [{"row": 1}], "other": [{"row": 2}]}
    assert measured == ["one", "other"]
    network = study.arms.get(network__name="other").network
    network.weights_sha256 = "1" * 64
    network.save()
    assert stages.sweep_stage(three) == {"one": [{"row": 1}], "other": [{"row": 3}]}
    assert measured == ["one", "other", "other"]


def test_a_report_that_cannot_be_written_is_one_clear_line(tmp_path):
    stages.report_stage(tmp_path / "new/folder/paper.html", "<p>ä</p>")
    assert (tmp_path / "new/folder/paper.html").read_bytes() == "<p>ä</p>".encode()
    with pytest.raises(BadInputError, match="Is a directory; choose a place you may write to"):
        stages.report_stage(tmp_path, "")


def test_options_of_the_command_become_its_inputs():
    given = dict.fromkeys(("set_name", "images", "ground_truth", "devkit", "boxes", "simulate"))
    given |= {"samples": False, "networks": " a, b ,", "protocols": "paper,soft", "figure_photos": "x.jpg,", "workers": True, "to": Path("p")}  # fmt: skip
    real, sample = _inputs(given), _inputs(given | {"samples": True})
    assert (real.set_name, real.networks, real.rule) == ("imagenet-val", ("a", "b"), "")
    assert (real.protocols, real.figures, real.workers) == (("paper", "soft"), ("x.jpg",), True)
    assert (sample.set_name, sample.networks, sample.rule) == (
        "samples", tuple(inputs_module.SAMPLE_NETWORKS), "localisation",
    )  # fmt: skip
    assert _inputs(given | {"simulate": "shares"}).rule == "shares"
    assert "--boxes is not given" in remarks_on_inputs(real)[0]
    assert remarks_on_inputs(sample) == remarks_on_inputs(dataclasses.replace(real, boxes=Path("b"))) == []


def test_every_printed_figure_is_the_papers():
    """Its tables 1 and 2, read again: average drop and increase of confidence and of activation, by method."""
    read = {
        (table, metric.score, metric.figure, method): printed.printed(table, metric, method)
        for table in TABLES for metric in METRICS for method in printed.METHODS
    }  # fmt: skip
    assert read["ResNet-50", "confidence", "average_drop", "pixel-ablation-cam"] == 32.64
    assert read["ResNet-50", "activation", "increase", "grad-cam"] == 8.86
    assert read["VGG-16", "activation", "average_drop", "ablation-cam"] == 33.78
    assert read["VGG-16", "confidence", "increase", "pixel-ablation-cam"] == 26.43
    assert printed.printed("ResNet-50", METRICS[0], "random") is None
    assert printed.printed("DenseNet", METRICS[0], "grad-cam") is None
    assert sum(printed.CHOICE.values()) == printed.ITEMS == 250
    # the paper's own method is best in every one of them, whichever way is better
    for (table, score, figure, method), value in read.items():
        best = read[table, score, figure, "pixel-ablation-cam"]
        assert method == "pixel-ablation-cam" or (value > best if figure == "average_drop" else value < best)


def test_a_network_is_placed_by_the_mean_of_its_pairs_and_its_photos_that_are_right():
    first = make_study("a", task="rating", methods=("grad-cam",), networks=("one", "other"), items=2)
    fill(first, [[2, 1]])
    second = make_study("b", task="rating", methods=("grad-cam",), networks=("third", "fourth"), items=2)
    second.arms.filter(index=1).update(network=first.arms.get(index=0).network)
    fill(second, [[1, 1]])
    apart = make_study("c", task="rating", methods=("grad-cam",), networks=("x", "y"), items=1)
    apart.arms.filter(index=0).update(network=first.arms.get(index=0).network)
    fill(apart, [[-2]])  # not one of the paper's studies
    image_set = first.items.first().image.image_set
    one, other = (first.arms.get(index=index).network for index in (0, 1))
    for number, image in enumerate(image_set.images.all()):
        for network, top in ((one, image.class_index), (other, image.class_index if number else 0)):
            Prediction.objects.create(
                image=image, network=network, top_class=top, top_probability=1, label_probability=1
            )
    third = second.arms.get(index=0).network
    of_methods = make_study("of-methods", items=2, networks=("fifth",))  # gives no network a rating
    fill(of_methods, [[0, 1]])
    found = points(image_set=image_set, networks=[one, other, third], slugs=["of-methods", "a", "b"])
    assert [(p.network, p.accuracy, p.reliability, p.pairs) for p in found] == [
        ("one", 1.0, pytest.approx((1.5 - 1) / 2), 2),
        ("other", 0.5, pytest.approx(-1.5), 1),
        ("third", None, pytest.approx(1.0), 1),
    ]


def test_a_report_is_stamped_where_people_are_simulated_or_photos_are_samples():
    """Who reads figures of simulated people as those of real ones is misled."""
    by_real, by_nobody = make_study("real", items=2), make_study("nobody", items=2, networks=("n2",))
    by_machines = make_study("machines", items=2, networks=("n3",))
    fill(by_real, [[0, 1], [1, 1]])
    fill(by_machines, [[0, 1], [1, 1]], simulated=True)

    def part(study):
        return _study_part(Adapted(study.slug, {}, Path("p.toml"), (), METHOD_CHOICE), "")

    real, none, simulated = map(part, (by_real, by_nobody, by_machines))
    assert _brief(inputs(), [real, none], []) == ""
    assert _brief(inputs(), [real, simulated], []) == "simulated people"
    assert _brief(inputs(samples=True), [real], []) == "sample photos and sample networks"
    assert (
        _brief(inputs(samples=True), [simulated], [])
        == "sample photos and sample networks · simulated people"
    )
    assert _brief(inputs(), [real], [Difference("Photos", "250", "15", "photos 15 (250)")]) == (
        "other photos, networks or masks than the paper’s"
    )
    assert (bool(real.chart), bool(none.chart)) == (True, False)
    assert real.printed == printed.CHOICE
    rated = _study_part(Adapted("none", {}, Path("p.toml"), (), RELIABILITY), "no class is good enough")
    assert (rated.study, rated.result, rated.chart, rated.printed) == (None, None, "", {"mean rating": 1.48})


def test_who_stops_the_command_is_told_that_it_goes_on_where_it_was(monkeypatch):
    make_study("there", networks=("one", "other"), methods=("grad-cam",))

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(paper, "photos_stage", interrupted)
    with pytest.raises(CommandError, match="run the same command again to go on") as stopped:
        call_command("repeat_paper", set_name="photos-of-there", networks="one,other")
    assert stopped.value.returncode == 130


def test_the_chart_of_networks_says_in_words_what_it_shows_and_stays_inside():
    html = str(
        chart(
            [Point("low", 0.2, 0.2, -2.0, 1), Point("<b>", 0.99, 0.9, 2.0, 1), Point("mid", 0.6, 0.6, 0.0, 1)]
        )
    )
    assert "low: 20% right, -2.00, &lt;b&gt;: 99% right, +2.00, mid: 60% right, +0.00" in html
    assert "15% of photos right" in html
    assert ">100%</text>" in html
    # accuracy 0.2, 0.99 and 0.6 between 0.15 and 1: 6 + 88 · of the way
    for x, y, anchor in (("11.18", "270.0", "start"), ("92.96", "10.0", "end"), ("52.59", "140.0", "middle")):
        assert f'cx="{x}%" cy="{y}"' in html
        assert f'class="{anchor} strong" x="{x}%" y="{float(y) - 13:.1f}"' in html
    assert [f">{value}</text>" in html for value in ("−2", "−1", "0", "+1", "+2")] == [True] * 5
    assert str(chart([Point("a", 0.5, 0.5, 0.0, 1)])).count("<circle") == 1
