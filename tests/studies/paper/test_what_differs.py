"""What differs from the paper is reckoned from what is stored: photos, classes, people, weights, layers, answers."""

import dataclasses
from pathlib import Path

import pytest
from django.template.loader import render_to_string

from explain.evaluation import PROTOCOLS
from explain.models import Prediction
from studies.paper import printed, protocols
from studies.paper.differences import rows_on_tables, weights_of_today
from studies.paper.protocols import METHOD_CHOICE, RELIABILITY, Adapted
from studies.paper.report import _stamp, _study_part
from studies.paper.study_differences import rows_on_study
from studies.protocol import check_protocol
from studies.results import summary_of
from tests.factories import make_network, make_study
from tests.studies.filled import fill

from .test_repeat_paper import inputs

pytestmark = pytest.mark.django_db


def theirs(network, name="ResNet-50"):
    """A row that says what the authors' public code loads."""
    of = printed.NETWORKS[name]
    network.load, network.weights, network.layer = of.load, of.weights, of.layers[0]
    network.preprocessing = {"size": [224, 224], "resize": None}
    network.save()
    return network


def by_what(rows):
    return {row.what: row for row in rows}


def test_a_network_called_resnet50_with_other_weights_is_never_as_in_the_paper():
    """By their name the two would be the paper's own; by their weights one of them is."""
    image_set = make_study("x").items.first().image.image_set
    called_so = make_network("resnet50")
    right = theirs(make_network("mine"))

    def weights(network):
        return by_what(rows_on_tables(image_set, [(network, "ResNet-50")], [PROTOCOLS["paper"]]))[
            "ResNet-50: weights"
        ]

    assert weights(right).brief == ""
    assert "IMAGENET1K_V1 (resnet50-0676ba61.pth, 76.1 % of ImageNet’s photos right" in weights(right).here
    assert weights(called_so).brief == "ResNet-50: other weights (resnet50)"
    for changed in (
        {"weights": "DEFAULT"},
        {"weights": "IMAGENET1K_V2"},
        {"weights": ""},
        {"weights": "/no/such/resnet50-0676ba61.pth"},
        {"load": "torchvision:vgg16"},
    ):
        other = theirs(
            make_network(
                f"resnet50-{len(changed)}-{next(iter(changed.values()))[:3] or 'r'}-{changed.get('weights', '')[-3:]}"
            )
        )
        for field, value in changed.items():
            setattr(other, field, value)
        other.save()
        assert weights(other).brief, changed
        html = render_to_string("studies/paper/_paper_differences.html", {"rows": [weights(other)]})
        assert "as in the paper" not in html
    assert weights_of_today() == [
        "What torchvision loads today for ResNet-50 where no weights are named is IMAGENET1K_V2 (80.9 % of ImageNet’s photos "
        "right, photos resized to 232): another network than IMAGENET1K_V1."
    ]  # fmt: skip


def test_every_row_of_the_tables_is_compared():
    image_set = make_study("x", items=3).items.first().image.image_set
    vgg = theirs(make_network("vgg"), "VGG-16")
    vgg.layer, vgg.preprocessing = "features.29", {"size": [224, 224], "resize": 256}
    vgg.save()
    rows = by_what(rows_on_tables(image_set, [(vgg, "VGG-16")], [PROTOCOLS["soft"]]))
    assert {what: row.brief for what, row in rows.items() if row.brief} == {
        "Photos": "photos 3 (50,000)",
        "Photos by name": "3 photos not called as ImageNet’s validation photos are",
        "Classes": "classes 1 (1,000)",
        "VGG-16: layer": "VGG-16: layer features.29 (features.30)",
        "VGG-16: input": "VGG-16: photos cropped, not squashed",
        "Explanation map": "no table under the printed mask",
    }
    squeezenet = make_network("squeezenet")
    squeezenet.load, squeezenet.layer = (
        "package:squeezenet1_1",
        "features",
    )  # called as theirs, in another architecture
    rows = by_what(rows_on_tables(image_set, [(squeezenet, "VGG-16")], []))
    assert rows["VGG-16: layer"].brief == "VGG-16: layer features (features.30)"
    assert (
        "squeezenet: package:squeezenet1_1, the weights that come with it, SHA-256"
        in rows["VGG-16: weights"].here
    )
    both = by_what(rows_on_tables(image_set, [], [PROTOCOLS["paper"], PROTOCOLS["soft"]]))
    assert both["Explanation map"].here == "as printed under paper; another mask or fill under soft"


def test_the_class_that_is_explained_differs_where_the_label_is_not_what_the_network_says():
    """The authors' code explains the network's top class: the paper is silent, so the code counts."""
    study = choice_of(5, 3, right=0.8)
    network, image_set = study.arms.first().network, study.items.first().image.image_set

    def row():
        return by_what(rows_on_tables(image_set, [(network, "ResNet-50")], []))["Class that is explained"]

    assert row().here == "the photo’s label; tiny’s top class as well on 12 of 15 photos"
    assert row().brief == "the label is explained where it is not the top class"
    assert row().is_said
    for seen in network.predictions.filter(top_class=5):
        seen.top_class = seen.image.class_index
        seen.save()
    assert row().here.endswith("on 15 of 15 photos")
    assert row().brief == ""


def test_what_the_paper_does_not_say_is_not_called_its_own():
    """How many photos and how many answers about each are reckoned from what it prints, and are not in it."""
    study = choice_of(5, 3)
    study.responses_per_item = 4
    study.save()
    answers = by_what(rows_on_study(METHOD_CHOICE, study.slug, study, summary_of(study)))[
        "Answers about a photo"
    ]
    assert (answers.brief, answers.is_said) == ("", False)
    photos = by_what(rows_on_tables(study.items.first().image.image_set, [], []))["Photos"]
    assert photos.there.endswith("50,000; whether all were used is not said")


def test_a_study_of_few_photos_for_many_people_is_said_to_be_starved_in_the_report():
    study = choice_of(5, 1)
    names = [
        {"network": arm.network.name, "method": arm.method} for arm in study.arms.select_related("network")
    ]
    study.protocol = {
        "version": 1, "slug": study.slug, "title": "Few", "task": "choice", "arms": names,
        "photos": {"set": study.items.first().image.image_set.name, "top_classes": 5, "per_class": 50},
        "design": {"responses_per_item": 4, "trials_per_participant": 5, "seed": 1}, "recruitment": {"people": 15},
    }  # fmt: skip
    check_protocol(study.protocol)
    study.save()
    part = _study_part(Adapted(study.slug, {}, Path("p.toml"), (), METHOD_CHOICE), "")
    assert part.remarks[-1].startswith(
        "5 photos for 15 people, where the protocol asks for 250: 20 answers in all"
    )


def choice_of(classes: int, each: int, right: float = 1.0):
    """An answered choice study of so many photos of each class, by a network that gets a part of them right."""
    study = make_study("paper-method-choice-few", items=classes * each, responses_per_item=2)
    network = study.arms.first().network
    network.class_names = [f"c{n}" for n in range(classes + 1)]
    network.save()
    for number, item in enumerate(study.items.select_related("image").order_by("index")):
        image, place = item.image, number % classes
        image.class_name, image.class_index = f"c{place}", place
        image.save()
        top = place if number < right * classes * each else classes
        Prediction.objects.create(
            image=image, network=network, top_class=top, top_probability=1, label_probability=1
        )
    return study  # fmt: skip


def test_a_study_of_fifteen_photos_says_fifteen_and_not_250():
    study = choice_of(5, 3)
    fill(study, [[0] * 15, [1] * 15])
    part = _study_part(Adapted(study.slug, {}, Path("p.toml"), (), METHOD_CHOICE), "")
    rows = by_what(part.differences)
    assert (rows["Photos"].there, rows["Photos"].here) == ("250", "15")
    assert rows["Classes"].brief == rows["F1 of the classes"].brief == rows["Methods"].brief == ""
    assert rows["Photos of a class"].brief == "photos of a class 3 (50)"
    assert rows["Answers about a photo"].brief == "answers about a photo 2 (4)"
    assert rows["People"].brief == "people 2 (15)"
    assert rows["Networks"].brief == "maps of tiny"
    stamp = _stamp(inputs(), [part], [])
    for named in ("photos 15 (250)", "photos of a class 3 (50)", "people 2 (15)", "maps of tiny"):
        assert named in stamp
    assert stamp.startswith("paper-method-choice-few: ")
    assert part.people == "2 volunteers"
    simulated = make_study("machines", items=2, networks=("another",))
    fill(simulated, [[0, 1], [1, 1]], simulated=True)
    machines = _study_part(Adapted("machines", {}, Path("p.toml"), (), METHOD_CHOICE), "")
    assert machines.people == "2 simulated volunteers"
    assert by_what(machines.differences)["People"].brief == "2 simulated volunteers"


def test_f1_is_that_of_the_classes_in_the_study():
    study = choice_of(4, 5, right=0.5)  # two and a half photos of five are right
    rows = by_what(rows_on_study(METHOD_CHOICE, study.slug, study, summary_of(study)))
    assert rows["F1 of the classes"].brief.startswith("F1 from 0.")
    assert rows["Classes"].brief == "classes 4 (5)"
    assert rows["People"].brief == "nobody has answered"


def test_photos_that_a_network_gets_wrong_are_counted():
    study = make_study(
        "r", task="rating", methods=("pixel-ablation-cam",), networks=("one", "other"), items=4
    )
    images = [item.image for item in study.items.select_related("image").order_by("index")]
    for network in {arm.network for arm in study.arms.all()}:
        network.class_names = ["hammer" if n == 587 else f"c{n}" for n in range(600)]
        network.save()
        for number, image in enumerate(images):
            wrong = number == 0 and network.name == "one"
            Prediction.objects.create(
                image=image,
                network=network,
                top_class=0 if wrong else 587,
                top_probability=1,
                label_probability=1,
            )
    rows = by_what(rows_on_study(RELIABILITY, study.slug, study, summary_of(study)))
    assert (rows["Right by both networks"].here, rows["Right by both networks"].brief) == (
        "3 of 4", "right by both 3 of 4",
    )  # fmt: skip
    assert rows["Classes chosen"].brief == "classes not chosen by F1"
    assert rows["Photos"].brief == ""  # the paper does not say how many
    study.protocol = {"photos": {"top_share": 0.01}}
    study.save()
    again = by_what(rows_on_study(RELIABILITY, study.slug, study, summary_of(study)))
    assert again["Classes chosen"].brief == "of the best 1 % of 1 classes"
    assert rows_on_study(RELIABILITY, "r", None, None)[0].brief == "r was not made"


def test_a_study_as_the_paper_has_it_differs_in_nothing():
    """So that the stamp says something where it is there."""
    study = choice_of(5, 50)
    study.responses_per_item = 4
    study.save()
    theirs(study.arms.first().network)
    fill(study, [[person % 3] * 250 for person in range(15)])
    rows = rows_on_study(METHOD_CHOICE, study.slug, study, summary_of(study))
    assert [row.brief for row in rows if row.brief] == []


def test_the_printed_share_is_derived_and_not_repeated():
    """115.75 of 250 are 46.30 %; of the 234.50 that are not “same” 49.36 %, where the paper has 49.35 %."""
    study = make_study("c", items=2)
    part = _study_part(Adapted(study.slug, {}, Path("p.toml"), (), METHOD_CHOICE), "")
    share = part.printed_share
    assert share["of_all"] == pytest.approx(0.4630)
    assert share["preferring"] == pytest.approx(234.50)
    assert share["of_preferring"] == pytest.approx(0.49360, abs=5e-6)
    assert _study_part(Adapted("none", {}, Path("p.toml"), (), RELIABILITY), "no").printed_share is None


def test_a_further_pair_of_networks_has_no_printed_figure_beside_it():
    made = protocols.adapted(inputs(samples=True, networks=("a", "b", "c")))
    assert [one.is_papers for one in made] == [True, True, False, False]
    study = make_study("r", task="rating", methods=("pixel-ablation-cam",), networks=("b", "c"), items=2)
    fill(study, [[1, -1], [-1, 1]])
    part = _study_part(dataclasses.replace(made[3], slug="r"), "")
    assert part.printed == {}
    assert [row.brief for row in part.differences] == ["a pair that the paper has not"]
    assert "The interval holds 0" in render_to_string("studies/paper/_paper_headline.html", {"part": part})
    sure = make_study("s", task="rating", methods=("pixel-ablation-cam",), networks=("d", "e"), items=3)
    fill(sure, [[2, 2, 1], [2, 1, 2], [1, 2, 2]])
    certain = _study_part(dataclasses.replace(made[3], slug="s"), "")
    assert "holds 0" not in render_to_string("studies/paper/_paper_headline.html", {"part": certain})
    papers = _study_part(dataclasses.replace(made[1], slug="r"), "")
    assert papers.printed == {"mean rating": 1.48}
