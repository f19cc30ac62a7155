"""A link for each of many people: made at once or not at all, each lets in one, and the file comes this once."""

import csv
import io

import pytest
from django.urls import reverse

from explain.core.errors import BadInputError
from studies.models import Event, Invitation, Study, hash_token
from studies.participation import MOST_AT_ONCE, invite_each
from studies.participation.invitations import join
from tests.factories import make_study, make_trials

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(researcher):
    study = make_study("methods")
    make_trials(study, ["0,1,2"] * 4)
    Study.objects.filter(pk=study.pk).update(state=Study.State.OPEN)
    study.refresh_from_db()
    study.researchers.add(researcher)
    return study


@pytest.fixture
def make(client, researcher, study):
    client.force_login(researcher)

    def make(**fields):
        return client.post(reverse("study-personal-links", args=["methods"]), fields)

    return make


def rows_of(response):
    assert "attachment" in response["Content-Disposition"]
    assert response["Cache-Control"] == "private, no-store"
    return list(csv.DictReader(io.StringIO(response.content.decode())))


def test_each_row_is_a_link_that_lets_in_one(make, study):
    rows = rows_of(make(people="3", label="class 7"))
    assert [row["number"] for row in rows] == ["1", "2", "3"]
    tokens = [row["link"].rstrip("/").rsplit("/", 1)[-1] for row in rows]
    assert len({*tokens}) == 3
    for row, token in zip(rows, tokens, strict=True):
        invitation = study.invitations.get(token_sha256=hash_token(token))
        assert (str(invitation.pk), invitation.quota, invitation.personal) == (row["invitation"], 1, True)
        assert row["link"] == f"http://testserver/join/{token}/"
    first = study.invitations.get(token_sha256=hash_token(tokens[0]))
    assert not isinstance(join(invitation=first, consent_sha256=""), str)
    assert join(invitation=first, consent_sha256="") == "taken"


def test_all_have_one_label_so_that_no_export_tells_whose_answers_they_are(make, study):
    rows = rows_of(make(people="4", label="class 7"))
    assert {row["label"] for row in rows} == {"class 7"}
    assert {*study.invitations.values_list("label", flat=True)} == {"class 7"}


def test_it_is_on_record_once_without_any_link(make, study, researcher):
    rows = rows_of(make(people="3"))
    event = study.events.get(kind="invited")
    numbers = [int(row["invitation"]) for row in rows]
    assert event.user == researcher
    assert event.data == {"personal_links": 3, "first": min(numbers), "last": max(numbers)}


@pytest.mark.parametrize(
    ("people", "said"),
    [
        ("0", "Make one link at least"),
        (str(MOST_AT_ONCE + 1), "at most at once"),
        ("", "required"),
        ("many", "whole number"),
    ],
)
def test_too_many_or_none_are_refused_and_nothing_is_made(make, people, said):
    response = make(people=people)
    assert response.status_code == 200
    assert said in response.content.decode()
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("people", [0, -1, MOST_AT_ONCE + 1])
def test_the_limit_holds_for_whoever_comes_by_another_way(study, people):
    with pytest.raises(BadInputError, match=f"make 1 to {MOST_AT_ONCE} at once"):
        invite_each(study=study, people=people)


def test_a_time_that_has_passed_is_refused(make):
    assert "has passed" in make(people="2", expires_at="2020-01-01T10:00").content.decode()
    assert not Invitation.objects.exists()


def test_what_cannot_be_put_on_record_is_not_made(make, monkeypatch):
    def fails(*_args, **_kwargs):
        raise OSError("the disk is full")

    monkeypatch.setattr(Event, "save", fails)
    with pytest.raises(OSError, match="disk is full"):
        make(people="2")
    assert not Invitation.objects.exists()


def test_the_whole_limit_is_made_in_few_queries(study, django_assert_max_num_queries):
    with django_assert_max_num_queries(10):
        assert len(invite_each(study=study, people=MOST_AT_ONCE)) == MOST_AT_ONCE


def test_a_label_that_a_spreadsheet_would_run_is_guarded(make):
    assert rows_of(make(people="1", label="=1+1"))[0]["label"] == "'=1+1"


def test_nobody_is_invited_to_a_study_that_is_over(make, study):
    Study.objects.filter(pk=study.pk).update(state=Study.State.CLOSED)
    assert "nobody can be invited any more" in make(people="2").content.decode()
    assert not Invitation.objects.exists()


def test_the_page_lists_who_has_come_and_no_link(client, make, study):
    rows = rows_of(make(people="2", label="class 7"))
    token = rows[0]["link"].rstrip("/").rsplit("/", 1)[-1]
    join(invitation=study.invitations.get(token_sha256=hash_token(token)), consent_sha256="")
    html = client.get(reverse("study-personal-links", args=["methods"])).content.decode()
    assert html.count("<td>yes</td>") == 1
    assert html.count("<td>not yet</td>") == 1
    assert "/join/" not in html
    overview = client.get(reverse("study", args=["methods"])).content.decode()
    assert "class 7: 2 personal links, 1 used" in overview
    assert '<th scope="row">class 7' not in overview  # hundreds of rows would bury the others


@pytest.mark.parametrize("label", ["", "class 7"])
def test_no_page_of_staff_tells_which_link_somebody_came_by(client, admin_user, make, study, label):
    """Whoever has the list of links knows who got which: the number of a link beside a participant would lead to their answers."""
    make(people="2", label=label)
    invitation = study.invitations.order_by("pk").last()
    person, _ = join(invitation=invitation, consent_sha256="")
    addresses = [reverse("study-watch", args=["methods"])]
    seen = [client.get(address).content.decode() for address in addresses]
    client.force_login(admin_user)
    for page, args in (("changelist", []), ("change", [person.pk])):
        seen.append(client.get(reverse(f"admin:studies_participant_{page}", args=args)).content.decode())
    for html in seen:
        assert f"invitation {invitation.pk}" not in html
        assert f"/invitation/{invitation.pk}/" not in html
    assert (label or "a personal link") in seen[0]
    people, links = (reverse(f"admin:studies_{kind}_changelist") for kind in ("participant", "invitation"))
    for asked in (f"{people}?invitation={invitation.pk}", f"{links}?participants={person.pk}"):
        assert client.get(asked).status_code == 400
    answers = reverse("admin:studies_response_changelist")
    for asked in (
        f"{people}?study__id__exact={study.pk}&state__exact=active",
        f"{answers}?created_at__year=2026",
    ):
        assert client.get(asked).status_code == 200
