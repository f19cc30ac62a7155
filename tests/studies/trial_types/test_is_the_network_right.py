"""Verify: what people see of a network's answer, that nothing tells whether it is right, and what becomes of what they say."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from django.urls import reverse

from explain.core.errors import BadInputError
from explain.map_sources import source_of
from explain.models import ExplanationMap, Image, ImageSet, Prediction
from explain.web.visibility import Sight
from studies.exports.archive import export
from studies.exports.importer import import_responses
from studies.lifecycle.fingerprint import is_intact
from studies.lifecycle.opening import open_study
from studies.lifecycle.readiness import create_study
from studies.lifecycle.revisions import revise, reworded
from studies.lifecycle.transitions import change_state
from studies.models import CheckMap, Invitation, Item, ItemMap, Response
from studies.protocol import ProtocolError, check_protocol, choose_photos
from studies.results.as_json import scores_json
from studies.results.part import AnswerSelection
from studies.simulation import blinding_audit
from studies.simulation.truth_audit import leaks_of
from studies.trial_types import OPTIONS, trial_type_of
from tests import by_sql
from tests.factories import CONSENT, make_image, make_map, make_network
from tests.studies.blinding import Clock

pytestmark = pytest.mark.django_db
PHOTOS = 8
BOXES = [[8, 8, 34, 34]]


def protocol(**changes):
    return {
        "version": 1,
        "consent": CONSENT,
        "slug": "verify",
        "title": "Is it right?",
        "task": "verify",
        "photos": {"set": "birds", "wrong_share": 0.5},
        "arms": [
            {"network": "tiny", "method": "grad-cam"},
            {"network": "tiny", "method": "random"},
            {"none": True, "name": "nothing"},
        ],
        "design": {"seed": 3, "responses_per_item": 3, "trials_per_participant": 4},
        **changes,
    }


@pytest.fixture
def photos():
    """Eight photos of two classes, of which a network gets three wrong."""
    network = make_network("tiny")
    network.class_names[:3] = ["hammer", "dam", "crane"]
    network.save()
    image_set = ImageSet.objects.create(name="birds")
    images = [
        make_image(image_set, number, class_name=("hammer", "dam")[number % 2], class_index=number % 2)
        for number in range(PHOTOS)
    ]
    for number, image in enumerate(images):
        top = 2 if number in (1, 2, 5) else number % 2
        Prediction.objects.create(
            image=image, network=network, top_class=top, top_probability=0.25 + number / 20
        )
        for method in ("grad-cam", "random"):
            make_map(image, network, method)
    return images


def made(**changes):
    return open_study(study=create_study(protocol=check_protocol(protocol(**changes))))


# The protocol


def test_right_and_wrong_photos_are_drawn_in_the_share_that_is_stated(photos):
    said = {row.image_id: row.top_class == row.image.class_index for row in Prediction.objects.all()}
    for share, limit, counts in (
        (0.5, None, (3, 3)),
        (0.25, 4, (3, 1)),
        (0.75, None, (1, 3)),
        (0.5, 2, (1, 1)),
    ):
        wanted = {"set": "birds", "wrong_share": share} | ({"limit": limit} if limit else {})
        choice = choose_photos(check_protocol(protocol(photos=wanted)))
        right = sum(said[key] for key in choice.chosen)
        assert (right, len(choice.chosen) - right) == counts
        assert choice.count == sum(counts)
        assert {row.name: row.chosen for row in choice.classes if row.chosen} == {
            name: number
            for name in ("hammer", "dam")
            if (number := sum(photo.class_name == name and not photo.reason for photo in choice.photos))
        }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"photos": {"set": "birds", "wrong_share": 0.5, "only_correct": True}},
            "wrong_share: does not go with only_correct",
        ),
        ({"photos": {"set": "birds", "wrong_share": 1.5}}, "photos.wrong_share: is 1.5"),
        ({"verify": {"steps": 3}}, "verify.steps: is 3; it must be 4 or 2"),
        ({"verify": {"colour": 1}}, "verify.colour: is unknown"),
    ],
)
def test_what_a_protocol_may_not_say_is_named(changes, message):
    with pytest.raises(ProtocolError) as caught:
        check_protocol(protocol(**changes))
    assert message in str(caught.value)


def test_a_study_shows_what_one_network_says_of_photos_that_it_has_seen(photos):
    other = make_network("other")
    for image in photos:
        make_map(image, other, "grad-cam")
        Prediction.objects.create(image=image, network=other, top_class=0, top_probability=0.5)
    arms = [{"network": name, "method": "grad-cam"} for name in ("tiny", "other")]
    with pytest.raises(ProtocolError, match="a verify study shows what one network says"):
        create_study(protocol=check_protocol(protocol(arms=arms)))
    Prediction.objects.filter(image=photos[0]).delete()
    with pytest.raises(ProtocolError, match="tiny has not looked at all photos of birds; first run"):
        create_study(protocol=check_protocol(protocol(photos={"set": "birds"})))


def test_titles_of_some_classes_alone_are_refused_as_they_would_tell(photos):
    titles = {"hammer": "Hammer", "dam": "Staudamm"}
    with pytest.raises(ProtocolError, match="has no title for crane, which the network says of some photo"):
        made(language="de", wording={"titles": {"de": titles}})
    study = made(language="de", wording={"titles": {"de": {**titles, "crane": "Kran"}}})
    assert study.items.count() == 6


def test_what_is_said_to_be_said_is_sealed(photos):
    study = made()
    assert is_intact(study)
    item = study.items.exclude(prediction__right=True).first()
    assert item.prediction == {
        "network": "tiny", "says": "crane", "label": item.image.class_name,
        "probability": item.prediction["probability"], "right": False,
    }  # fmt: skip
    by_sql.change(Item.objects.filter(pk=item.pk), prediction={**item.prediction, "says": "hammer"})
    assert not is_intact(study)


def test_each_photo_is_shown_with_each_arm_equally_often(photos):
    study = made()
    cells = list(study.trials.values_list("item", "order"))
    assert sorted(cells) == sorted(
        (item, str(arm)) for item in study.items.values_list("pk", flat=True) for arm in range(3)
    )


def test_titles_that_would_tell_do_not_come_by_another_wording_either(photos):
    titles = {"hammer": "Hammer", "dam": "Staudamm", "crane": "Kran"}
    study = made(language="de", wording={"titles": {"de": titles}})
    study = change_state(study=study, to="paused")
    some = {**study.wording, "titles": {"de": {name: titles[name] for name in ("hammer", "dam")}}}
    some.pop(OPTIONS)
    with pytest.raises(ProtocolError, match="has no title for crane"):
        revise(study=study, source=reworded(study, wording=some), why="shorter")
    study.refresh_from_db()
    assert study.version == 1
    others = {**some, "titles": {"de": {**titles, "crane": "Baukran"}}}
    assert revise(study=study, source=reworded(study, wording=others), why="clearer").number == 2


# No explanation


def test_without_an_explanation_the_second_picture_is_the_photo(photos):
    study = made()
    rows = [item.item_maps.get(arm__name="nothing") for item in study.items.all()]
    assert {source_of(row.arm).name for row in rows} == {"none"}
    assert {row.picture.read() == row.item.picture.read() for row in rows} == {True}
    assert len({other.picture.size for other in ItemMap.objects.filter(item__study=study)}) == 1
    again = create_study(protocol=check_protocol(protocol(slug="again")))
    assert {row.map_id for row in rows} == set(again.items.values_list("item_maps__map", flat=True)) & {
        row.map_id for row in rows
    }
    assert ExplanationMap.objects.filter(method="none").count() == 6


# Taking part


def test_people_read_what_the_network_says_and_how_sure_it_is_only_where_the_protocol_says_so(
    visitor, photos
):
    for slug, confidence in (("quiet", False), ("sure", True)):
        study = made(slug=slug, verify={"confidence": confidence})
        visitor.start(reverse("join", args=[Invitation.issue(study)[1]]))
        while visitor.on_trial:
            trial = study.participants.get().trials.filter(state="claimed").order_by("position")[0]
            said = trial.item.prediction
            named = visitor.soup.select_one("#named").get_text()
            sure = f"{said['says']}, {round(100 * said['probability'])} % sure"
            assert named == (sure if confidence else said["says"])
            assert (
                visitor.soup.select_one("#question").get_text()
                == f"The program says: {said['says']}. Is it right?"
            )
            visitor.answer(0)


def test_two_answers_or_four_as_the_protocol_says(visitor, photos):
    study = made(verify={"steps": 2})
    assert study.wording[OPTIONS] == {"steps": 2, "confidence": False}
    assert check_protocol(study.protocol).complete["verify"] == study.wording[OPTIONS]
    visitor.start(reverse("join", args=[Invitation.issue(study)[1]]))
    buttons = visitor.soup.select("form#answer button[name=value]")
    assert [button.select_one("span").get_text() for button in buttons] == ["It is wrong", "It is right"]
    visitor.answer(1)
    response = Response.objects.get()
    assert trial_type_of(study).answers.in_words(response.choice, ["a", "b", "c"]).endswith(": right")


# Blindness of the truth


def truth_leaks(study):
    checks = blinding_audit.check_blinding(study=study)
    return next(check for check in checks if check.name == "truth").leaks


@pytest.fixture
def audited(photos, monkeypatch):
    monkeypatch.setattr(blinding_audit, "time", Clock())
    design = {"seed": 3, "responses_per_item": 3, "trials_per_participant": 6}
    return made(design=design)


def test_the_audit_finds_nothing_that_tells_whether_the_network_is_right(audited):
    assert truth_leaks(audited) == []


@pytest.mark.parametrize(
    ("leak", "said"),
    [
        ("json", "the JSON of a trial tells"),
        ("html", "the text of a trial tells"),
        ("header", "a header of a trial tells"),
        ("label", "the photo's label"),
        ("size", "the length of a page goes with"),
        ("time", "the time that a page takes goes with"),
    ],
)
def test_a_leak_of_each_kind_is_found(audited, monkeypatch, leak, said):
    """Planted into each page as it comes, by whether the network is right."""
    right = {item.index: item.prediction["right"] for item in audited.items.all()}
    assert len(set(right.values())) == 2
    usual = blinding_audit.pages_of

    def leaky(replies):
        for page in usual(replies):
            body, headers, seconds = page.body, dict(page.headers), page.seconds
            if leak == "json":
                body = body.replace(
                    '"position": ', f'"right": "{"yes" if page.right else "no"}", "position": '
                )
            elif leak == "html":
                body = body.replace("</main>", f"<i class={'a' if page.right else 'b'}></i></main>")
            elif leak == "header":
                headers["x-cache"] = "hit" if page.right else "miss"
            elif leak == "label":
                body = body.replace("</main>", f"<i>{page.prediction['label']}</i></main>")
            elif leak == "size":
                body = body.replace(
                    "</main>", "<i></i>" * (1 + page.position % 3 + 9 * page.right) + "</main>"
                )
            else:
                seconds = 0.1 + page.right + page.position / 100
            yield replace(page, body=body, headers=headers, seconds=seconds)

    monkeypatch.setattr(blinding_audit, "pages_of", leaky)
    assert [found for found in truth_leaks(audited) if said in found]


def checking(**changes):
    design = {"seed": 3, "responses_per_item": 3, "trials_per_participant": 6, "attention_checks": 2}
    return {"photos": {"set": "birds"}, "design": design, **changes}


def test_a_check_is_about_photos_alone_that_it_names_as_their_own_trials_do(photos):
    """A browser holds both before either is answered: two names of one photo would tell that the network is wrong."""
    Image.objects.update(boxes=BOXES)
    ExplanationMap.objects.update(overlay="")
    study = made(**checking())
    assert study.items.filter(prediction__right=False).count() == 3
    checked = CheckMap.objects.filter(item__study=study).values_list("item__prediction__right", flat=True)
    assert set(checked) == {True}


def test_checks_about_photos_that_would_tell_are_not_made(photos):
    Image.objects.filter(pk__in=[photos[number].pk for number in (0, 1, 2, 5)]).update(boxes=BOXES)
    with pytest.raises(BadInputError, match="2 are needed, and 1 photos that the network is right about"):
        made(**checking())


def test_who_sets_a_study_up_and_is_no_admin_sees_photos_without_an_explanation(photos, django_user_model):
    study = made()
    row = ExplanationMap.objects.filter(method="none").first()
    member, stranger = (django_user_model.objects.create_user(name) for name in ("member", "stranger"))
    study.researchers.add(member)
    assert Sight(member).maps().filter(pk=row.pk).exists()
    assert not Sight(stranger).maps().filter(pk=row.pk).exists()


def test_an_order_that_tells_is_found():
    laid_out = [(place, place < 20) for place in range(40)]
    assert leaks_of([], laid_out, 0) == [
        "the order of trials goes with whether the network is right (p = 0.0002)"
    ]
    assert leaks_of([], [(place, place % 2 == 0) for place in range(40)], 0) == []


def test_the_last_page_names_no_class_of_a_photo(visitor, photos):
    study = made()
    visitor.start(reverse("join", args=[Invitation.issue(study)[1]]))
    while visitor.on_trial:
        visitor.answer(0)
    assert "/thanks/" in visitor.path
    assert not [
        name for name in ("hammer", "dam", "crane") if name in visitor.soup.select_one("main").get_text()
    ]


# Results and files


def answer_all(visitor_of, study, say):
    join = reverse("join", args=[Invitation.issue(study)[1]])
    while study.trials.filter(state="open").exists():
        visitor = visitor_of()
        visitor.start(join)
        while visitor.on_trial:
            trial = study.participants.latest("pk").trials.filter(state="claimed").order_by("position")[0]
            visitor.answer(say(trial))


@pytest.fixture
def answered(another_visitor, photos):
    """With the map everybody trusts the network; without an explanation they see when it is wrong; noise is a coin."""
    study = made()

    def say(trial):
        arm, right = trial.arms[0], trial.item.prediction["right"]
        return 3 if arm == 0 else (trial.item.index % 4 if arm == 1 else (3 if right else 0))

    answer_all(another_visitor, study, say)
    return study


def test_over_reliance_and_accuracy_are_split_by_right_and_wrong(answered):
    found = scores_json(answered, AnswerSelection("real"))
    measures = found["measures"]
    assert found["network_alone"] == 0.5
    assert found["baseline"] == "nothing"
    assert {name: measures[name]["arms"]["grad-cam"]["estimate"] for name in ("accuracy", "sensitivity", "specificity", "gain")} == {
        "accuracy": 0.5, "sensitivity": 1.0, "specificity": 0.0, "gain": 0.0,
    }  # fmt: skip
    assert measures["accuracy"]["arms"]["nothing"]["estimate"] == pytest.approx(1)
    assert found["reliance"]["grad-cam"]["over"]["estimate"] == 1
    assert found["reliance"]["grad-cam"]["under"]["estimate"] == 0
    assert measures["auc"]["arms"]["nothing"]["estimate"] == 1
    pairs = [(row["first"], row["second"]) for row in measures["accuracy"]["contrasts"]]
    assert pairs == [("grad-cam", "nothing"), ("random", "nothing"), ("grad-cam", "random")]
    holm = [row["p_holm"] for row in measures["accuracy"]["contrasts"]]
    assert holm[0] is not None
    assert holm[2] is None  # not beside no explanation
    assert measures["accuracy"]["contrasts"][0]["estimate"] == pytest.approx(-0.5)


def test_files_say_the_truth_and_whether_an_answer_is_correct_and_come_back(answered, tmp_path):
    export(study=answered, to=tmp_path, formats=["csv"])
    with (tmp_path / "answers.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    truth = {str(item.index): str(int(item.prediction["right"])) for item in answered.items.all()}
    for row in rows:
        assert row["network_right"] == truth[row["item"]]
        says = row["verdict"].endswith("right")
        assert row["correct"] == str(int(says == (row["network_right"] == "1")))
        assert row["verified"] == f"{row['explained_by']}: {row['verdict']}"
    codebook = (
        (tmp_path / "codebook.csv").read_text("utf-8-sig") if (tmp_path / "codebook.csv").exists() else ""
    )
    assert "network_right" in codebook or any(
        "network_right" in path.read_text("utf-8", "replace")
        for path in tmp_path.iterdir()
        if "codebook" in path.name
    )
    other = create_study(protocol=check_protocol(protocol(slug="other")))
    import_responses(study=other, path=tmp_path)
    before, after = (scores_json(study, AnswerSelection("real"))["measures"] for study in (answered, other))
    assert json.dumps(before) == json.dumps(after)
    assert np.isfinite(before["d_prime"]["arms"]["nothing"]["estimate"])
