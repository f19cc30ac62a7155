"""Which source an arm has, and what there is to choose. The way of each through a study: tests/studies/lifecycle/test_every_map_source.py."""

import re

import pytest

from explain.cam import METHODS
from explain.cam.names import OWN_NAMES, known_methods
from explain.map_sources import SOURCES, methods_in_words, names_of, registered, source_of
from explain.map_sources.computed import NAMED_ONE_BY_ONE, Computed
from explain.map_sources.control import WHAT
from explain.models import ImageSet
from tests.factories import make_image, make_map, make_network
from tests.recorded.record import ROOT

OWN = ("explain/map_sources/", "explain/cam/")  # the pure library names its methods; sources name their arms
KINDS = re.compile(r"""["'](random|centre|control|computed)["']|\barm\.(method|network)\.?\b""")
WEIGHTS = 'DEFAULT, RANDOM = "DEFAULT", "random"'  # of a network without weights


@pytest.mark.parametrize("method", OWN_NAMES)
def test_an_arm_of_each_method_has_one_source(method):
    expected = "control" if METHODS[method].citation == "control" else "computed"
    assert source_of({"network": "tiny", "method": method}).name == expected


def test_every_method_has_a_line_for_whoever_chooses_and_every_control_a_note():
    assert list(methods_in_words()) == list(known_methods())
    assert all(methods_in_words().values())
    assert set(WHAT) == {method.name for method in METHODS.values() if method.citation == "control"}


@pytest.mark.parametrize(
    "keys", [{}, {"name": "G"}, {"network": "tiny"}, {"method": []}, {"method": {"a": 1}}, {"method": 3}]
)
def test_an_arm_that_is_not_whole_is_computed_until_it_says_more(keys):
    assert source_of(keys).name == "computed"


def test_arms_are_called_by_what_differs_among_arms_of_the_same_keys():
    class Drawn(Computed):
        keys = ("drawn",)

        def is_named_by(self, keys):
            return "drawn" in keys

        def short_name(self, keys, among):
            return f"{keys['drawn']} of {len(among)}"

    with registered(Drawn()):
        arms = [{"network": "n", "method": "x"}, {"drawn": "d"}, {"network": "n", "method": "y"}]
        assert names_of(arms) == ["x", "d of 1", "y"]
    assert [source.name for source in SOURCES] == ["pictures", "maps", "none", "control", "computed"]


@pytest.mark.django_db
@pytest.mark.parametrize("count", [2, NAMED_ONE_BY_ONE + 1])
def test_maps_are_those_of_the_photos_network_method_layer_and_label(count):
    """A few photos are looked up by name, many by their set."""
    image_set, tiny, other = (
        ImageSet.objects.create(name="birds"),
        make_network("tiny"),
        make_network("other"),
    )
    images = [make_image(image_set, number) for number in range(count)]
    right = {image.pk: make_map(image, tiny, "grad-cam").pk for image in images[1:]}
    make_map(images[0], other, "grad-cam")
    make_map(images[0], tiny, "hirescam")
    for change in ({"layer": "features.3"}, {"target": 3}):
        row = make_map(images[1], make_network(f"n{change.get('target', 0)}"), "grad-cam")
        for name, value in {"network": tiny, **change}.items():
            setattr(row, name, value)
        row.save()
    keys = {"network": "tiny", "method": "grad-cam"}
    maps = source_of(keys).maps_of(keys, images)
    assert {pk: row.pk for pk, row in maps.items()} == right
    assert source_of(keys).maps_of({"network": "nowhere", "method": "grad-cam"}, images) == {}
    assert source_of(keys).maps_of(keys, []) == {}


def test_no_other_file_asks_which_source_an_arm_has():
    asking = []
    for folder, ending in (("explain", "py"), ("studies", "py"), ("config", "py"), ("templates", "html")):
        for path in sorted((ROOT / folder).rglob(f"*.{ending}")):
            name = path.relative_to(ROOT).as_posix()
            if name.startswith(OWN) or "/migrations/" in name:
                continue
            lines = path.read_text("utf-8").split("\n")
            asking += [f"{name}: {line.strip()}" for line in lines if KINDS.search(line) and line != WEIGHTS]
    assert asking == []
