"""A link in the path says whose page it is: in which language it speaks, whom it turns away, and that nobody keeps it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from studies.lifecycle.opening import open_study
from studies.models import Invitation, Participant, Study
from studies.participation.decorators import REFUSALS
from tests import by_sql
from tests.factories import make_participant, make_study

pytestmark = pytest.mark.django_db

PLACES = (
    "participant",
    "about-you",
    "instructions",
    "practice",
    "trial",
    "answers",
    "break",
    "leave",
    "thanks",
)


@pytest.fixture
def study():
    return open_study(study=make_study(items=3))


def link_of(person, place="trial"):
    return reverse(place, args=[f"token-{person.number}-of-{person.study.slug}"])


def is_private(response) -> bool:
    return (response["Cache-Control"], response["X-Robots-Tag"]) == ("private, no-store", "noindex, nofollow")


def test_no_cache_keeps_a_volunteers_page_and_no_search_engine_finds_it(client, study):
    person = make_participant(study)
    for place in PLACES:
        assert is_private(client.get(link_of(person, place))), place


def test_nor_an_invitation_or_a_refusal(client, study):
    _, token = Invitation.issue(study)
    gone = make_participant(study, 2, state="withdrawn")
    pages = [
        reverse("join", args=[token]),
        reverse("join", args=["nobody"]),
        link_of(gone),
        "/p/nobody/trial/",
    ]
    assert all(is_private(client.get(page)) for page in pages)


@pytest.mark.parametrize("state", ["withdrawn", "screened"])
def test_who_left_or_could_not_take_part_is_told_so_on_every_page_and_shown_nothing(client, study, state):
    person = make_participant(study, state=state)
    for place in PLACES:
        response = client.get(link_of(person, place))
        text = response.content.decode()
        assert response.status_code == (410 if place == "answers" else 200)  # a queue asks no more
        assert all(str(sentence) in text for sentence in REFUSALS[state])
        assert "<form" not in text
    assert not study.trials.exclude(state="open").exists()


@pytest.mark.parametrize("state", ["withdrawn", "screened"])
def test_who_left_or_could_not_take_part_can_send_nothing_either(client, study, state):
    person = make_participant(study, state=state)
    for place in ("instructions", "trial", "answers", "undo", "leave"):
        client.post(link_of(person, place), {"position": 1, "value": 0})
    now = Participant.objects.get()
    assert (now.state, now.instructed_at, now.events.count(), now.responses.count()) == (state, None, 0, 0)


def test_a_link_opens_the_page_of_its_own_person(client, study):
    for number in (1, 2):
        person = make_participant(study, number, instructed_at=timezone.now())
        client.get(link_of(person))
        assert study.trials.filter(participant=person).exists()
    assert client.get(link_of(person).replace("token-2", "token-3")).status_code == 404


def test_an_invitation_opens_its_own_study(client, study):
    other = open_study(study=make_study("other", networks=("other",), title="Another study"))
    tokens = [(invited_to, Invitation.issue(invited_to)[1]) for invited_to in (study, other)]
    for invited_to, token in tokens:
        assert invited_to.title in client.get(reverse("join", args=[token])).content.decode()


def test_pages_speak_the_language_of_the_study_whatever_the_browser_speaks(client, study):
    by_sql.change(Study.objects.all(), language="de")
    person, (_, token) = make_participant(study), Invitation.issue(study)
    gone = make_participant(study, 2, state="withdrawn")
    for page in (link_of(person, "instructions"), reverse("join", args=[token]), link_of(gone)):
        assert '<html lang="de"' in client.get(page, headers={"accept-language": "en"}).content.decode()


def test_whoever_has_a_link_of_nobody_is_told_so_in_the_language_of_their_browser(client, study):
    for page in ("/join/nobody/", "/p/nobody/trial/"):
        response = client.get(page, headers={"accept-language": "de"})
        assert (response.status_code, '<html lang="de"' in response.content.decode()) == (404, True)
        assert str(REFUSALS["unknown"][0]) in client.get(page).content.decode()


@pytest.mark.parametrize(
    ("reason", "limits", "state"),
    [
        ("revoked", {"revoked_at": timezone.now()}, "open"),
        ("expired", {"expires_at": timezone.now() - timedelta(days=1)}, "open"),
        ("taken", {"quota": 0}, "open"),
        ("paused", {}, "paused"),
        ("closed", {}, "closed"),
    ],
)
def test_who_cannot_come_in_reads_why_and_what_to_do(client, study, reason, limits, state):
    Study.objects.update(state=state)
    response = client.get(reverse("join", args=[Invitation.issue(study, **limits)[1]]))
    text = response.content.decode()
    assert response.status_code == 200
    assert all(str(sentence) in text for sentence in REFUSALS[reason])
    assert "<form" not in text


def test_who_sent_what_could_not_be_read_is_led_back_to_their_trial(client, study):
    person = make_participant(study, instructed_at=timezone.now())
    response = client.post(link_of(person), {"position": 1, "value": "x"})
    text = response.content.decode()
    assert response.status_code == 400
    assert all(str(sentence) in text for sentence in REFUSALS["unreadable"])
    assert f'href="{link_of(person)}"' in text
