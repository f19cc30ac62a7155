"""What an admin can see and change of studies in Django's admin, through its real forms."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.files.base import ContentFile
from django.urls import NoReverseMatch, reverse

from config.admin_site import SuperuserAdminSite
from studies.models import (
    ApiToken,
    ApiUse,
    Arm,
    CheckMap,
    Event,
    FurtherLink,
    Invitation,
    Item,
    ItemMap,
    ItemPanel,
    JoinCount,
    Notice,
    NoticeSettings,
    Participant,
    ProtocolVersion,
    Response,
    Study,
    Trial,
)
from tests.factories import jpeg, make_study, make_trials
from tests.studies.filled import fill

pytestmark = pytest.mark.django_db

ALL = [
    Study, ProtocolVersion, Arm, Item, ItemMap, ItemPanel, CheckMap, Invitation, Participant, FurtherLink, Trial, Response, Event,
    ApiToken, ApiUse, JoinCount, Notice, NoticeSettings,
]  # fmt: skip
RECORDS = [Participant, Trial, Response, Event]


@pytest.fixture
def browser(client, admin_user):
    client.force_login(admin_user)
    return client


@pytest.fixture
def opened():
    study = make_study("opened")
    make_trials(study, ["0,1,2"])
    fill(study, [[0, 1, 2]], simulated=True)
    Event.objects.create(study=study, kind="opened")
    CheckMap.objects.create(item=study.items.first(), place=0, file=ContentFile(jpeg(1), "map.jpg"))
    ItemPanel.objects.create(item_map=(shown := ItemMap.objects.first()), place=0, map=shown.map)
    ProtocolVersion.objects.create(study=study, number=1, sha256="0" * 64, protocol={})
    someone = get_user_model().objects.create_user("someone-else")
    ApiToken.issue(someone, name="script", scope="read")
    ApiUse.objects.create(user=someone, period=1, requests=2)
    FurtherLink.objects.create(participant=study.participants.first(), token_sha256="f" * 64)
    JoinCount.objects.create(key="k" * 64, hour=1, joins=2)
    NoticeSettings.objects.create(study=study, webhook="https://hooks.example/secret")
    Notice.objects.create(study=study, kind=Notice.Kind.FULL, channel=Notice.Channel.WEBHOOK, about="1")
    study.state = Study.State.OPEN
    study.save()
    return study


def address(model, page, *args) -> str:
    return reverse(f"admin:studies_{model._meta.model_name}_{page}", args=args)


def form_of(study: Study, **changes) -> dict:
    """What the admin's form of a study posts, with some fields changed."""
    arms = list(study.arms.all())
    data = {
        "slug": study.slug,
        "title": study.title,
        "task": study.task,
        "picture": study.picture,
        "responses_per_item": study.responses_per_item,
        "trials_per_participant": study.trials_per_participant,
        "repeats_per_participant": study.repeats_per_participant,
        "attention_checks": study.attention_checks,
        "break_every": study.break_every,
        "seed": study.seed,
        "wording": '{"question": "Which?"}',
        "protocol": '{"slug": "x"}',
        "arms-TOTAL_FORMS": len(arms),
        "arms-INITIAL_FORMS": len(arms),
    }
    for place, arm in enumerate(arms):
        data |= {
            f"arms-{place}-id": arm.pk,
            f"arms-{place}-study": study.pk,
            f"arms-{place}-index": arm.index,
            f"arms-{place}-name": arm.name,
            f"arms-{place}-network": arm.network_id,
            f"arms-{place}-method": arm.method,
        }
    return data | changes


def test_every_model_of_the_app_is_there():
    rows = set(apps.get_app_config("studies").get_models())
    assert rows == set(ALL)
    assert all(model in admin.site._registry for model in ALL)


@pytest.mark.parametrize("model", ALL)
def test_lists_and_rows_can_be_looked_at(browser, opened, model):
    assert browser.get(address(model, "changelist")).status_code == 200
    row = model.objects.first()
    assert browser.get(address(model, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("model", [Invitation, Participant])
def test_hashes_of_tokens_are_not_shown(browser, opened, model):
    row = model.objects.first()
    for page in (address(model, "changelist"), address(model, "change", row.pk)):
        assert row.token_sha256 not in browser.get(page).content.decode()


def test_the_address_of_a_webhook_is_not_shown(browser, opened):
    """It may hold a secret, as those of chat rooms do."""
    settings = NoticeSettings.objects.get()
    for page in (address(NoticeSettings, "changelist"), address(NoticeSettings, "change", settings.pk)):
        assert "hooks.example" not in browser.get(page).content.decode()


@pytest.mark.parametrize("model", ALL)
def test_lists_take_the_same_number_of_queries_with_more_rows(
    browser, opened, model, django_assert_max_num_queries
):
    with django_assert_max_num_queries(12):
        browser.get(address(model, "changelist"))


def test_a_draft_can_be_edited(browser):
    study = make_study("draft")
    response = browser.post(
        address(Study, "change", study.pk), form_of(study, title="Better", **{"arms-0-name": "renamed"})
    )
    assert response.status_code == 302
    study.refresh_from_db()
    assert study.title == "Better"
    assert study.arms.get(index=0).name == "renamed"


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Another"},
        {"slug": "another"},
        {"task": "rating"},
        {"picture": "heat"},
        {"responses_per_item": 9},
        {"trials_per_participant": 9},
        {"seed": 9},
        {"wording": '{"question": "Which is worse?"}'},
        {"protocol": '{"a": 1}'},
        {"state": "draft"},
        {"protocol_sha256": "0" * 64},
        {"arms-0-name": "renamed"},
        {"arms-0-method": "random"},
        {"arms-0-DELETE": "on"},
    ],
)
def test_an_opened_study_keeps_what_it_asks_whatever_is_posted(browser, opened, change):
    def state():
        return Study.objects.filter(pk=opened.pk).values().get(), list(opened.arms.values())

    before = state()
    response = browser.post(address(Study, "change", opened.pk), form_of(opened, **change))
    assert response.status_code == 302  # taken as a form without those fields
    assert state() == before


def test_nothing_is_added_to_an_opened_study(browser, opened):
    arm, item = opened.arms.first(), opened.items.first()
    other = make_study("source", networks=("other",))
    image = other.items.first().image
    tries = {
        Arm: {"study": opened.pk, "index": 9, "name": "new", "network": arm.network_id, "method": "random"},
        Item: {"study": opened.pk, "index": 9, "image": image.pk},
        ItemMap: {"item": item.pk, "arm": arm.pk, "map": item.item_maps.first().map_id},
    }
    counts = {model: model.objects.count() for model in tries}
    for model, data in tries.items():
        browser.post(address(model, "add"), data)
    extra = {
        "arms-TOTAL_FORMS": 4,
        "arms-3-study": opened.pk,
        "arms-3-index": 9,
        "arms-3-name": "new",
        "arms-3-network": arm.network_id,
        "arms-3-method": "random",
    }
    browser.post(address(Study, "change", opened.pk), form_of(opened, **extra))
    assert counts == {model: model.objects.count() for model in tries}


@pytest.mark.parametrize("model", [Study, Arm, Item, ItemMap])
def test_nothing_an_opened_study_asks_can_be_deleted(browser, opened, model):
    row = model.objects.first()
    assert browser.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    browser.post(
        address(model, "changelist"),
        {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"},
    )
    assert model.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", RECORDS)
def test_records_are_never_added_changed_or_deleted(browser, opened, model):
    row = model.objects.first()
    before = model.objects.filter(pk=row.pk).values().get()
    assert browser.post(address(model, "add"), {}).status_code == 403
    assert (
        browser.post(address(model, "change", row.pk), {"state": "void", "status": "void"}).status_code == 403
    )
    assert browser.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    browser.post(
        address(model, "changelist"),
        {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"},
    )
    assert model.objects.filter(pk=row.pk).values().get() == before


def test_an_invitation_is_limited_and_revoked_but_not_made_here(browser, opened):
    invitation = opened.invitations.first()
    data = {
        "label": "class",
        "quota": 5,
        "expires_at_0": "",
        "expires_at_1": "",
        "revoked_at_0": "2026-01-01",
        "revoked_at_1": "10:00",
    }
    assert browser.post(address(Invitation, "change", invitation.pk), data).status_code == 302
    invitation.refresh_from_db()
    assert (invitation.quota, invitation.revoked_at.year, invitation.simulated) == (5, 2026, True)
    assert browser.get(address(Invitation, "add")).status_code == 403


def test_whoever_is_no_admin_sees_nothing_in_the_admin(client, researcher, opened):
    researcher.user_permissions.set(Permission.objects.all())
    opened.researchers.add(researcher)
    client.force_login(researcher)
    for model in ALL:
        try:
            response = client.get(address(model, "changelist"))
        except NoReverseMatch:
            pytest.fail(f"{model} is not in the admin")
        assert response.status_code == 302
        assert response.url.startswith(reverse("admin:login"))


@pytest.mark.parametrize("model", ALL)
def test_staff_with_every_permission_still_see_their_own_studies_only(
    client, researcher, opened, model, monkeypatch
):
    """Were the admin opened for them, which it is not."""
    monkeypatch.setattr(SuperuserAdminSite, "has_permission", lambda _, request: request.user.is_staff)
    researcher.user_permissions.set(Permission.objects.filter(content_type__app_label="studies"))
    row = model.objects.first()
    client.force_login(researcher)
    page = client.get(address(model, "changelist"))
    assert page.status_code == 200
    assert page.context["cl"].result_count == 0
    assert (
        client.get(address(model, "change", row.pk)).status_code == 302
    )  # "doesn't exist. Perhaps it was deleted?"
    if model is JoinCount:  # of no study: for superusers alone
        return
    opened.researchers.add(researcher)
    ApiToken.objects.update(user=researcher)
    ApiUse.objects.update(user=researcher)
    assert client.get(address(model, "changelist")).context["cl"].result_count == model.objects.count()
    assert client.get(address(model, "change", model.objects.first().pk)).status_code == 200
