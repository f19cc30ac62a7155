"""Maps that somebody brought are seen by those who have something to do with them."""

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from explain.map_sets import import_maps
from explain.models import ExplanationMap
from explain.web.visibility import Sight
from studies.models import Arm, Study
from tests.factories import make_study

from .conftest import asked


@pytest.fixture
def people(db):
    return {name: User.objects.create_user(name, is_staff=True) for name in ("owner", "member", "stranger")}


@pytest.fixture
def used(birds, folder, people):
    """A set of maps that its owner brought and a study of the member uses."""
    map_set = import_maps(asked(folder), user=people["owner"]).map_set
    study = make_study("theirs", items=1)
    Arm.objects.create(study=study, index=9, name="ours", map_set=map_set, method="maps:mine")
    study.researchers.add(people["member"])
    return map_set


def seen_by(user):
    return set(Sight(user).maps().filter(map_set__isnull=False).values_list("map_set__name", flat=True))


def test_who_brought_them_and_whose_study_uses_them_see_them_and_others_do_not(used, people):
    assert seen_by(people["owner"]) == {"mine"}
    assert seen_by(people["member"]) == {"mine"}
    assert seen_by(people["stranger"]) == set()


def test_what_no_study_uses_all_staff_see(birds, folder, people):
    import_maps(asked(folder), user=people["owner"])
    assert seen_by(people["stranger"]) == {"mine"}


def test_a_draft_of_ones_own_that_names_them_shows_them(used, people):
    Study.objects.filter(slug="theirs").update(state=Study.State.OPEN)
    draft = make_study("draft", items=1, networks=("other",), state=Study.State.DRAFT)
    Study.objects.filter(pk=draft.pk).update(
        protocol={"photos": {"set": "birds"}, "arms": [{"maps": "mine"}, {"maps": 3}]}
    )
    draft.researchers.add(people["stranger"])
    assert seen_by(people["stranger"]) == {"mine"}


def test_their_pictures_are_on_the_page_of_the_photos_for_those_alone(used, people, client):
    row = ExplanationMap.objects.filter(map_set=used).first()
    for name, status in (("owner", 200), ("stranger", 404)):
        client.force_login(people[name])
        assert client.get(reverse("map-picture", args=["overlay", row.pk])).status_code == status
        page = client.get(reverse("image-set", args=["birds"])).content.decode()
        assert ("maps:mine" in page) == (name == "owner")
