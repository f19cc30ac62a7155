"""A dry run shows every page of a volunteer to staff, and leaves no row."""

from uuid import uuid4

import pytest
from django.apps import apps
from django.urls import reverse

from explain.models import ExplanationMap, ImageSet
from studies.models import Study
from studies.setup.drafts import create_draft
from studies.setup.preview import _photos
from tests.factories import make_image, make_map, make_network, make_study
from tests.studies.conftest import Visitor

pytestmark = pytest.mark.django_db
QUESTIONS = [
    {
        "key": "sight",
        "text": "Do you wear glasses?",
        "kind": "choice",
        "required": True,
        "options": ["yes", "no"],
    }
]


@pytest.fixture
def staff(client, admin_user):
    client.force_login(admin_user)
    return Visitor(client)


def rows():
    """Every row of the project's tables but the login's."""
    models = [*apps.get_app_config("studies").get_models(), *apps.get_app_config("explain").get_models()]
    return {model.__name__: list(model.objects.order_by("pk").values_list()) for model in models}


@pytest.mark.parametrize("task", ["choice", "rating"])
def test_from_consent_to_thanks_without_a_row(staff, task):
    methods = {"methods": ("grad-cam", "ablation-cam")} if task == "rating" else {}
    make_study("birds", task=task, items=3, practice=True, break_every=2, questions=QUESTIONS, **methods)
    before = rows()
    staff.get(reverse("setup-preview", args=["birds"]))
    seen = [staff.soup.h1.text]
    staff.press()  # consent
    seen.append(staff.soup.h1.text)
    staff.press(sight="yes")
    seen.append(staff.soup.h1.text)
    staff.press()  # instructions
    for _ in range(4):  # at most two tries for each of two examples
        if "practice" not in staff.path:
            break
        staff.press(value="0" if task == "choice" else "-2").press()
    assert staff.on_trial
    for number in range(3):
        assert f"{number + 1} of 3" in staff.text
        for picture in staff.soup.select("img.picture"):
            assert staff.client.get(picture["src"]).status_code == 200
        staff.answer("1")
        if number == 1:
            seen.append(staff.soup.h1.text)
            staff.press()
    seen.append(staff.soup.h1.text)
    assert seen == ["Study birds", "A little about you", "What to do", "Time for a short break", "Thank you"]
    assert rows() == before


def test_it_is_marked_on_every_page_and_leads_to_each(staff):
    make_study("birds", practice=True, break_every=1, questions=QUESTIONS)
    staff.get(reverse("setup-preview", args=["birds"]))
    pages = [link["href"] for link in staff.soup.select(".v-dry-run nav a")]
    assert len(pages) == 7
    for page in pages:
        staff.get(page)
        assert staff.path == page
        assert "Preview. Nothing is stored." in staff.soup.select_one(".v-dry-run").text


def test_its_answers_are_taken_as_the_script_sends_them(staff):
    make_study("birds", items=3)
    staff.get(reverse("setup-preview", args=["birds"]))
    staff.get(reverse("preview:trial", args=["birds"]))
    address = reverse("preview:answers", args=["birds"])
    first, second = str(uuid4()), str(uuid4())
    send = [{"id": first, "kind": "answer", "position": 1, "value": 0}]
    reply = staff.client.post(address, {"operations": send}, content_type="application/json").json()
    assert (reply["done"], reply["settled"], reply["elsewhere"]) == (1, [first], False)
    assert [trial["position"] for trial in reply["trials"]] == [2, 3]
    undo = [{"id": second, "kind": "undo", "answer_id": first}]
    reply = staff.client.post(address, {"operations": undo}, content_type="application/json").json()
    assert (reply["done"], [trial["position"] for trial in reply["trials"]]) == (0, [1, 2, 3])


def test_a_draft_shows_photos_where_maps_are_not_made_yet(staff):
    image_set = ImageSet.objects.create(name="birds")
    for number in range(3):
        make_image(image_set, number)
    make_network("tiny")
    arms = [{"network": "tiny", "method": method} for method in ("grad-cam", "ablation-cam")]
    source = {"version": 1, "slug": "early", "title": "Early", "task": "choice", "design": {"seed": 1}}
    create_draft(source={**source, "photos": {"set": "birds"}, "arms": arms})
    staff.get(reverse("setup-preview", args=["early"])).press().press()
    assert staff.on_trial
    assert "the photo stands in for them" in staff.text
    assert len(staff.soup.select("button.map")) == 2


def test_a_draft_shows_the_maps_that_are_made_each_with_its_own_photo(staff):
    """The newest-made first, by method and network: a preview that mixes them up misleads who opens the study."""
    image_set, networks = ImageSet.objects.create(name="birds"), [make_network("one"), make_network("two")]
    images = [make_image(image_set, number) for number in range(2)]
    for method in ("ablation-cam", "grad-cam"):
        for image in images:
            for network in reversed(networks):
                make_map(image, network, method)
    arms = [{"network": "one", "method": "grad-cam"}, {"network": "two", "method": "ablation-cam"}]
    source = {"version": 1, "slug": "early", "title": "Early", "task": "choice", "design": {"seed": 1}}
    study = create_draft(source={**source, "photos": {"set": "birds"}, "arms": arms})
    expected = {
        image: [[ExplanationMap.objects.get(image=image, network__name=n, method=m).pk] for n, m in (("one", "grad-cam"), ("two", "ablation-cam"))]
        for image in images
    }  # fmt: skip
    assert {image: maps for image, _, maps in _photos(study)} == expected
    staff.get(reverse("setup-preview", args=["early"])).press().press()
    assert staff.on_trial
    assert "the photo stands in for them" not in staff.text


def test_a_draft_shows_the_maps_that_its_study_will_show_not_newer_ones_of_another_layer_or_class():
    image_set = ImageSet.objects.create(name="birds")
    images = [make_image(image_set, number) for number in range(2)]
    network = make_network("tiny")
    right = {
        image: [[make_map(image, network, method).pk] for method in ("grad-cam", "random")]
        for image in images
    }
    for image in images:
        for other in ({"layer": "features.3"}, {"target": image.class_index + 1}):
            row = make_map(image, make_network(f"copy-{image.pk}-{next(iter(other))}"), "grad-cam")
            for name, value in {"network": network, **other}.items():
                setattr(row, name, value)
            row.save()
    arms = [{"network": "tiny", "method": method} for method in ("grad-cam", "random")]
    source = {"version": 1, "slug": "early", "title": "Early", "task": "choice", "design": {"seed": 1}}
    study = create_draft(source={**source, "photos": {"set": "birds"}, "arms": arms})
    assert {image: maps for image, _, maps in _photos(study)} == right


def test_the_address_of_a_preview_is_for_those_who_may_change_the_study(
    client, researcher, stranger, django_user_model
):
    study = make_study("birds")
    study.researchers.add(researcher)
    pages = [reverse("setup-preview", args=["birds"]), reverse("preview:trial", args=["birds"])]
    for page in pages:
        assert client.get(page).status_code == 302
        client.force_login(stranger)
        assert client.get(page).status_code == 404
        reader = django_user_model.objects.get_or_create(username="reader")[0]
        study.viewers.add(reader)
        client.force_login(reader)
        assert client.get(page).status_code == 403
        client.logout()


def test_a_volunteers_page_has_no_mark_of_a_preview(visitor, invite):
    _, path = invite()
    visitor.start(path)
    assert visitor.on_trial
    assert "v-dry-run" not in visitor.response.content.decode()
    assert Study.objects.get().trials.filter(state="claimed").exists()
