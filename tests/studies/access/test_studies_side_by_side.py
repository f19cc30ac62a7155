"""Two studies of one researcher, each with its own people and answers: no look-up reaches from one into the other."""

import csv
import io
import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from explain.core.errors import BadInputError
from studies.access.event_log import add_note
from studies.access.permissions import Role, give_role, may_edit, people_of
from studies.lifecycle.revisions import find_version
from studies.lifecycle.transitions import revoke_invitation
from studies.models import ApiToken, Event, Invitation, Response, Study
from tests import by_sql
from tests.factories import make_study
from tests.studies.filled import answer, fill, make_participant

pytestmark = pytest.mark.django_db


@pytest.fixture
def studies(researcher):
    """“one” with three people, “two” with two; both open, both with a version, a note and an invitation of their own."""
    both = []
    for slug, people in (("one", 3), ("two", 2)):
        study = make_study(slug, networks=(slug,), items=2)
        study.versions.create(number=1, sha256=slug, protocol={"title": slug})
        fill(study, [[0, 1]] * people, label=f"group {slug}")
        add_note(study=study, text=f"about {slug}")
        study.state = Study.State.OPEN
        study.save()
        give_role(study=study, person=researcher, role=Role.RESEARCHER)
        both.append(study)
    return both


def client_with(user, scope="write"):
    token = ApiToken.issue(user, name="script", scope=scope)[1]
    return APIClient(headers={"authorization": f"Token {token}"})


@pytest.fixture
def program(researcher):
    return client_with(researcher)


def rows(program, path, **query):
    return program.get(f"/api/studies/{path}/", query).json()["results"]


# What a program reads


def test_a_program_gets_the_people_links_versions_and_record_of_the_study_that_it_asks_about(
    studies, program
):
    for slug, people in (("one", 3), ("two", 2)):
        assert [row["number"] for row in rows(program, f"{slug}/participants")] == list(range(1, people + 1))
        assert {row["group"] for row in rows(program, f"{slug}/participants")} == {f"group {slug}"}
        assert [row["people"] for row in rows(program, f"{slug}/invitations")] == [1] * people
        assert [row["sha256"] for row in rows(program, f"{slug}/versions")] == [slug]
        notes = [row["data"]["text"] for row in rows(program, f"{slug}/record") if row["kind"] == "note"]
        assert notes == [f"about {slug}"]


def test_answers_and_scores_are_those_of_the_study_that_was_asked_about(studies, program):
    for slug, people in (("one", 3), ("two", 2)):
        ids = Response.objects.filter(trial__study__slug=slug).values_list("answer_id", flat=True)
        assert {row["answer"] for row in rows(program, f"{slug}/answers")} == set(map(str, ids))
        assert program.get(f"/api/studies/{slug}/scores/").json()["participants"] == people
        for kind, read in (("csv", csv_ids), ("jsonl", jsonl_ids)):
            response = program.get(f"/api/studies/{slug}/export/?as={kind}")
            assert response["Content-Disposition"] == f'attachment; filename="{slug}-answers.{kind}"'
            assert read(b"".join(response.streaming_content).decode()) == set(map(str, ids))


def csv_ids(text: str) -> set[str]:
    return {row["answer"] for row in csv.DictReader(io.StringIO(text))}


def jsonl_ids(text: str) -> set[str]:
    return {json.loads(line)["answer"] for line in text.splitlines()}


def test_the_kind_of_file_is_the_one_that_was_asked_for(studies, program):
    types = {
        "": "text/csv; charset=utf-8",
        "?as=csv": "text/csv; charset=utf-8",
        "?as=jsonl": "application/x-ndjson",
    }
    for query, content_type in types.items():
        assert program.get(f"/api/studies/one/export/{query}")["Content-Type"] == content_type


def test_answers_are_narrowed_by_whose_and_by_what_became_of_them(studies, program):
    study = studies[0]
    robot = make_participant(study, simulated=True)
    answer(robot, 0, 2)
    answer(robot, 1, 2, status="undone")
    assert len(rows(program, "one/answers")) == 8
    assert len(rows(program, "one/answers", who="real")) == 6
    assert [row["status"] for row in rows(program, "one/answers", who="simulated")] == ["counted", "undone"]
    assert len(rows(program, "one/answers", status="counted")) == 7
    assert len(rows(program, "one/answers", status="counted", who="simulated")) == 1


def test_scores_can_be_asked_for_by_version(studies, program):
    study = studies[0]
    by_sql.change(Study.objects.filter(pk=study.pk), version=2)
    by_sql.change(Response.objects.filter(participant__number=1, trial__study=study), version=2)
    assert program.get("/api/studies/one/scores/?version=2").json()["responses"] == 2
    wrong = program.get("/api/studies/one/scores/?version=3")
    assert (wrong.status_code, list(wrong.json())) == (400, ["version"])


def test_pages_of_a_list_are_as_long_as_asked_for_up_to_a_limit(studies, program):
    assert len(rows(program, "one/participants", page_size=2)) == 2
    page = program.get("/api/studies/one/participants/?page_size=2").json()
    assert [row["number"] for row in program.get(page["next"]).json()["results"]] == [3]


# What a program changes


def test_an_invitation_is_closed_from_its_own_study_only(studies, program):
    invitation = studies[1].invitations.first()
    refused = program.post(f"/api/studies/one/invitations/{invitation.pk}/close/")
    assert (refused.status_code, refused.json()["detail"]) == (404, "This study has no such invitation.")
    invitation.refresh_from_db()
    assert invitation.revoked_at is None
    closed = program.post(f"/api/studies/two/invitations/{invitation.pk}/close/")
    assert closed.json()["id"] == invitation.pk
    assert Invitation.objects.exclude(revoked_at=None).get() == invitation
    assert Event.objects.get(kind="invitation revoked").user.username == "researcher"


def test_the_answers_of_a_number_are_voided_in_its_own_study_only(studies, program):
    first, second = studies
    assert program.post("/api/studies/two/participants/3/void/", {"reason": "x"}).status_code == 404
    assert program.post("/api/studies/two/participants/1/void/", {"reason": "x"}).json() == {"answers": 2}
    void = Response.objects.filter(status="void")
    assert {(row.participant.study, row.participant.number) for row in void} == {(second, 1)}
    assert Response.objects.filter(trial__study=first, status="counted").count() == 6


def test_an_invitation_and_a_note_go_into_the_study_that_was_named(studies, program, researcher):
    later = (timezone.now() + timedelta(days=2)).isoformat()
    response = program.post(
        "/api/studies/two/invitations/", {"label": "course", "quota": 5, "expires_at": later}
    ).json()
    invitation = Invitation.objects.get(label="course")
    assert (invitation.study.slug, invitation.quota, invitation.simulated) == ("two", 5, False)
    assert invitation.expires_at.isoformat()[:16] == later[:16]
    assert response["people"] == 0
    event = Event.objects.get(kind="invited")
    assert (event.study.slug, event.user, event.data) == ("two", researcher, {"invitation": invitation.pk})
    program.post("/api/studies/two/record/", {"text": " a note "})
    note = Event.objects.filter(kind="note").last()
    assert (note.study.slug, note.user, note.data) == ("two", researcher, {"text": "a note"})


def test_a_program_cannot_make_an_invitation_of_simulated_people_or_one_that_is_over(studies, program):
    program.post("/api/studies/two/invitations/", {"label": "x", "simulated": True})
    assert not Invitation.objects.get(label="x").simulated
    past = (timezone.now() - timedelta(days=2)).isoformat()
    assert program.post("/api/studies/two/invitations/", {"expires_at": past}).status_code == 400


def test_a_study_that_is_closed_by_a_program_leaves_the_other_one_open(studies, program):
    assert program.post("/api/studies/two/close/").json()["items"] == 2
    assert dict(Study.objects.values_list("slug", "state")) == {"one": "open", "two": "closed"}
    refused = program.post("/api/studies/two/pause/")
    assert (refused.status_code, refused.json()) == (
        400,
        {"error": ["two is closed; it cannot become paused."]},
    )


# What the pages reach


def test_a_person_and_an_item_are_looked_up_in_the_study_of_the_address(studies, client, researcher):
    client.force_login(researcher)
    client.post(reverse("study-void", args=["two", 1]), {"reason": "x"})
    assert {row.participant.study.slug for row in Response.objects.filter(status="void")} == {"two"}
    assert client.post(reverse("study-void", args=["two", 3]), {"reason": "x"}).status_code == 404
    html = client.get(reverse("study-item", args=["two", 0])).content.decode()
    ids = {
        slug: Response.objects.filter(trial__study__slug=slug, trial__item__index=0)
        for slug in ("one", "two")
    }
    assert all(str(row.answer_id) in html for row in ids["two"])
    assert not any(str(row.answer_id) in html for row in ids["one"])


def test_an_answer_of_another_study_is_not_found_by_its_id(studies, client, researcher):
    client.force_login(researcher)
    answer_id = Response.objects.filter(trial__study__slug="one").first().answer_id
    address = reverse("study-items", args=["two"])
    assert client.get(address, {"answer": answer_id}).status_code == 200  # the list, no way to the answer
    assert client.get(reverse("study-items", args=["one"]), {"answer": answer_id}).url.endswith(
        f"/items/0/#answer-{answer_id}"
    )


def test_a_version_is_that_of_its_study(studies):
    assert [find_version(study, 1) for study in studies[:2]] == [{"title": "one"}, {"title": "two"}]
    with pytest.raises(BadInputError, match=r"two: has no version 2 of its protocol \(there is: 1\)"):
        find_version(studies[1], 2)


# Who may


def test_a_role_holds_in_its_own_study_only(studies, stranger):
    first, second = studies
    give_role(study=first, person=stranger, role=Role.VIEWER)
    give_role(study=second, person=stranger, role=Role.RESEARCHER)
    assert (may_edit(stranger, first), may_edit(stranger, second)) == (False, True)
    assert [name for name, _ in [(str(person), role) for person, role in people_of(first)]] == [
        "researcher",
        "stranger",
    ]
    assert [role for _, role in people_of(second)] == [Role.RESEARCHER, Role.RESEARCHER]
    program = client_with(stranger)
    assert program.post("/api/studies/one/pause/").status_code == 403
    assert program.post("/api/studies/two/pause/").status_code == 200
    give_role(study=second, person=stranger, role=None)
    assert program.get("/api/studies/two/").status_code == 404
    assert program.get("/api/studies/one/").status_code == 200
    assert {study.slug for study in Study.objects.visible_to(stranger)} == {"one"}


def test_nobody_who_is_not_logged_in_sees_or_changes_any_study(studies):
    assert not Study.objects.visible_to(AnonymousUser()).exists()
    assert not Study.objects.editable_by(AnonymousUser()).exists()


def test_a_researcher_gives_roles_in_their_own_study_and_the_others_stay(
    studies, client, researcher, stranger
):
    client.force_login(researcher)
    client.post(reverse("study-access", args=["two"]), {"account": "stranger", "role": "viewer"})
    assert {study.slug for study in Study.objects.visible_to(stranger)} == {"two"}
    client.post(reverse("study-access", args=["one"]), {"take": "stranger"})
    assert {study.slug for study in Study.objects.visible_to(stranger)} == {"two"}
    left = client.post(reverse("study-access", args=["two"]), {"take": "stranger"})
    assert left.url == reverse("study-access", args=["two"])
    assert not Study.objects.visible_to(stranger).exists()


def test_a_researcher_who_leaves_a_study_comes_back_to_the_list_of_those_left(
    studies, client, researcher, stranger
):
    give_role(study=studies[1], person=stranger, role=Role.RESEARCHER)
    client.force_login(researcher)
    assert client.post(reverse("study-access", args=["two"]), {"take": "researcher"}).url == reverse(
        "studies"
    )
    assert {study.slug for study in Study.objects.editable_by(researcher)} == {"one"}


def test_somebody_whose_account_is_closed_is_given_no_role(studies, client, researcher, stranger):
    stranger.is_active = False
    stranger.save()
    client.force_login(researcher)
    response = client.post(reverse("study-access", args=["two"]), {"account": "stranger", "role": "viewer"})
    assert "There is no account" in response.content.decode()
    assert not Study.objects.visible_to(stranger).exists()


def test_an_invitation_that_was_closed_keeps_the_moment_and_is_closed_once(studies, researcher):
    invitation = studies[0].invitations.first()
    revoke_invitation(invitation=invitation, user=researcher)
    at = Invitation.objects.get(pk=invitation.pk).revoked_at
    revoke_invitation(invitation=invitation, user=researcher)
    assert Invitation.objects.get(pk=invitation.pk).revoked_at == at
    event = Event.objects.get(kind="invitation revoked")
    assert (event.study, event.user, event.data) == (studies[0], researcher, {"invitation": invitation.pk})


# Tokens


@pytest.mark.parametrize("header", ["Token", "Token ", "Bearer {}", "{}", "Token x{}", "Basic {}"])
def test_only_a_whole_token_with_its_word_before_it_is_one(studies, researcher, header):
    token = ApiToken.issue(researcher, name="script", scope="read")[1]
    client = APIClient(headers={"authorization": header.format(token)})
    assert client.get("/api/studies/one/").status_code == 401


def test_a_token_that_is_used_says_when_but_is_not_written_at_every_request(studies, researcher):
    row, token = ApiToken.issue(researcher, name="script", scope="read")
    client = APIClient(headers={"authorization": f"token {token}"})

    def used_after(last):
        ApiToken.objects.filter(pk=row.pk).update(last_used_at=last)
        assert client.get("/api/studies/one/").status_code == 200
        return ApiToken.objects.get(pk=row.pk).last_used_at

    now = timezone.now()
    assert used_after(None) >= now
    assert used_after(now - timedelta(minutes=50)) == now - timedelta(minutes=50)
    assert used_after(now - timedelta(minutes=70)) >= now


def test_a_token_that_was_revoked_opens_nothing_and_the_owners_other_one_still_does(studies, researcher):
    row, token = ApiToken.issue(researcher, name="old", scope="write")
    ApiToken.objects.filter(pk=row.pk).update(revoked_at=timezone.now())
    assert APIClient(headers={"authorization": f"Token {token}"}).get("/api/studies/one/").status_code == 401
    assert client_with(researcher, "read").get("/api/studies/one/").status_code == 200
