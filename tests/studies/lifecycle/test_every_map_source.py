"""What every source of maps keeps: an arm of it goes all the way, from the protocol to the export, through the interface alone.

It runs over all sources that are registered. A new source gets all of it for an entry in EXAMPLES.
"""

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from django.urls import reverse
from PIL import Image as PillowImage

from explain.cam.rendering import render
from explain.map_sets import Covers, Fit, Laying, Reading, Request, Scale, Sign, import_maps
from explain.map_sources import SOURCES, source_of
from explain.map_sources.nothing import Nothing
from explain.models import Image, ImageSet, Network
from explain.photos import pixels_of
from studies.exports.archive import export
from studies.exports.report import report_html
from studies.lifecycle.fingerprint import is_intact, what_is_asked
from studies.lifecycle.opening import open_study
from studies.lifecycle.readiness import MissingMapsError, create_study
from studies.lifecycle.seal import broken_seal
from studies.lifecycle.similarity import measure, pairs_of
from studies.lifecycle.study_pictures import prepare_pictures
from studies.models import Event, Study
from studies.protocol import ProtocolError, check_protocol, names_of_arms, read_protocol, to_toml
from studies.results.metric_agreement import NOT_COMPUTED, humans_beside
from studies.results.provenance import origins
from studies.results.summary import summary_of
from studies.setup.drafts import all_faults, create_draft
from studies.setup.preparation import advance, start
from studies.setup.preview import shots_of
from studies.simulation.blinding_audit import check_blinding
from studies.simulation.box_preference import in_boxes
from tests.factories import CONSENT, make_image, make_map, make_network
from tests.studies.filled import fill

pytestmark = pytest.mark.django_db


def draw_by_hand(image: Image, network: Network, border: int = 0) -> None:
    """A finished picture of the photo, as somebody brings it: another program's overlay."""
    cells = np.random.default_rng(image.pk).random((9, 9))
    frame = render.frame_picture(pixels_of(image))
    picture = render.overlay(frame, render.place(cells, (0, 0, 1, 1), (0, 0, 1, 1)))
    if border:
        picture[:border] = picture[-border:] = (200, 0, 0)
    with TemporaryDirectory() as folder:
        PillowImage.fromarray(picture).save(Path(folder) / f"{image.original_name}.png")
        import_maps(
            Request(
                path=Path(folder),
                images="birds",
                name="by-hand",
                reading=Laying(Fit.WHOLE),
                allow=frozenset({"missing"}),
                provenance={"drawn_by": "somebody"},
            )
        )


def from_a_file(image: Image, network: Network) -> None:
    """An array of the photo, as somebody brings it."""
    cells = np.random.default_rng(image.pk).random((7, 7), dtype=np.float32)
    reading = Reading(Covers.PHOTO, Sign.POSITIVE, Scale.MAX)
    with TemporaryDirectory() as folder:
        np.save(Path(folder) / f"{image.original_name}.npy", cells)
        import_maps(
            Request(
                path=Path(folder),
                images="birds",
                name="mine",
                reading=reading,
                allow=frozenset({"missing"}),
                provenance={"made_by": "a script"},
            )
        )


@dataclass(frozen=True)
class Example:
    """An arm of a source as a protocol names it, how its map of a photo comes to be, and what is said of it."""

    keys: dict[str, str]
    bring: Callable[[Image, Network], object]
    notes: list[str]
    lacks: str  # what is said while its maps are missing
    remedy: str
    facts: tuple[str, str]  # network and method in tables


def computed(method: str) -> Callable[[Image, Network], object]:
    return lambda image, network: make_map(image, network, method)


EXAMPLES = {
    "computed": Example(
        {"network": "tiny", "method": "grad-cam"},
        computed("grad-cam"),
        [],
        "maps of grad-cam by tiny",
        "First run: manage.py precompute birds --networks tiny --methods grad-cam,ablation-cam",
        ("tiny", "grad-cam"),
    ),
    "control": Example(
        {"network": "tiny", "method": "random"},
        computed("random"),
        ["the arm is a control: noise drawn for each photo, by no network."],
        "maps of random by tiny",
        "First run: manage.py precompute birds --networks tiny --methods random,ablation-cam",
        ("tiny", "random"),
    ),
    "maps": Example(
        {"maps": "mine"},
        from_a_file,
        [
            "the arm shows maps that were made elsewhere and brought in as arrays: the map lies over the whole photo, values "
            "below zero count as nothing, the largest value is shown as the most."
        ],
        "maps of mine",
        "Bring them in first: manage.py import_maps PATH --images birds --name mine",
        ("", "maps:mine"),
    ),
    "none": Example(
        {"none": True},
        lambda image, network: Nothing().make({}, [image]),
        ["the arm is a control: the photo without an explanation."],
        "photos without an explanation",
        "",
        ("", "none"),
    ),
    "pictures": Example(
        {"pictures": "by-hand"},
        draw_by_hand,
        [
            "the arm shows pictures that were made elsewhere and brought in as they are, without maps behind them: the whole "
            "picture is shown, in the middle of white where it is not square."
        ],
        "pictures of by-hand",
        "Bring them in first: manage.py import_pictures PATH --images birds --name by-hand",
        ("", "pictures:by-hand"),
    ),
}
OTHER = {"network": "tiny", "method": "ablation-cam"}


@pytest.fixture(params=SOURCES, ids=lambda source: source.name)
def source(request):
    return request.param


@pytest.fixture
def example(source) -> Example:
    return EXAMPLES[source.name]


@pytest.fixture
def photos():
    """Four photos with a box each, and the maps of the other arm."""
    image_set, network = ImageSet.objects.create(name="birds"), make_network("tiny")
    images = [make_image(image_set, number) for number in range(4)]
    Image.objects.update(boxes=[[8, 8, 30, 30]])
    for image in images:
        make_map(image, network, "ablation-cam")
    return images


def protocol_of(example: Example, **more) -> dict:
    return {
        "version": 1,
        "consent": CONSENT,
        "slug": "sourced",
        "title": "Where pictures come from",
        "task": "choice",
        "photos": {"set": "birds"},
        "arms": [{**example.keys, "name": "the arm"}, dict(OTHER)],
        "design": {"seed": 3, "responses_per_item": 2, "trials_per_participant": 4},
        **more,
    }


@pytest.fixture
def study(example, photos) -> Study:
    """Ready to open."""
    for image in photos:
        example.bring(image, Network.objects.get())
    return create_study(protocol=check_protocol(protocol_of(example)))


def test_a_protocol_names_it_by_its_own_keys(source, example, tmp_path):
    protocol = check_protocol(protocol_of(example))
    assert [arm.source.name for arm in protocol.arms] == [source.name, "computed"]
    assert list(protocol.arms[0].keys) == list(source.keys)
    assert protocol.complete["arms"] == [
        {**example.keys, "name": "the arm"},
        {**OTHER, "name": protocol.arms[1].name},
    ]
    file = tmp_path / "study.toml"
    file.write_text(to_toml(protocol.complete))
    assert read_protocol(file).arms == protocol.arms


def test_an_arm_without_a_name_is_called_by_what_it_is(source, example):
    first, second = names_of_arms([example.keys, OTHER])
    assert first != second
    assert first in (*example.keys.values(), "no explanation")


def test_a_key_that_is_wrong_or_unknown_is_named(source, example):
    key = source.keys[0]
    for arm, message in (
        ({**example.keys, key: 3}, f"arms[1].{key}: is 3; it must be"),
        ({**example.keys, "colour": "red"}, "arms[1].colour: is unknown"),
    ):
        with pytest.raises(ProtocolError) as caught:
            check_protocol(protocol_of(example, arms=[arm, OTHER]))
        assert str(caught.value).startswith(message)


def test_the_same_arm_twice_is_refused(source, example):
    with pytest.raises(ProtocolError, match=f"has the same {' and '.join(source.keys)} twice"):
        check_protocol(protocol_of(example, arms=[example.keys, example.keys]))


def test_a_study_cannot_be_made_while_its_maps_are_missing(source, example, photos):
    example.bring(photos[0], Network.objects.get())
    if source.made_at_once:
        study = create_study(protocol=check_protocol(protocol_of(example)))
        assert [item.item_maps.get(arm__index=0).map.image_id for item in study.items.all()] == [
            photo.pk for photo in photos
        ]
        return
    with pytest.raises(MissingMapsError) as caught:
        create_study(protocol=check_protocol(protocol_of(example)))
    assert str(caught.value).split("\n") == [f"arms: 3 of 4 {example.lacks} are missing.", example.remedy]
    assert caught.value.workers_can_help == source.made_by_workers


def test_maps_that_workers_make_are_asked_of_them_and_others_are_asked_for(source, example, photos):
    study = create_draft(source=protocol_of(example))
    assert all_faults(study.protocol) == []
    if source.made_by_workers:
        assert not start(study=study)
        assert study.state == Study.State.PRECOMPUTING
        return
    if source.made_at_once:
        assert start(study=study)
        return
    with pytest.raises(MissingMapsError):
        start(study=study)
    study.refresh_from_db()
    assert study.state == Study.State.DRAFT
    assert not study.events.filter(kind=Event.Kind.MAPS_ASKED_FOR).exists()


def test_a_study_whose_maps_nobody_makes_waits_for_nobody(source, example, photos):
    study = create_draft(source=protocol_of(example))
    study.state = Study.State.PRECOMPUTING
    study.save()
    goes_on = advance(study)
    study.refresh_from_db()
    assert goes_on == source.made_by_workers
    if source.made_by_workers:
        assert study.precompute.methods == [example.keys["method"], "ablation-cam"]
    elif source.made_at_once:
        assert study.state == Study.State.READY
    else:
        assert study.state == Study.State.DRAFT
        assert example.remedy in study.events.get(kind=Event.Kind.MAPS_GIVEN_UP).data["why"]


def test_the_preview_shows_the_map_that_the_study_will_show(source, example, photos):
    study = create_draft(source=protocol_of(example))
    study.trials_per_participant, study.seed = 4, 3
    assert all(shot.stands_in for shot in shots_of(study))
    for image in photos:
        example.bring(image, Network.objects.get())
    shots = shots_of(study)
    ready = create_study(protocol=check_protocol(protocol_of(example, slug="ready")))
    assert [shot.stands_in for shot in shots] == [False] * 4
    assert {frozenset(shot.pictures) for shot in shots} == {
        frozenset(shot.pictures) for shot in shots_of(ready)
    }


def test_the_pages_of_a_set_up_leave_the_arm_as_it_is(source, example, photos, client, admin_user):
    client.force_login(admin_user)
    study = create_draft(source=protocol_of(example))
    for step, data in (
        ("networks", {"networks": ["tiny"]}),
        ("methods", {"methods": ["ablation-cam", "hirescam", *[example.keys.get("method", "layer-cam")]]}),
    ):
        address = reverse("setup-step", args=[study.slug, step])
        form = client.get(address).context["form"]
        shown = {"map_sets": form["map_sets"].value()} if "map_sets" in form.fields else {}
        assert client.post(address, {**shown, **data, "next": "1"}).status_code == 302
    study.refresh_from_db()
    assert {**example.keys, "name": "the arm"} in study.protocol["arms"]


def test_a_row_of_an_arm_and_of_its_maps_knows_its_source(source, example, study):
    arm = study.arms.get(index=0)
    assert source_of(arm) is source
    assert source.keys_of(arm) == example.keys
    rows = [item.item_maps.get(arm=arm).map for item in study.items.all()]
    assert {source_of(row).name for row in rows} == {source.name}


def test_it_is_opened_and_sealed(source, example, study):
    study = open_study(study=study)
    assert is_intact(study)
    assert broken_seal(study, with_pictures=True) is None
    sealed = json.loads(json.dumps(what_is_asked(study, {})))["arms"][0]
    assert sealed == [0, "the arm", *source.sealed(study.arms.get(index=0))]


def test_people_take_part_and_nothing_tells_them_who_made_a_map(source, example, study):
    checks = check_blinding(study=open_study(study=study))
    leaks = {check.name: check.leaks for check in checks if check.leaks}
    assert leaks == {}
    assert ("pictures" in {check.name for check in checks}) == (not source.is_drawn)


def test_a_border_of_finished_pictures_is_found_once_people_see_it(photos):
    example = EXAMPLES["pictures"]
    for image in photos:
        draw_by_hand(image, Network.objects.get(), border=4)
    study = open_study(study=create_study(protocol=check_protocol(protocol_of(example))))
    checks = {check.name: check for check in check_blinding(study=study)}
    (leak,) = checks["pictures"].leaks
    assert leak.startswith("the arm has a plain border above or below on 100% of the photos")
    assert checks["pictures"].looked_at == "4 photos of 2 arms"


def test_what_would_tell_who_made_a_map_is_looked_for(source, example, study):
    if not source.explains:
        assert source.telltales(study.arms.get(index=0)) == set()  # everybody sees that there is none
        return
    word = max(source.telltales(study.arms.get(index=0)), key=len)
    study.wording = {**study.wording, "question": f"Which of these is {word}?"}
    study.save()
    checks = check_blinding(study=open_study(study=study))
    names = next(check for check in checks if check.name == "names")
    assert any(repr(word) in leak for leak in names.leaks)


def test_its_pictures_are_compared_with_those_of_other_arms(source, study):
    measure(study)
    (pair,) = pairs_of(study)
    assert pair.items == 4
    assert (pair.correlation_median is not None) == source.has_arrays
    assert pair.farthest_difference > 0


def test_simulated_people_can_go_by_where_its_maps_lie(source, study):
    shares = np.array(list(in_boxes(study).values()))
    assert shares.shape == (4, 2)
    assert (shares[:, 0] > 0).all() == source.has_arrays
    assert (shares[:, 1] > 0).all()


def test_attention_checks_are_drawn_beside_it(source, example, photos):
    for image in photos:
        example.bring(image, Network.objects.get())
    design = {"seed": 3, "responses_per_item": 2, "trials_per_participant": 4, "attention_checks": 1}
    study = open_study(study=create_study(protocol=check_protocol(protocol_of(example, design=design))))
    assert study.items.filter(check_maps__isnull=False).exists()


def test_results_say_what_should_be_known_of_it(source, example, study):
    fill(study, [[0, 1, 0, -1], [0, 0, 1, 1]])
    notes = summary_of(study).notes
    assert [note for note in notes if note.startswith("the arm")] == example.notes
    report = report_html(study)
    assert all(note in report for note in example.notes)


def test_an_export_says_where_each_picture_came_from(source, example, study, tmp_path):
    prepare_pictures(study)
    fill(study, [[0, 1, 0, -1], [0, 0, 1, 1]])
    export(study=study, to=tmp_path, formats=["csv"])
    with (tmp_path / "maps.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["arm"] == "the arm"]
    assert [(row["network"], row["method"]) for row in rows] == [example.facts] * 4
    expected = [source.origin(item.item_maps.get(arm__index=0).map) for item in study.items.all()]
    assert [json.loads(row["manifest"]) for row in rows] == [origin.manifest for origin in expected]
    assert all(origin.shown_sha256 for origin in origins(study))


def test_figures_are_asked_for_only_where_something_measures_them(source, example, study):
    fill(study, [[0, 1, 0, -1], [0, 0, 1, 1]])
    note = humans_beside(study=study, figure="average-drop").note
    assert (note == NOT_COMPUTED) == source.made_by_workers
    assert ("made elsewhere" in note) != source.made_by_workers


def test_every_page_about_the_study_opens(source, example, study, client, admin_user):
    client.force_login(admin_user)
    fill(study, [[0, 1, 0, -1], [0, 0, 1, 1]])
    Study.objects.filter(pk=study.pk).update(state=Study.State.READY)
    for name in ("study", "study-gallery", "study-alike", "study-results", "study-humans", "study-photos"):
        response = client.get(reverse(name, args=[study.slug]))
        assert response.status_code == 200, name
    facts = client.get(reverse("study", args=[study.slug])).context["arms"][0].facts
    assert (facts.network, facts.method) == example.facts
    for kind in ("overlay", "masked", "heat"):
        row = study.items.first().item_maps.get(arm__index=0).map
        assert client.get(reverse("map-picture", args=[kind, row.pk])).status_code == 200


def test_every_source_has_an_example():
    assert set(EXAMPLES) == {source.name for source in SOURCES}
