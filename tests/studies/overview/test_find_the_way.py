"""Every page of a study leads to every other place in it; the list finds, copies and puts away studies."""

import re
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from studies.access.places import ALL, place_of
from studies.models import Study
from studies.setup.drafts import free_slug
from tests.factories import make_study
from tests.studies.people import client_of, world  # noqa: F401
from tests.studies.setting_up import begin, go_through

pytestmark = pytest.mark.django_db


def places_on(client, name, slug="methods") -> tuple[list[str], list[str]]:
    """The titles of the places that a page offers, and of those that it stands in."""
    soup = BeautifulSoup(client.get(reverse(name, args=[slug])).content, "html.parser")
    links = soup.select("nav.places a")
    return [link.text for link in links], [link.text for link in links if link.get("aria-current")]


OPENED = [
    "Overview",
    "Progress",
    "Results",
    "Photos and maps",
    "Protocol",
    "Payments",
    "Access",
    "Activity log",
]


WHERE = {
    "study": "Overview",
    "study-watch": "Progress",
    "study-items": "Results",
    "study-humans": "Results",
    "study-gallery": "Photos and maps",
    "study-alike": "Photos and maps",
    "study-protocol": "Protocol",
    "study-payments": "Payments",
    "study-access": "Access",
    "study-notices": "Activity log",
    "study-personal-links": "Overview",
}


def test_every_page_leads_to_all_places_and_says_in_which_it_stands(world):  # noqa: F811
    study, people = world
    client = client_of("admin", people, study)
    assert {name: places_on(client, name) for name in WHERE} == {
        name: (OPENED, [here]) for name, here in WHERE.items()
    }


def test_nobody_is_led_to_what_is_closed_to_them(world):  # noqa: F811
    study, people = world
    for role in ("viewer", "researcher"):
        client = client_of(role, people, study)
        offered, _ = places_on(client, "study")
        assert offered == [title for title in OPENED if title != "Payments"]
    for title, name, _ in ALL:
        if title in offered:
            assert client.get(reverse(name, args=[study.slug])).status_code == 200
    study.payers.add(people["viewer"])
    assert "Payments" in places_on(client_of("viewer", people, study), "study")[0]


def test_until_it_is_opened_there_is_set_up_and_no_results(browser, birds):
    study = begin(browser)
    offered, here = places_on(browser, "setup-check", study.slug)
    assert here == ["Set-up"]
    assert "Results" not in offered
    assert "Overview" not in offered  # leads to the set-up itself
    assert places_on(browser, "study-access", study.slug)[1] == ["Access"]


def test_addresses_that_no_place_claims_belong_to_the_overview():
    titles = {
        name: place_of(name)[0]
        for name in ("study-invitation", "study-state", "setup-step", "study-void", "study-item")
    }
    assert list(titles.values()) == ["Overview", "Overview", "Set-up", "Progress", "Results"]


# The list


def names_in(client, query="") -> list[str]:
    html = client.get(reverse("studies") + query).content.decode()
    return re.findall(r'class="name" href="/studies/([\w-]+)/"', html)


@pytest.fixture
def three(researcher, stranger, admin_client):
    studies = {}
    for number, (slug, state) in enumerate([("birds", "open"), ("cats", "closed"), ("dogs", "archived")]):
        study = studies[slug] = make_study(slug, networks=(f"n{number}",), title=f"About {slug} in colour")
        study.researchers.add(stranger if slug == "cats" else researcher)
        Study.objects.filter(pk=study.pk).update(state=state)
    return SimpleNamespace(client=admin_client, **studies)


FOUND = {
    "": {"birds", "cats"},
    "?state=all": {"birds", "cats", "dogs"},
    "?state=archived": {"dogs"},
    "?state=under-way": {"birds"},
    "?state=closed": {"cats"},
    "?state=set-up": set(),
    "?state=nonsense": {"birds", "cats"},
    "?q=colour+CAT": {"cats"},
    "?q=dogs": set(),
    "?q=dogs&state=all": {"dogs"},
    "?of=researcher": {"birds"},
    "?of=nobody": {"birds", "cats"},
}


def test_studies_are_found_by_words_state_and_researcher(three):
    assert {query: set(names_in(three.client, query)) for query in FOUND} == FOUND


def test_where_none_fits_the_list_says_how_many_there_are(three):
    html = three.client.get(reverse("studies") + "?q=zebra").content.decode()
    assert "No study fits." in html
    assert "Show all 3" in html


def test_nobody_finds_a_study_that_they_may_not_see(three, client, stranger):
    client.force_login(stranger)
    assert names_in(client, "?state=all") == ["cats"]
    assert names_in(client, "?of=researcher&state=all") == ["cats"]  # no choice of theirs
    assert "researcher" not in client.get(reverse("studies")).content.decode()


def test_the_list_offers_what_can_be_done_with_each(three):
    html = three.client.get(reverse("studies") + "?state=all").content.decode()
    for slug, offered in {"birds": "duplicate", "cats": "state/archived", "dogs": "state/closed"}.items():
        (row,) = [part for part in html.split("<li>\n") if f'href="/studies/{slug}/"' in part]
        assert f'/studies/{slug}/{offered}/"' in row
        assert f"/studies/{slug}/delete/" not in row  # opened once: kept


# A copy


def test_a_copy_has_the_protocol_and_a_name_and_seed_of_its_own(browser, birds, researcher):
    study = begin(browser)
    go_through(browser, study)
    study.refresh_from_db()
    page = browser.get(reverse("study-duplicate", args=[study.slug])).content.decode()
    assert f'value="{study.slug}-2"' in page
    answer = browser.post(
        reverse("study-duplicate", args=[study.slug]), {"title": "Once more", "slug": "again"}
    )
    copy = Study.objects.get(slug="again")
    assert answer.url == reverse("setup-check", args=["again"])
    assert (copy.title, copy.state) == ("Once more", "draft")
    assert list(copy.researchers.all()) == [researcher]
    assert copy.protocol["design"].pop("seed") != study.protocol["design"].pop("seed")
    assert copy.protocol == {**study.protocol, "slug": "again", "title": "Once more"}


def test_a_name_that_is_taken_is_said_beside_its_field(browser, birds):
    study = begin(browser)
    page = browser.post(
        reverse("study-duplicate", args=[study.slug]), {"title": "x", "slug": study.slug}
    ).content.decode()
    assert "exists already; choose another name" in page
    assert Study.objects.count() == 1


def test_the_name_that_is_offered_is_free(db):
    for slug in ("birds", "birds-2", "birds-3"):
        make_study(slug, networks=(slug,))
    assert free_slug("birds") == "birds-4"
    assert len(free_slug("b" * 100)) <= 100


def test_what_has_no_protocol_is_not_copied(admin_client):
    make_study("birds")
    Study.objects.update(protocol={})
    answer = admin_client.get(reverse("study-duplicate", args=["birds"]), follow=True).content.decode()
    assert "has no protocol that could be copied" in answer
