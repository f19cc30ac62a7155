"""Distinguish: maps of several classes side by side, that nothing tells which is right, and what becomes of what people pick."""

import base64
import csv
import importlib.util
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse
from PIL import Image as PillowImage

from explain.cam.rendering import render
from explain.map_sources import source_of
from explain.maps import draw_pictures, side_by_side
from explain.models import ExplanationMap, ImageSet, MapSet, Prediction
from studies.exports.archive import export
from studies.exports.report import report_html
from studies.lifecycle.fingerprint import is_intact
from studies.lifecycle.opening import open_study
from studies.lifecycle.readiness import MissingMapsError, create_study
from studies.lifecycle.seal_words import seal_in_words
from studies.models import CheckMap, Invitation, Item, ItemPanel, Study
from studies.protocol import NotSeenYetError, ProtocolError, check_protocol, precompute_command
from studies.results.as_json import scores_json
from studies.results.part import AnswerSelection
from studies.setup.preview import shots_of
from studies.simulation import blinding_audit
from studies.simulation.truth_audit import TrialPage, leaks_of
from studies.trial_types import trial_type_of
from tests import by_sql
from tests.factories import CONSENT, make_image, make_network, new_map
from tests.studies.blinding import Clock

pytestmark = pytest.mark.django_db
PHOTOS = 8
CLASSES = ["hammer", "dam", "crane", "cup", "spoon"]
BOXES = [[4, 4, 30, 30]]


def protocol(**changes):
    return {
        "version": 1,
        "consent": CONSENT,
        "slug": "distinguish",
        "title": "Which is it?",
        "task": "distinguish",
        "photos": {"set": "birds"},
        "arms": [
            {"network": "tiny", "method": "grad-cam"},
            {"network": "tiny", "method": "random"},
            {"none": True, "name": "nothing"},
        ],
        "design": {"seed": 3, "responses_per_item": 3, "trials_per_participant": 8, "practice": True},
        **changes,
    }


@pytest.fixture
def photos():
    """Eight photos of two classes. The network gets three wrong; of one of these the photo's class is not among its likeliest four."""
    network = make_network()
    network.class_names = CLASSES
    network.save()
    image_set = ImageSet.objects.create(name="birds")
    images = [
        make_image(image_set, number, class_name=CLASSES[number % 2], class_index=number % 2)
        for number in range(PHOTOS)
    ]
    for number, image in enumerate(images):
        label = number % 2
        top = 2 if number in (1, 2, 5) else label
        others = [index for index in (3, 4, 1, 0, 2) if index not in (top, label)]
        likeliest = [top, *others, label] if number == 5 else list(dict.fromkeys([top, label, *others]))
        Prediction.objects.create(
            image=image, network=network, top_class=top, top_probability=0.5, likeliest=likeliest
        )
        for method in ("grad-cam", "random"):
            for target in range(len(CLASSES)):
                row = new_map(image, network, method)
                values = np.random.default_rng([number, target]).random((7, 7)).astype("<f4")
                if method == "grad-cam":
                    values[:] = 0
                    values.reshape(-1)[target * 9 : target * 9 + 9] = 1
                row.target, row.values = target, values.tobytes()
                row.save()
    return images


def made(**changes):
    return open_study(study=create_study(protocol=check_protocol(protocol(**changes))))


def with_asks(asks, classes=4):
    return {"distinguish": {"asks": asks, "classes": classes}}


# Getting ready


def test_the_likeliest_classes_stand_side_by_side_and_the_right_one_in_each_place_equally_often(photos):
    for asks, key in (("network", "says"), ("label", "label")):
        study = made(slug=asks, **with_asks(asks))
        places = []
        for item in study.items.select_related("image"):
            said = item.prediction
            assert len(set(said["targets"])) == 4
            assert CLASSES[said["targets"][said["places"]["says"]]] == said["says"]
            assert CLASSES[said["targets"][said["places"]["label"]]] == said["label"] == item.image.class_name
            assert trial_type_of(study).answers.truth(said) == 2 * said["places"][key] + said["right"]
            places.append(said["places"][key])
            for item_map in item.item_maps.exclude(arm__name="nothing"):
                shown = [panel.map for panel in item_map.panels.order_by("place")]
                assert [row.target for row in shown] == said["targets"]
                assert item_map.map.target == said["targets"][said["places"]["says"]]
        assert sorted(places) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_a_picture_has_the_map_of_each_class_in_its_place(photos):
    study = made(**with_asks("network", 2))
    item_map = study.items.first().item_maps.get(arm__name="grad-cam")
    with item_map.picture.open("rb") as file:
        picture = np.asarray(PillowImage.open(BytesIO(file.read())).convert("RGB"), float)
    height, width = picture.shape[:2]
    assert width == 2 * height
    halves = [picture[:, :height], picture[:, height:]]
    maps = [panel.map for panel in item_map.panels.order_by("place")]
    extents = [(row, source_of(row).extent(row, row.image)) for row in maps]
    drawn = draw_pictures(item_map.item.image, "overlay", extents)
    apart = np.array([[np.abs(half - picture).mean() for picture in drawn] for half in halves])
    assert apart[0, 0] < apart[0, 1] / 2
    assert apart[1, 1] < apart[1, 0] / 2
    none = study.items.first().item_maps.get(arm__name="nothing")
    assert {panel.map.method for panel in none.panels.all()} == {"none"}


def test_a_dry_run_shows_maps_side_by_side_as_well(photos, admin_client):
    draft = Study.objects.create(slug="draft", title="T", task="distinguish", protocol=protocol(slug="draft"))
    for study in (draft, create_study(protocol=check_protocol(protocol()))):
        for shot in shots_of(study):
            _photo, picture = shot.pictures
            assert not shot.stands_in
            assert "/side-by-side/" in picture
            reply = admin_client.get(picture)
            assert PillowImage.open(BytesIO(reply.content)).size == (2 * render.PICTURE, 2 * render.PICTURE)
    others = "-".join(str(row.pk) for row in ExplanationMap.objects.order_by("image")[:100:60])
    for keys in (others, "1", "1-0", "x-1"):
        assert admin_client.get(reverse("maps-side-by-side", args=["overlay", keys])).status_code == 404


def test_letters_stand_in_the_corners():
    sheet = side_by_side([np.full((40, 40, 3), value, np.uint8) for value in (10, 60, 110)])
    assert sheet.shape == (80, 80, 3)
    assert [int(sheet[row, column, 0]) for row, column in ((20, 20), (20, 60), (60, 20), (60, 60))] == [
        10,
        60,
        110,
        236,
    ]
    corners = [sheet[row : row + 5, column : column + 5] for row, column in ((0, 0), (0, 40), (40, 0))]
    assert {int(corner[0, 0, 0]) for corner in corners} == {255}
    assert len({corner.tobytes() for corner in corners}) == 3
    alone = np.zeros((4, 4, 3), np.uint8)
    assert side_by_side([alone]) is alone


def test_what_is_not_there_yet_is_made_by_a_run_that_names_its_classes(photos):
    assert precompute_command(check_protocol(protocol())).endswith("--methods grad-cam,random --target top-4")
    ExplanationMap.objects.filter(image=photos[0], method="grad-cam", target=0).delete()
    with pytest.raises(MissingMapsError, match="1 of 8 maps of grad-cam by tiny are missing"):
        made()
    Prediction.objects.filter(image=photos[0]).update(likeliest=[])
    with pytest.raises(NotSeenYetError, match="tiny has not looked at all photos"):
        made()


def test_a_network_with_fewer_classes_is_refused_at_once(photos):
    """It was asked to look at its photos again, whenever it had."""
    with pytest.raises(
        ProtocolError, match=r"distinguish\.classes: is 6; tiny knows 5 classes, so ask for no more"
    ):
        made(**with_asks("network", classes=6))


def test_maps_of_one_class_each_are_refused(photos):
    MapSet.objects.create(
        name="brought", image_set=photos[0].image_set, covers="photo", sign="positive", scale="max"
    )
    arms = [*protocol()["arms"], {"maps": "brought"}]
    with pytest.raises(ProtocolError, match="has brought, whose maps are of one class each"):
        made(arms=arms)


def test_which_map_stands_where_is_sealed(photos):
    study = made()
    assert is_intact(study)
    panels = ItemPanel.objects.filter(item_map__item__study=study, item_map__arm__name="grad-cam")
    first, second = panels.order_by("pk")[:2]
    assert lines_of_seal(study) == []
    by_sql.change(ItemPanel.objects.filter(pk=first.pk), map_id=second.map_id)
    assert not is_intact(study)
    assert lines_of_seal(study) == ["the map of item 0 arm 0 place 0 has other values"]
    by_sql.change(ItemPanel.objects.filter(pk=first.pk), map_id=first.map_id)
    assert is_intact(study)
    item = study.items.first()
    by_sql.change(
        Item.objects.filter(pk=item.pk), prediction={**item.prediction, "right": not item.prediction["right"]}
    )
    assert not is_intact(study)
    assert lines_of_seal(study) == ["what the network says of item 0 right: was false, is true"]


def test_a_file_of_a_map_side_by_side_that_is_no_longer_what_it_was_breaks_the_seal(photos):
    study = made()
    panel = ItemPanel.objects.filter(item_map__item__study=study, place=1).order_by("pk").first()
    name = default_storage.save("maps/changed.npz", ContentFile(b"no array"))
    by_sql.change(
        ExplanationMap.objects.filter(pk=panel.map_id),
        values=b"",
        array_file=name,
        array_sha256=panel.map.values_sha256,
    )
    found = seal_in_words(Study.objects.get(), with_pictures=True)
    assert any(line.startswith("the map of item 0 arm 0 place 1 ") for line in found.lines), found.lines


def lines_of_seal(study) -> list[str]:
    """What everything about the study's answers says at its top."""
    found = seal_in_words(Study.objects.get(pk=study.pk))
    return found.lines if found else []


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"classes": 7}, "distinguish.classes: is 7; it must be"),
        ({"asks": "both"}, "distinguish.asks: is 'both'"),
    ],
)
def test_what_a_protocol_may_not_say_is_named(table, said):
    with pytest.raises(ProtocolError) as caught:
        check_protocol(protocol(distinguish=table))
    assert said in str(caught.value)


# Taking part


def test_people_read_the_question_that_the_protocol_asks_and_no_class(photos, visitor):
    for asks, question in (
        ("network", "that the program chooses"),
        ("label", "that the photo really belongs to"),
    ):
        study = made(slug=asks, **with_asks(asks))
        visitor.start(reverse("join", args=[Invitation.issue(study)[1]]))
        assert question in visitor.soup.select_one("#question").get_text()  # of the example
        visitor.press(value=0)
        while not visitor.on_trial:
            visitor.press(**({"value": 0} if visitor.soup.select("button[name=value]") else {}))
        assert question in visitor.soup.select_one("#question").get_text()
        assert visitor.soup.select_one("#named").get_text() == ""
        assert [
            b.select_one("span").get_text() for b in visitor.soup.select("#answer button[name=value]")
        ] == [*"ABCD"]


# Blindness of the truth


def truth_leaks(study):
    checks = blinding_audit.check_blinding(study=study)
    return next(check for check in checks if check.name == "truth").leaks


@pytest.fixture
def audited(photos, monkeypatch):
    monkeypatch.setattr(blinding_audit, "time", Clock())
    return made()


def test_the_audit_finds_nothing_that_tells_which_map_is_right(audited):
    assert truth_leaks(audited) == []


@pytest.mark.parametrize(
    ("leak", "said"),
    [
        ("json", "the JSON of a trial tells whether map A is right"),
        ("html", "the text of a trial tells whether map A is right"),
        ("header", "a header of a trial tells whether map A is right"),
        ("class", "a page holds 'hammer', and names no class"),
        ("size", "the length of a page goes with whether map A is right"),
        ("time", "the time that a page takes goes with whether map A is right"),
    ],
)
def test_a_leak_of_each_kind_is_found(audited, monkeypatch, leak, said):
    """Planted into each page as it comes, by whether the first map is right."""
    usual = blinding_audit.pages_of

    def leaky(replies):
        for page in usual(replies):
            body, headers, seconds = page.body, dict(page.headers), page.seconds
            first = page.prediction["places"]["says"] == 0
            if leak == "json":
                body = body.replace('"position": ', f'"right": "{"yes" if first else "no"}", "position": ')
            elif leak == "html":
                body = body.replace("</main>", f"<i class={'a' if first else 'b'}></i></main>")
            elif leak == "header":
                headers["x-cache"] = "hit" if first else "miss"
            elif leak == "class":
                body = body.replace("</main>", f"<i>{page.prediction['says']}</i></main>")
            elif leak == "size":
                body = body.replace("</main>", "<i></i>" * (1 + page.position % 3 + 9 * first) + "</main>")
            else:
                seconds = 0.1 + first + page.position / 100
            yield replace(page, body=body, headers=headers, seconds=seconds)

    monkeypatch.setattr(blinding_audit, "pages_of", leaky)
    assert [found for found in truth_leaks(audited) if said in found]


def test_one_page_alone_says_nothing():
    """Of four pages the first, on which nothing can be undone, is the only one on which the fact is so; or one of two such."""

    def pages(*so):
        said = {"label": "", "says": ""}
        bodies = ["<main></main>"] + ["<main><i></i></main>"] * 3
        return [
            TrialPage({**said, "right": is_so}, place, {}, body, 0.1)
            for place, (is_so, body) in enumerate(zip(so, bodies, strict=True))
        ]

    assert leaks_of(pages(True, False, False, False), [], 0) == []
    assert leaks_of(pages(True, True, False, False), [], 0) == []
    apart = [
        replace(page, body=f"<main><b class={'x' if page.right else 'y'}></b></main>")
        for page in pages(True, True, False, False)
    ]
    assert leaks_of(apart, [], 0) == ["the text of a trial tells whether the network is right"]


def test_in_a_check_the_map_on_the_object_stands_last(photos):
    for image in photos:
        image.boxes = BOXES
        image.save()
    design = {"seed": 3, "responses_per_item": 3, "trials_per_participant": 8, "attention_checks": 1}
    study = made(design=design, **with_asks("network", 2))
    rows = CheckMap.objects.filter(item__study=study)
    assert set(rows.values_list("place", flat=True)) == {0}
    with rows.first().file.open("rb") as file:
        picture = PillowImage.open(BytesIO(file.read()))
    assert picture.width == 2 * picture.height
    answers = trial_type_of(study).answers
    assert [bool(answers.prefers_first(answers.stored_value((0,), shown))) for shown in (0, 1)] == [
        False,
        True,
    ]


# Results and files


@pytest.fixture
def answered(another_visitor, photos):
    """With the first arm everybody is right, with noise they pick A, and without an explanation what comes next to it."""
    study = made()
    join = reverse("join", args=[Invitation.issue(study)[1]])
    while study.trials.filter(state="open").exists():
        visitor = another_visitor()
        visitor.start(join)
        while not visitor.on_trial:
            visitor.press(**({"value": 0} if visitor.soup.select("button[name=value]") else {}))
        while visitor.on_trial:
            trial = study.participants.latest("pk").trials.filter(state="claimed").order_by("position")[0]
            right = trial.item.prediction["places"]["says"]
            visitor.answer((right, 0, (right + 1) % 4)[trial.arms[0]])
    return study


def test_accuracy_stands_beside_chance_and_files_say_what_is_right_and_are_recomputed(answered, tmp_path):
    found = scores_json(answered, AnswerSelection("real"))
    assert found["chance"] == 0.25
    assert found["by_arm"] == pytest.approx({"grad-cam": 1.0, "random": 0.25, "nothing": 0.0})
    arms = found["measures"]["accuracy"]["arms"]
    assert arms["grad-cam"]["over_chance"]["estimate"] == pytest.approx(0.75)
    assert arms["grad-cam"]["over_chance"]["p"] < 0.05 < arms["random"]["over_chance"]["p"]
    assert found["measures"]["where_wrong"]["arms"]["grad-cam"]["answers"] == 3
    pairs = [(row["first"], row["second"]) for row in found["measures"]["accuracy"]["contrasts"]]
    assert pairs == [("grad-cam", "nothing"), ("random", "nothing"), ("grad-cam", "random")]
    export(study=answered, to=tmp_path, formats=["csv"])
    with (tmp_path / "answers.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    said = {str(item.index): item.prediction for item in answered.items.all()}
    for row in rows:
        assert row["right_letter"] == "ABCD"[said[row["item"]]["places"]["says"]]
        assert row["picked_right"] == str(int(row["letter"] == row["right_letter"]))
        assert row["network_was_right"] == str(int(said[row["item"]]["right"]))
        assert row["distinguished"] == f"{row['maps_by']}: {row['letter']}"
    assert recompute(tmp_path) == 0


def test_the_report_shows_the_trial_with_the_question_that_was_asked_and_no_class(photos):
    study = made(**with_asks("label", classes=2))
    page = BeautifulSoup(report_html(study), "html.parser")
    seen = page.select_one(".trial-seen")
    wanted = study.wording["label_question"]
    assert wanted in seen.text
    assert f"“{wanted}”" in page.text
    assert study.wording["question"] not in page.text
    assert not any(name in seen.text or name in str(seen.select_one("img")["alt"]) for name in CLASSES)
    assert "with its class title" not in page.text
    shown = base64.b64decode(seen.select_one(".maps img")["src"].partition(",")[2])
    with PillowImage.open(BytesIO(shown)) as picture:
        assert picture.width == 2 * picture.height  # as people saw it, not pressed into a square


def recompute(folder):
    path = Path(__file__).parents[3] / "docs/recompute_distinguish.py"
    spec = importlib.util.spec_from_file_location("recompute_distinguish", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.argv = ["recompute", str(folder / "answers.csv"), "--check", str(folder / "scores.json")]
    own = (module.__doc__, module.ANSWER, module.declared, module.Study, module.results, module.facts_of)
    return module.verify.main(*own)
