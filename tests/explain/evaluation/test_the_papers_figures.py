"""Each of the paper's figures comes from stored maps, laid out for a page, the same each time, and says what it shows."""

import base64
import io
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image as PillowImage

from explain.cam.rendering import render
from explain.core.errors import BadInputError
from explain.evaluation import figure4, make_figure, want_figure
from explain.evaluation.figures.page import HEAD, SMALL, WIDTH, Placed, Text, laid_out, wrapped
from explain.evaluation.figures.photos import photos_for_localisation, photos_of_several, photos_spread
from explain.evaluation.figures.svg import as_svg
from explain.maps import crop_of
from explain.models import Image, ImageSet, Prediction
from explain.photos.pixels import pixels_of
from tests.factories import make_image, make_network

from .test_read_maps_and_figures import WHOLE, a_map

pytestmark = pytest.mark.django_db
METHODS = ("grad-cam", "ablation-cam", "ablation-cam++", "pixel-ablation-cam")
LEFT, RIGHT = [[1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]


@pytest.fixture
def network(network):
    network.preprocessing = WHOLE
    network.save()
    return network


@pytest.fixture
def mapped(tools, network):
    """Three photos with a box and every map: Pixel Ablation-CAM to the right, all others to the left."""
    tools.images.update(boxes=[[8, 8, 30, 30]])
    for image in tools.images.all():
        for method in METHODS:
            a_map(image, network, method, RIGHT if method == "pixel-ablation-cam" else LEFT)
    return tools


def pictures(svg: str) -> list[tuple[str, np.ndarray]]:
    """Of every picture in an SVG its words and its pixels."""
    found = []
    for image in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}image"):
        kind, data = image.attrib["href"].split(",")
        assert kind == "data:image/jpeg;base64"
        pixels = PillowImage.open(io.BytesIO(base64.b64decode(data)))
        found.append((image.attrib["aria-label"], np.asarray(pixels).astype(int)))
    return found


def made(number, image_set, networks, **more) -> str:
    return as_svg(make_figure(want_figure(number, image_set=image_set, networks=networks, **more)))


def test_figure_2_has_the_map_of_each_method_beside_its_photo(mapped, network):
    svg = made("2", mapped, [network])
    shown = pictures(svg)
    assert len(shown) == 1 * 5  # all three photos are of one class, and a class has one row
    name = mapped.images.order_by("original_name").first().original_name
    assert [words.partition(":")[0] for words, _ in shown] == [
        f"hammer ({name})", *(f"heat map of hammer by {method}, tiny" for method in METHODS),
    ]  # fmt: skip
    # red lies where the map is: left for the others, right for Pixel Ablation-CAM
    for (words, pixels), where in zip(shown[1:], "lllr", strict=True):
        red = (pixels[..., 0] - pixels[..., 2]).astype(float)
        left, right = red[:, :100].mean(), red[:, -100:].mean()
        assert (left > right) == (where == "l"), words
    assert "layer " in svg and name in svg and "Red is a map’s own maximum" in svg  # noqa: PT018


def test_figure_3_keeps_a_fifth_of_the_frame_and_says_how_many_instances_there_are(mapped, network):
    image = mapped.images.order_by("pk").last()
    Image.objects.filter(pk=image.pk).update(boxes=[[8, 8, 30, 30], [34, 34, 60, 60]])
    svg = made("3", mapped, [network], names=[image.original_name])
    (photo, _), *explanations = pictures(svg)
    assert photo == f"hammer ({image.original_name}), 2 boxes"
    assert "1 of 1 photos show more than one instance" in re.sub(r"<[^>]+>", " ", svg).replace("  ", " ")
    assert [words.split(" by ")[1].split(",")[0] for words, _ in explanations] == [
        "grad-cam", "pixel-ablation-cam",
    ]  # fmt: skip
    for _, pixels in explanations:
        assert (pixels.sum(2) > 60).mean() < 0.3


def test_figure_4_has_thresholds_as_columns_and_methods_as_rows_by_maximum_and_by_percentile(mapped, network):
    image = mapped.images.first()
    figure = make_figure(want_figure("4", image_set=mapped, networks=[network], names=[image.original_name]))
    (block,) = figure.blocks
    assert block.columns == (
        "Photo", "10 % of the maximum", "30 % of the maximum", "50 % of the maximum",
        "10th percentile", "30th percentile", "50th percentile",
    )  # fmt: skip
    assert [row.label for row in block.rows] == ["grad-cam", "pixel-ablation-cam"]
    frame = render.frame_box(64, 64)
    placed = render.place(np.array(LEFT), crop_of(network, image), frame, figure4.SIDE)
    for place, part in enumerate(figure4.THRESHOLDS, start=1):
        by_maximum, by_percentile = block.rows[0].panels[place], block.rows[0].panels[place + 3]
        assert by_maximum.picture.kept == pytest.approx((placed >= part * placed.max()).mean())
        assert by_percentile.picture.kept == pytest.approx((placed >= np.percentile(placed, 100 * part)).mean())  # fmt: skip
        assert by_percentile.under == f"{by_percentile.picture.kept:.0%} kept".replace("%", "\u00a0%")
    notes = " ".join(figure.notes)
    assert "of its maximum" in notes
    assert "percentile" in notes
    assert "does not say which" in notes


def test_figure_5_shows_the_same_photos_with_two_networks(mapped, network):
    other = make_network("other")
    other.preprocessing = WHOLE
    other.save()
    with pytest.raises(BadInputError, match="3 of 3 photos have no map of pixel-ablation-cam by other") as caught:  # fmt: skip
        made("5", mapped, [network, other], names=[image.original_name for image in mapped.images.all()])
    assert (
        caught.value.lines[-1]
        == "First run: manage.py precompute tools --networks other --methods pixel-ablation-cam"
    )
    for image in mapped.images.all():
        a_map(image, other, "pixel-ablation-cam", LEFT)
    shown = pictures(made("5", mapped, [network, other]))
    assert [words.split(", ")[-1].split(":")[0] for words, _ in shown[1:]] == ["tiny", "other"]
    red = [(pixels[..., 0] - pixels[..., 2])[:, :100].mean() for _, pixels in shown[1:]]
    assert red[1] > red[0]


def test_the_command_makes_the_same_file_again_and_png_of_the_same(mapped, network, tmp_path, capsys):
    once, again, png = tmp_path / "2.svg", tmp_path / "again.svg", tmp_path / "2.png"
    for to in (once, again, png):
        call_command("paper_figure", "2", "tools", networks="tiny", to=to)
    assert once.read_bytes() == again.read_bytes()
    picture = PillowImage.open(png)
    assert picture.width == 3 * WIDTH
    assert picture.text["Title"] == "Figure 2. Heat maps of each method"
    assert "tools" in picture.text["Description"]
    assert len(np.unique(np.asarray(picture).reshape(-1, 3), axis=0)) > 100


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["2", "tools", "--networks", "tiny", "--to", "x.pdf"], "ends in .svg or .png"),
        (["2", "tools", "--networks", "tiny", "--to", "no/such/x.svg"], "there is no folder"),
        (["5", "tools", "--networks", "tiny", "--to", "x.svg"], "figure 5 is of 2 networks"),
        (["2", "tools", "--networks", "tiny", "--layers", "a", "--to", "x.svg"], "leave --layers out"),
        (["1", "tools", "--networks", "tiny", "--methods", "grad-cam", "--to", "x.svg"], "leave --methods out"),
        (["2", "tools", "--networks", "tiny", "--to", "x.svg", "--photos", "hen.jpg"], "tools has no hen.jpg"),
        (["3", "tools", "--networks", "tiny", "--to", "x.svg"], "no photo has two boxes or more"),
        (["4", "tools", "--networks", "tiny", "--to", "x.svg"], "nothing to localise"),
        (["2", "tools", "--networks", "tiny", "--to", "x.svg"], "First run: manage.py precompute tools"),
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_refused_with_the_remedy(tools, network, tmp_path, monkeypatch, words, fault):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError, match=fault) as error:
        call_command("paper_figure", *words)
    assert error.value.returncode == 2
    assert list(tmp_path.glob("*.*")) == []


def test_a_figure_fits_a_page_and_its_words_fit_their_columns(mapped, network):
    Prediction.objects.all().delete()
    for number, names in (("2", []), ("4", [image.original_name for image in mapped.images.all()])):
        figure = make_figure(want_figure(number, image_set=mapped, networks=[network], names=names))
        height, items = laid_out(figure)
        assert height < 1000  # quarter millimetres: 250 mm of a page
        for item in items:
            if isinstance(item, Placed):
                assert item.x >= 0
                assert item.x + item.side <= WIDTH + 0.01
                assert item.y + item.side <= height
            elif isinstance(item, Text):
                assert item.size >= min(HEAD, SMALL)
                assert item.y <= height


def test_words_are_broken_where_they_may_be():
    assert wrapped("pixel-ablation-cam/authors", 70, 11) == ["pixel-", "ablation-", "cam/authors"]
    assert wrapped("", 70, 11) == []
    assert " ".join(wrapped("one two three four", 60, 11)) == "one two three four"
    assert wrapped("x" * 30, 60, 10) == ["x" * 10] * 3
    assert wrapped("falls by 3.83\u00a0%", 80, 11) == ["falls by", "3.83\u00a0%"]


def boxed(image_set, number, name, boxes):
    image = make_image(image_set, number, name, number)
    Image.objects.filter(pk=image.pk).update(boxes=boxes)
    return image


def test_photos_for_localisation_have_boxes_that_do_not_fill_the_frame(db):
    image_set = ImageSet.objects.create(name="few")
    for number, name in enumerate(("ant", "bee", "cat", "dog")):
        boxed(image_set, number, name, [[0, 0, 64, 64]])  # an object as large as the photo
    small = [boxed(image_set, 10 + n, name, [[10, 10, 30, 30]]) for n, name in enumerate(("bee", "cat", "dog"))]  # fmt: skip
    assert photos_for_localisation(image_set) == small
    Image.objects.filter(pk=small[2].pk).delete()
    chosen = photos_for_localisation(image_set)
    assert [image.class_name for image in chosen] == ["ant", "bee", "cat"]
    assert small[0] in chosen
    assert small[1] in chosen


def test_photos_of_several_instances_come_after_one_with_a_single_one(db):
    image_set = ImageSet.objects.create(name="few")
    one, two, three = [10, 10, 20, 20], [30, 30, 40, 40], [45, 45, 55, 55]
    assert photos_of_several(image_set) == []
    single = boxed(image_set, 1, "ant", [one])
    assert photos_of_several(image_set) == []
    pair, triple = boxed(image_set, 2, "bee", [one, two]), boxed(image_set, 3, "cat", [one, two, three])
    outside = boxed(image_set, 4, "dog", [one, [0, 0, 1, 1]])  # beyond the frame
    assert photos_of_several(image_set) == [single, triple, pair]
    assert outside not in photos_of_several(image_set)


def test_photos_are_those_that_the_networks_get_right_where_there_are_enough(tools, network):
    image_set = ImageSet.objects.create(name="few")
    images = [make_image(image_set, n, name, n) for n, name in enumerate(("ant", "ant", "bee", "cat"))]
    assert photos_spread(image_set, 3, [network]) == [images[0], images[2], images[3]]
    for image in images[1:]:
        Prediction.objects.create(image=image, network=network, top_class=image.class_index, top_probability=1)  # fmt: skip
    assert photos_spread(image_set, 3, [network]) == images[1:]


def test_figure_1_is_measured_on_a_real_photo_and_layer(photos, tiny):
    """The drops are those of the two ablations by hand: the network's head run on features with a part at zero."""
    import torch

    from explain.evaluation.figures.ablation import _measured
    from explain.networks import load_network
    from explain.photos import label_target

    image = photos.images.first()
    svg = made("1", photos, [tiny], names=[image.original_name])
    assert len(pictures(svg)) == 2 * 4
    measured = _measured(image, tiny)
    net, target = load_network(tiny), label_target(image, tiny)
    features = net.features(net.preprocess(pixels_of(image))[None])
    whole = float(net.head.logits(features)[0, target])
    without_channel, without_cell = features.clone(), features.clone()
    without_channel[:, measured.channel] = 0
    without_cell[:, :, measured.cell[0], measured.cell[1]] = 0
    for changed, drop in (
        (without_channel, measured.channel_drops.max()),
        (without_cell, measured.cell_drops.max()),
    ):
        left = float(net.head.logits(torch.as_tensor(changed))[0, target])
        assert drop == pytest.approx((whole - left) / abs(whole), abs=1e-4)
        assert f"{100 * drop:.2f}\u00a0%" in svg
