"""Tables, comparisons and figures are made of the rows of this network, layer, method, class and protocol, and of no others."""

import io

import numpy as np
import pytest
from PIL import Image as PillowImage

from explain.cam.rendering import render
from explain.core import machine
from explain.core.errors import BadInputError
from explain.evaluation import evaluate, figure4, method_comparison, parameter_sweep
from explain.evaluation.protocols import PROTOCOLS, evaluation_hash
from explain.evaluation.tables import table_of
from explain.maps.missing import parameters_hash
from explain.maps.pictures import crop_of
from explain.models import Evaluation, ExplanationMap, ImageSet, Prediction
from explain.photos.pixels import pixels_of
from tests.factories import make_image, make_map, make_network

pytestmark = pytest.mark.django_db
METHODS = ("grad-cam", "hirescam")
WHOLE = {"size": [64, 64], "resize": 64, "mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bilinear"}


@pytest.fixture(autouse=True)
def _a_fourth_photo(tools):
    make_image(tools, 3)


@pytest.fixture
def network(network):
    """It sees all of a photo."""
    network.preprocessing = WHOLE
    network.save()
    return network


def asked(network, protocol="paper", target="label", methods=METHODS) -> evaluate.EvaluationProgress:
    (evaluation,) = evaluate.ask_for_evaluation(
        networks=[network], methods=methods, protocol=protocol, target=target
    )
    return evaluation


def a_map(image, network, method="grad-cam", cells=None, **fields) -> ExplanationMap:
    row = make_map(image, network, method)
    if cells is not None:
        array = np.array(cells, "<f4")
        fields |= {"values": array.tobytes(), "height": array.shape[0], "width": array.shape[1]}
    hashed = {"parameters_hash": parameters_hash(network, method)}
    ExplanationMap.objects.filter(pk=row.pk).update(**hashed | fields)
    row.refresh_from_db()
    return row


def a_row(image, network, method="grad-cam", protocol="paper", **fields) -> Evaluation:
    hashed = evaluation_hash(parameters_hash(network, method), PROTOCOLS[protocol], image.boxes)
    figures = {"confidence": 0.8, "activation": 4.0, "confidence_left": 0.4, "activation_left": 1.0}
    key = {"layer": network.layer, "target": image.class_index, "parameters_hash": hashed}
    return Evaluation.objects.create(
        image=image, network=network, method=method, protocol=protocol, **figures | key | fields
    )


def others(image, network, make) -> None:
    """Every row that is nearly the one that is asked for; one of the same network under another name."""
    twin = make_network("twin")
    twin.preprocessing = network.preprocessing
    twin.save()
    make(image, twin)
    make(image, network, layer="earlier")
    make(image, network, target=588)
    make(image, network, parameters_hash="1" * 64)


def test_a_table_is_of_the_photos_that_have_the_very_row_of_every_method(tools, network):
    first, second, third, fourth = tools.images.order_by("pk")
    for method in METHODS:
        a_row(first, network, method)
        a_row(second, network, method, confidence_left=0.9, activation=-1.0)
    a_row(third, network, "grad-cam", confidence_left=0.0)  # hirescam is not measured yet
    a_row(third, network, "hirescam", "soft", confidence_left=0.0)
    others(fourth, network, a_row)
    a_row(fourth, network, "hirescam")
    table = table_of(image_set=tools, asked=asked(network))
    assert (table.photos, table.missing, table.methods, table.layer) == (2, 2, METHODS, network.layer)
    for method in METHODS:
        by_confidence, by_activation = table.confidence[method], table.activation[method]
        assert (by_confidence.average_drop, by_confidence.increase) == (pytest.approx(25), 50)
        assert (by_activation.average_drop, by_activation.photos, by_activation.excluded) == (75, 1, 1)
        assert (by_confidence.average_gain, by_activation.average_gain) == (pytest.approx(25), None)
    assert table.localisation == table.curves == {}


def test_localisation_is_a_mean_over_the_photos_with_a_box_that_the_network_sees(tools, network):
    first, second, third, _ = tools.images.order_by("pk")
    for image, figures in (
        (first, {"iou_10": 0.2, "iou_30": 0.4, "iou_50": 0.6, "pointing": True, "energy": 0.3}),
        (second, {"iou_10": 0.4, "iou_30": 0.6, "iou_50": 0.8, "pointing": False, "energy": 0.5}),
        (third, {}),
    ):
        a_row(image, network, **figures)
    localisation = table_of(image_set=tools, asked=asked(network, methods=["grad-cam"])).localisation[
        "grad-cam"
    ]
    figures = (
        localisation.iou_10,
        localisation.iou_30,
        localisation.iou_50,
        localisation.pointing,
        localisation.energy,
        localisation.photos,
    )
    assert figures == pytest.approx((0.3, 0.5, 0.7, 50, 40, 2))


def test_curves_are_means_of_their_own(tools, network):
    for image, insertion in zip(tools.images.order_by("pk"), (0.2, 0.4, 0.6, 0.8), strict=True):
        a_row(image, network, protocol="curves", insertion=insertion, deletion=insertion / 4)
    curves = table_of(image_set=tools, asked=asked(network, "curves", methods=["grad-cam"])).curves[
        "grad-cam"
    ]
    assert (curves.insertion, curves.deletion, curves.photos) == pytest.approx((0.5, 0.125, 4))


def test_a_row_is_missing_until_that_very_one_is_there(tools, network):
    first, second, third, _ = tools.images.order_by("pk")
    other_set = ImageSet.objects.create(name="others")
    make_image(other_set, 9)
    for image in tools.images.all():
        for method in METHODS:
            a_map(image, network, method)
    others(first, network, a_row)
    a_row(first, network, "hirescam")
    for method in METHODS:
        a_row(second, network, method)
    a_row(third, network)
    a_row(third, network, "hirescam", "soft")
    (todo,) = evaluate.plan_evaluation(image_set=tools, asked=[asked(network)])
    lack = {image.pk for image in tools.images.all()} - {second.pk}
    assert (todo.image_ids, todo.methods) == (sorted(lack), list(METHODS))
    assert (todo.network_id, todo.protocol, todo.target) == (network.pk, "paper", "label")
    missing = asked(network).missing(list(tools.images.order_by("pk")), image__image_set=tools)
    assert [row.method for row in missing if row.image == first] == ["grad-cam"]
    assert [row.method for row in missing if row.image == third] == ["hirescam"]


def test_a_map_that_is_nearly_the_one_is_not_evaluated_in_its_place(tools, network):
    """A figure would be that of another class, layer or network."""
    others(tools.images.first(), network, a_map)
    with pytest.raises(BadInputError) as caught:
        evaluate.plan_evaluation(image_set=tools, asked=[asked(network, methods=["grad-cam"])])
    assert caught.value.lines[0] == "4 of 4 photos have no map of grad-cam by tiny."
    with pytest.raises(BadInputError, match=r"--networks tiny --methods grad-cam --target top"):
        evaluate.plan_evaluation(image_set=tools, asked=[asked(network, target="top", methods=["grad-cam"])])
    done = evaluate.evaluate_photos(
        network_id=network.pk, image_ids=[tools.images.first().pk], methods=["grad-cam"], protocol="paper", target="label",
    )  # fmt: skip
    assert done == 0


def test_the_top_class_is_that_of_this_network(tools, network):
    first, second, *_ = tools.images.order_by("pk")
    Prediction.objects.create(image=first, network=network, top_class=3, top_probability=0.5)
    for image in (first, second):
        Prediction.objects.create(
            image=image, network=make_network(f"other-{image.pk}"), top_class=4, top_probability=1
        )
    wanted = asked(network, target="top").wanted(list(tools.images.order_by("pk")))
    assert {(row.image.pk, row.target) for row in wanted} == {(first.pk, 3)}


def test_a_photo_whose_class_the_network_does_not_know_has_no_figures(tools, network):
    first = tools.images.order_by("pk").first()
    tools.images.filter(pk=first.pk).update(class_name="my bicycle", class_index=None)
    wanted = asked(network).wanted(list(tools.images.order_by("pk")))
    assert first.pk not in {row.image.pk for row in wanted}
    assert len(wanted) == 3 * 2


def test_methods_that_are_named_twice_are_asked_for_once(network):
    assert asked(network, methods=["grad-cam", "hirescam", "grad-cam"]).methods == METHODS
    with pytest.raises(BadInputError, match="no network is named"):
        evaluate.ask_for_evaluation(networks=[], methods=METHODS, protocol="paper", target="label")


LEFT, RIGHT = [[1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]
NEARLY = [[1.0, 0.0], [0.96, 0.0]]


def test_two_methods_differ_visibly_where_their_colours_do(tools, network):
    """Of four photos: the same map, the same but scaled (people see no difference), nearly the same, opposite sides."""
    first, second, third, fourth = tools.images.order_by("pk")
    fifth = make_image(tools, 4)
    for image, cells, other_cells in (
        (first, LEFT, LEFT),
        (second, LEFT, (np.array(LEFT) * 9).tolist()),
        (third, LEFT, RIGHT),
        (fifth, LEFT, NEARLY),
    ):
        a_map(image, network, "grad-cam", cells)
        a_map(image, network, "hirescam", other_cells)
    a_map(fourth, network, "grad-cam", LEFT)  # the other is not there
    others(fourth, network, lambda image, network, **fields: a_map(image, network, "hirescam", **fields))
    seen = []
    (pair,) = method_comparison.compare(
        image_set=tools, asked=asked(network), report=lambda *done: seen.append(done)
    )
    assert (pair.first, pair.second, pair.photos) == (*METHODS, 4)
    assert pair.visible == pytest.approx(1 / 4)
    assert 0.99 < pair.correlation <= 1
    placed = [
        render.place(np.array(cells), (0, 0, 64, 64), render.frame_box(64, 64), method_comparison.SIDE)
        for cells in (LEFT, RIGHT, NEARLY)
    ]
    assert pair.difference == pytest.approx(
        (np.abs(placed[0] - placed[1]).mean() + np.abs(placed[0] - placed[2]).mean()) / 4
    )
    assert seen == [(5, 5)]


def test_maps_that_are_flat_have_no_correlation(tools, network):
    first = tools.images.order_by("pk").first()
    a_map(first, network, "grad-cam", LEFT)
    a_map(first, network, "hirescam", [[1.0, 1.0], [1.0, 1.0]])
    (pair,) = method_comparison.compare(image_set=tools, asked=asked(network))
    assert (pair.correlation, pair.photos) == (None, 1)
    assert method_comparison.compare(image_set=tools, asked=asked(network, methods=["grad-cam"])) == []


def test_correlation_is_pearson_s():
    first, second = np.random.default_rng(1).random((2, 3, 4))
    assert method_comparison.correlation(first, second) == pytest.approx(
        np.corrcoef(first.ravel(), second.ravel())[0, 1]
    )
    assert method_comparison.correlation(first, -3 * first + 7) == pytest.approx(-1)


def test_the_figure_shows_what_each_map_leaves_and_the_box_in_green(tools, network):
    first, second, *_ = tools.images.order_by("pk")
    first.boxes = [[8, 8, 56, 56]]
    first.save()
    row = a_map(first, network, "grad-cam", LEFT)
    others(second, network, a_map)
    drawn, bare = figure4.figure4_rows(images=[first, second], asked=asked(network))
    assert (drawn.image, drawn.maps, list(drawn.methods)) == (first, {"grad-cam": row.pk}, ["grad-cam"])
    assert (bare.methods, bare.maps) == ({}, {})
    assert [picture.words for picture in drawn.methods["grad-cam"]] == [
        f"grad-cam at {part}% of its maximum" for part in (10, 30, 50)
    ]
    assert drawn.photo.words == f"hammer ({first.original_name})"
    frame = render.frame_picture(pixels_of(first), figure4.SIDE)
    placed = render.place(row.array(), crop_of(network, first), render.frame_box(64, 64), figure4.SIDE)
    for part, picture in zip(figure4.THRESHOLDS, drawn.methods["grad-cam"], strict=True):
        shown = np.asarray(PillowImage.open(io.BytesIO(picture.jpeg))).astype(int)
        kept = (placed >= part * placed.max())[20:-20, 20:-20]
        inside = shown[20:-20, 20:-20].sum(2)
        assert inside[~kept].mean() < 30 < inside[kept].mean()
        assert np.abs(inside[kept] - frame[20:-20, 20:-20].sum(2)[kept]).mean() < 60
    # the box is 8 of 64 pixels from the left, the frame begins at 4.16: about 11.6 of its 168
    scale = figure4.SIDE / (0.87 * 64)
    edge = round((8 - 4.16) * scale)
    picture = np.asarray(PillowImage.open(io.BytesIO(drawn.photo.jpeg))).astype(int)
    line = picture[60:110, edge - 1 : edge + 3].reshape(-1, 3)
    assert (line[:, 1] - line[:, [0, 2]].max(1)).max() > 100


def test_a_sweep_compares_each_setting_with_the_exact_method(photos, tiny, monkeypatch):
    monkeypatch.setattr(
        parameter_sweep,
        "SETTINGS",
        ({"groups": 2, "depth": 0, "threshold": 0.01}, {"groups": 8, "depth": 100, "threshold": 0.0}),
    )
    images = list(photos.images.order_by("pk")[:2])
    images[1].class_name, images[1].class_index = "my bicycle", None
    told = []
    exact, coarse, whole = parameter_sweep.sweep(
        network=tiny, images=images, report=lambda *done: told.append(done)
    )
    assert (exact.method, exact.parameters, exact.agreement) == ("ablation-cam", {}, None)
    assert (coarse.method, coarse.parameters["groups"]) == ("ablation-cam++", 2)
    assert coarse.agreement < whole.agreement == pytest.approx(1, abs=1e-4)
    assert {setting.photos for setting in (exact, coarse, whole)} == {1}
    assert min(setting.milliseconds for setting in (exact, coarse, whole)) > 0
    assert told == [(1, 3), (2, 3), (3, 3)]
    with monkeypatch.context() as clock:
        # three runs of each: the first is slow, the last of the first two a little faster than the one that counts
        runs = [4.0, 0.25, 0.125, 9.0, 0.5, 0.25, 3.0, 0.125, 0.125]
        ticks = iter(
            [tick for place, length in enumerate(runs) for tick in (10.0 * place, 10.0 * place + length)]
        )
        clock.setattr(machine.time, "perf_counter", lambda: next(ticks))
        timed = parameter_sweep.sweep(network=tiny, images=images[:1])
    assert [setting.milliseconds for setting in timed] == [250.0, 500.0, 125.0]
    nothing = parameter_sweep.sweep(network=tiny, images=images[1:])
    assert [(setting.photos, setting.milliseconds, setting.agreement) for setting in nothing] == [
        (0, 0.0, None)
    ] * 3
