"""F1 by class by hand, and which photos a network gets right."""

import json
from collections import Counter

import pytest
from django.core.management import CommandError, call_command

from explain.models import ImageSet, Prediction
from explain.selection.queries import f1_by_class, tallies, verdicts
from tests.factories import make_image, make_network

NAMES = ["cat", "dog", "owl", "emu"]
# label -> what the network says of each of its photos
SAID = {"cat": ["cat", "cat", "dog", "emu"], "dog": ["dog", "cat"], "owl": ["owl"]}


@pytest.fixture
def image_set(db):
    animals = ImageSet.objects.create(name="animals")
    for label, answers in SAID.items():
        for number, _ in enumerate(answers):
            make_image(animals, number, label, NAMES.index(label))
    return animals


def network_that_says(name: str, image_set: ImageSet, answers: dict[str, list[str]] = SAID):
    network = make_network(name)
    network.class_names = NAMES
    network.save()
    for label, answers_of_label in answers.items():
        for image, answer in zip(
            image_set.images.filter(class_name=label).order_by("pk"), answers_of_label, strict=True
        ):
            Prediction.objects.create(
                image=image, network=network, top_class=NAMES.index(answer), top_probability=0.5
            )
    return network


def test_f1_by_class_is_what_it_is_by_hand(image_set):
    """cat: TP 2, FP 1, FN 2 -> P 2/3, R 1/2, F1 4/7. dog: TP 1, FP 1, FN 1 -> 1/2. owl: all 1. emu has no photos."""
    f1_table = f1_by_class(image_set=image_set, network=network_that_says("a", image_set))
    table = {
        class_f1.class_name: (class_f1.precision, class_f1.recall, class_f1.f1)
        for class_f1 in f1_table.classes
    }
    assert table["cat"] == pytest.approx((2 / 3, 1 / 2, 4 / 7))
    assert table["dog"] == pytest.approx((1 / 2, 1 / 2, 1 / 2))
    assert table["owl"] == (1, 1, 1)
    assert [class_f1.class_name for class_f1 in f1_table.classes] == ["owl", "cat", "dog"]
    assert f1_table.macro_precision == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    assert f1_table.macro_recall == pytest.approx((1 / 2 + 1 / 2 + 1) / 3)
    assert f1_table.macro_f1 == pytest.approx((4 / 7 + 1 / 2 + 1) / 3)
    assert f1_table.accuracy == pytest.approx(4 / 7)


def test_a_class_that_is_never_named_has_zero_not_an_error(image_set):
    answers = SAID | {"owl": ["emu"]}
    f1_table = f1_by_class(image_set=image_set, network=network_that_says("a", image_set, answers))
    owl = next(class_f1 for class_f1 in f1_table.classes if class_f1.class_name == "owl")
    assert (owl.precision, owl.recall, owl.f1) == (0, 0, 0)


def test_photos_of_unknown_class_and_photos_not_seen_are_counted_apart(image_set):
    network = network_that_says("a", image_set)
    make_image(image_set, 99, "yak", 2000)
    make_image(image_set, 98, "cat", 0)
    f1_table = f1_by_class(image_set=image_set, network=network)
    assert (f1_table.photos, f1_table.left_out, f1_table.unseen) == (7, 1, 1)


def test_a_set_without_predictions_has_no_means(image_set):
    f1_table = f1_by_class(image_set=image_set, network=make_network("a"))
    assert (f1_table.classes, f1_table.macro_f1, f1_table.accuracy) == ([], None, None)


def test_networks_of_other_numbering_agree_by_name(image_set):
    """The same four animals in another order: the label is looked up by its name."""
    turned = make_network("turned")
    turned.class_names = NAMES[::-1]
    turned.save()
    for image in image_set.images.all():
        Prediction.objects.create(
            image=image, network=turned, top_class=NAMES[::-1].index(image.class_name), top_probability=1
        )
    by_turned = verdicts(images=image_set.images.all(), network=turned)
    assert all(by_turned.is_right(image.pk) for image in image_set.images.all())
    assert f1_by_class(image_set=image_set, network=turned).macro_f1 == 1


def test_the_database_counts_what_the_verdicts_say_one_by_one(image_set, django_assert_num_queries):
    networks = [network_that_says("a", image_set), make_network("silent")]
    make_image(image_set, 99, "yak", 2000)
    says = [verdicts(images=image_set.images.all(), network=network) for network in networks]
    with django_assert_num_queries(1):
        counted = tallies(image_set=image_set, networks=networks)
    one_by_one = Counter(
        (
            image.class_name,
            tuple(verdict.labels[image.pk] for verdict in says),
            tuple(verdict.top.get(image.pk) for verdict in says),
        )
        for image in image_set.images.all()
    )
    assert {(tally.class_name, tally.labels, tally.says): tally.photos for tally in counted} == one_by_one


def test_the_command_computes_what_is_missing_and_prints_a_table_or_json(photos, tiny, capfd):
    call_command("f1", "photos", network="tiny")
    out, bar = capfd.readouterr()
    assert out.splitlines()[0].split() == ["class", "photos", "precision", "recall", "f1"]
    assert out.splitlines()[-1].startswith("all classes (macro)")
    assert "5/5" in bar
    assert Prediction.objects.count() == 5
    call_command("f1", "photos", "--network", "tiny", "--json")
    out, bar = capfd.readouterr()
    printed = json.loads(out)
    assert bar == ""
    assert (printed["photos"], {row["class"] for row in printed["classes"]}) == (5, {"hammer", "solar dish"})
    assert printed["macro_f1"] == pytest.approx(sum(row["f1"] for row in printed["classes"]) / 2)


def test_an_unknown_network_is_one_line(photos):
    with pytest.raises(CommandError, match="there is no network “none”") as caught:
        call_command("f1", "photos", network="none")
    assert caught.value.returncode == 2
