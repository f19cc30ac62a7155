"""What ablation costs at each layer is measured in every form that fits, and earlier layers are judged on the same photos."""

import numpy as np
import pytest
import torch

from explain.core import machine
from explain.core.errors import BadInputError
from explain.evaluation import figures_by_layer, layer_costs, layers_to_measure, make_figure, want_figure
from explain.evaluation.layers.choose import cut_at
from explain.networks import load_network

pytestmark = pytest.mark.django_db


def test_layers_go_from_the_last_to_earlier_ones_of_more_cells(tiny):
    net = load_network(tiny)
    layers = layers_to_measure(net)
    assert layers[0] == net.layer
    shapes = [cut_at(net, layer).features(net._example()).shape for layer in layers]
    cells = [height * width for _, _, height, width in shapes]
    assert cells == sorted(cells)
    assert len(set(cells)) > 2
    # the second is of the last layer's size, where no closed form fits any more
    assert cells[0] == cells[1]
    assert cut_at(net, layers[0]).head.kind != "general"
    assert cut_at(net, layers[1]).head.kind == "general"
    assert layers_to_measure(net, most_cells=cells[0]) == layers[:2]


def test_the_cost_of_a_layer_is_that_of_all_its_cells(photos, tiny, monkeypatch):
    """The clock ticks a second for every reading: each time is 1,000 ms, and 8 of 25 cells take 1,000 of 3,125."""
    monkeypatch.setattr(machine.os, "getloadavg", lambda: (3.9, 0, 0))
    monkeypatch.setattr(machine, "processors", lambda: 2)
    seconds = iter(range(1000))
    monkeypatch.setattr(machine.time, "perf_counter", lambda: next(seconds))
    net = load_network(tiny)
    layers = layers_to_measure(net)[:2]
    told = []
    last, before = layer_costs(
        network=tiny, image=photos.images.first(), layers=layers, most_measured=8, report=lambda *done: told.append(done),
    )  # fmt: skip
    assert (last.layer, before.layer) == tuple(layers)
    assert told == [(0, 2), (1, 2), (2, 2)]
    assert (last.measured, last.cells) == (8, 25)
    assert last.general == pytest.approx(1000 * 25 / 8)
    assert (last.rest, last.whole, last.closed) == (1000, 1000, 1000)
    assert (before.form, before.closed) == ("general", None)
    assert (last.on["load"], machine.is_loaded(last.on)) == (3.9, True)
    row = last.to_json()
    assert row["each"] == pytest.approx(1000 / 8)


def test_a_time_is_the_median_of_three():
    ticks = iter([0.0, 1.0, 10.0, 12.0, 20.0, 29.0])
    with pytest.MonkeyPatch.context() as clock:
        clock.setattr(machine.time, "perf_counter", lambda: next(ticks))
        results = iter("abc")
        assert machine.timed(lambda: next(results)) == ("a", 2000)


@pytest.mark.parametrize(("load", "is_high"), [(0.2, False), (2.4, False), (2.6, True), (7.0, True)])
def test_times_say_the_machine_and_whether_its_load_was_high(monkeypatch, load, is_high):
    monkeypatch.setattr(machine.os, "getloadavg", lambda: (load, 0, 0))
    monkeypatch.setattr(machine, "processors", lambda: 2)
    on = machine.machine(0.1)
    assert machine.is_loaded(on) == is_high
    words = machine.in_words(on)
    assert f"2 processors, {torch.get_num_threads()} thread" in words
    assert f"load average {load:g}" in words
    assert words.endswith("so these times are too long") == is_high
    assert machine.machine(9.0)["load"] == 9.0  # it was high when the measuring began


def test_the_figures_of_a_layer_are_those_of_its_own_maps_over_the_same_photos(photos, tiny):
    from explain.cam import explain
    from explain.evaluation.measure import PhotoWithMaps, measure_photos
    from explain.evaluation.protocols import find_protocol
    from explain.photos import label_target, pixels_of

    images = list(photos.images.order_by("pk")[:3])
    images[2].class_name, images[2].class_index = "my bicycle", None  # nobody knows what to explain
    net = load_network(tiny)
    layers = layers_to_measure(net)[:3]
    told = []
    rows = figures_by_layer(
        images=images, network=tiny, layers=layers, report=lambda *done: told.append(done)
    )
    assert [row.layer for row in rows] == layers
    assert [row.photos for row in rows] == [2, 2, 2]
    assert told == [(n, 6) for n in range(7)]
    early = cut_at(net, layers[2])
    drops = []
    for image in images[:2]:
        target = label_target(image, tiny)
        batch = net.preprocess(pixels_of(image))[None]
        cells = explain(early, batch, ["pixel-ablation-cam"], targets=[target]).maps["pixel-ablation-cam"][0]
        photo = PhotoWithMaps("x", pixels_of(image), target, [], {"m": cells.numpy()})
        (row,) = measure_photos(net, [photo], find_protocol("paper"))
        drops.append(100 * max(0.0, 1 - row["m"]["confidence_left"] / row["m"]["confidence"]))
    assert rows[2].cells == cells.numel() > rows[0].cells
    assert rows[2].figures[0].value == pytest.approx(np.mean(drops), abs=1e-3)


def test_the_figure_by_layer_names_its_layers_and_refuses_others(photos, tiny):
    images = list(photos.images.order_by("pk")[:1])
    wanted = want_figure(
        "layers", image_set=photos, networks=[tiny], names=[image.original_name for image in images]
    )
    figure = make_figure(wanted)
    (block,) = figure.blocks
    assert [head.partition(":")[0] for head in block.columns] == ["Photo", *wanted.layers]
    assert f"--layers {','.join(wanted.layers)}" in " ".join(wanted.words)
    with pytest.raises(BadInputError, match="has no layer nowhere to be cut at; choose from"):
        want_figure("layers", image_set=photos, networks=[tiny], layers=["nowhere"])
