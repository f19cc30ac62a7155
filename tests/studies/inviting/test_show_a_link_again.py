"""An invitation's link can be read again by the researchers of its study, on its own page, and by nobody and nowhere else."""

import io
import json
import re
from datetime import timedelta

import pytest
from django.core import serializers
from django.core.management import call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from studies.access.permissions import Role, give_role
from studies.core import sealing
from studies.lifecycle import revoke_invitation
from studies.models import ApiToken, Invitation, Study
from tests.factories import make_study

pytestmark = pytest.mark.django_db

PAGES = ("study-invitation", "study-invitation-qr", "study-poster")
OLD, NEW = "old-" + "o" * 60, "new-" + "n" * 60


@pytest.fixture
def study(researcher):
    study = make_study("methods", state=Study.State.OPEN)
    give_role(study=study, person=researcher, role=Role.RESEARCHER)
    return study


@pytest.fixture
def browser(client, researcher):
    client.force_login(researcher)
    return client


@pytest.fixture
def made(study):
    return Invitation.issue(study, label="course A")


def address(name, invitation):
    return reverse(name, args=[invitation.study.slug, invitation.pk])


def seen(client, name, invitation):
    return client.get(address(name, invitation)).content.decode()


def why_not(client, invitation):
    """The sentence in place of the link; there is no poster and no code either."""
    for name in ("study-invitation-qr", "study-poster"):
        assert client.get(address(name, invitation)).status_code == 404
    html = seen(client, "study-invitation", invitation)
    assert "/join/" not in html
    assert "<svg" not in html
    return re.search(r'id="not-shown"><p>(.*?)</p>', html, re.S)[1]


def test_a_researcher_reads_the_link_as_often_as_they_like(browser, made):
    invitation, token = made
    for _ in range(2):
        assert f"http://testserver/join/{token}/" in seen(browser, "study-invitation", invitation)


@pytest.mark.parametrize("name", PAGES)
def test_nobody_else_reads_it(client, django_user_model, stranger, made, name):
    invitation, token = made
    viewer = django_user_model.objects.create_user("viewer")
    give_role(study=invitation.study, person=viewer, role=Role.VIEWER)
    for user, status in ((viewer, 403), (stranger, 404)):
        client.force_login(user)
        response = client.get(address(name, invitation))
        assert response.status_code == status
        assert token not in response.content.decode()


@pytest.mark.parametrize("name", PAGES)
def test_it_is_kept_by_no_cache(browser, made, name):
    assert browser.get(address(name, made[0]))["Cache-Control"] == "private, no-store"


def test_an_invitation_of_another_study_is_not_shown_by_way_of_ones_own(browser, study):
    other, _ = Invitation.issue(make_study("other", networks=("other",)))
    assert browser.get(reverse("study-invitation", args=["methods", other.pk])).status_code == 404


def everywhere_else(client, researcher, study, invitation):
    """Name -> what is in lists, files, the API, the record and a copy of the database."""
    key = ApiToken.issue(researcher, name="script", scope="write")[1]
    program = APIClient(headers={"authorization": f"Token {key}"})
    dump = io.StringIO()
    call_command("dumpdata", "studies", stdout=dump)
    pages = {
        name: client.get(reverse(name, args=[study.slug])).content.decode(errors="replace")
        for name in ("study", "study-record", "study-watch", "study-personal-links", "study-protocol")
    }
    return {
        **pages,
        "studies": client.get(reverse("studies")).content.decode(),
        "api": program.get(f"/api/studies/{study.slug}/invitations/").content.decode(),
        "record by the api": program.get(f"/api/studies/{study.slug}/record/").content.decode(),
        "dump": dump.getvalue(),
        "events": json.dumps(list(study.events.values_list("data", flat=True))),
    }


def test_neither_link_nor_seal_is_anywhere_else(browser, researcher, study, made):
    invitation, token = made
    for name, content in everywhere_else(browser, researcher, study, invitation).items():
        assert token not in content, name
        if name != "dump":
            assert invitation.sealed_token not in content, name
    assert invitation.sealed_token


def test_admins_site_does_not_show_the_seal(client, admin_user, made):
    client.force_login(admin_user)
    invitation, token = made
    html = client.get(f"/admin/studies/invitation/{invitation.pk}/change/").content.decode()
    assert "course A" in html
    assert invitation.sealed_token not in html
    assert token not in html


def test_the_row_has_nothing_that_can_be_read(made):
    """What a copy of the database holds: the hash, and a seal that says nothing of the token."""
    invitation, token = made
    row = serializers.serialize("json", [invitation])
    assert token not in row
    assert Invitation.issue(invitation.study)[0].sealed_token != invitation.sealed_token
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM studies_invitation")
        assert token not in str(cursor.fetchall())


def test_a_seal_that_was_put_into_another_row_does_not_open(study, made):
    """Whoever may write to the database could have had a link of theirs sent round in place of the real one, or learned one."""
    theirs, _ = Invitation.issue(study)
    theirs.sealed_token = made[0].sealed_token
    assert theirs.token is None


def test_a_seal_that_was_changed_does_not_open(made):
    invitation, _ = made
    for changed in ("", "no base64!", invitation.sealed_token[:-4] + "AAA=", invitation.sealed_token[:8]):
        invitation.sealed_token = changed
        assert invitation.token is None


def test_a_seal_of_one_purpose_opens_for_no_other(study):
    sealing.cipher.cache_clear()  # as in a process that begins
    invitation, token = Invitation.issue(study)
    assert invitation.token == token
    bound = {"bound_to": invitation.token_sha256}
    assert sealing.opened(invitation.sealed_token, purpose=b"another", **bound) is None


def test_a_link_of_before_the_key_was_changed_is_shown_while_the_old_key_is_known(browser, study, settings):
    settings.SECRET_KEY = OLD
    invitation, token = Invitation.issue(study)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OLD]
    assert Invitation.objects.get(pk=invitation.pk).token == token
    settings.SECRET_KEY_FALLBACKS = []
    assert Invitation.objects.get(pk=invitation.pk).token is None


def test_without_the_key_of_then_the_page_says_what_to_do(browser, study, settings):
    key, settings.SECRET_KEY = settings.SECRET_KEY, OLD
    invitation, _ = Invitation.issue(study)
    settings.SECRET_KEY = key
    assert "SECRET_KEY_FALLBACKS" in why_not(browser, invitation)


def test_an_invitation_of_before_says_that_its_link_was_never_kept(browser, study, made):
    study.invitations.update(sealed_token="")
    assert "never kept" in why_not(browser, made[0])


def test_a_revoked_link_is_not_shown_and_not_kept(browser, made):
    invitation, _ = made
    revoke_invitation(invitation=invitation)
    assert "revoked" in why_not(browser, invitation)
    invitation.refresh_from_db()
    assert invitation.sealed_token == ""


def test_who_revokes_in_the_admin_leaves_nothing_to_show_either(client, admin_user, made):
    client.force_login(admin_user)
    invitation, _ = made
    fields = {"label": "x", "quota": "", "expires_at_0": "", "expires_at_1": ""}
    fields |= {"revoked_at_0": "2026-01-01", "revoked_at_1": "10:00:00"}
    assert client.post(f"/admin/studies/invitation/{invitation.pk}/change/", fields).status_code == 302
    invitation.refresh_from_db()
    assert (invitation.revoked_at is None, invitation.sealed_token) == (False, "")


def test_a_revoked_link_is_not_shown_even_where_its_seal_is_still_there(browser, study, made):
    study.invitations.update(revoked_at=timezone.now())
    assert "revoked" in why_not(browser, made[0])


def test_an_expired_link_is_not_shown(browser, study):
    invitation, _ = Invitation.issue(study, expires_at=timezone.now() - timedelta(seconds=1))
    assert "expired" in why_not(browser, invitation)


@pytest.mark.parametrize("state", [Study.State.CLOSED, Study.State.ARCHIVED])
def test_no_link_of_a_study_that_is_over_is_shown(browser, study, made, state):
    Study.objects.filter(pk=study.pk).update(state=state)
    assert "The study is closed" in why_not(browser, made[0])


@pytest.mark.parametrize(
    ("state", "fields", "remark"),
    [
        ("paused", {}, "is not open"),
        ("open", {"quota": 0}, "All places"),
        ("open", {}, "All answers are there"),
    ],
)
def test_a_link_that_lets_nobody_in_just_now_is_shown_with_the_reason(browser, study, state, fields, remark):
    Study.objects.filter(pk=study.pk).update(state=state)
    invitation, token = Invitation.issue(study, **fields)
    html = seen(browser, "study-invitation", invitation)
    assert token in html
    assert remark in re.search(r'id="remark">(.*?)</p>', html, re.S)[1]


def test_a_poster_can_be_printed_before_the_study_opens(browser, researcher):
    study = make_study("later", networks=("other",))
    give_role(study=study, person=researcher, role=Role.RESEARCHER)
    invitation, token = Invitation.issue(study)
    assert "is not open" in seen(browser, "study-invitation", invitation)
    assert token in seen(browser, "study-poster", invitation)
