"""Every address of the site against everybody who may knock: a new one has to say here whom it opens for."""

from copy import deepcopy

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.db import transaction
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from explain.models import Job, Precompute
from studies.access import Role, give_role
from studies.frozen import RecordError
from studies.models import Event, Invitation, Study
from studies.opening import open_study
from tests.factories import jpeg, make_participant, make_study

pytestmark = pytest.mark.django_db

# Whom an address opens for.
ANYBODY = "anonymous volunteer viewer stranger researcher admin"
LOGGED_IN = "viewer stranger researcher admin"
STAFF = "stranger researcher admin"  # the stranger is a researcher of another study
LOOK = "viewer researcher admin"
CHANGE = "researcher admin"
NOBODY = ""  # no such method there

# name -> (who may read it, who may send something to it)
PAGES = {
    "home": (ANYBODY, NOBODY),
    "login": (ANYBODY, ANYBODY),
    "logout": (NOBODY, LOGGED_IN),
    "healthz": (ANYBODY, NOBODY),
    "readyz": (ANYBODY, NOBODY),
    "metrics": (NOBODY, NOBODY),  # for a program that has its token: tests/config/test_metrics.py
    # a volunteer's own link is the key: whoever has it is let in, and nobody without it
    "join": (ANYBODY, ANYBODY),
    "participant": (ANYBODY, NOBODY),
    "about-you": (ANYBODY, ANYBODY),
    "instructions": (ANYBODY, ANYBODY),
    "practice": (ANYBODY, ANYBODY),
    "trial": (ANYBODY, ANYBODY),
    "picture": (ANYBODY, NOBODY),
    "answers": (ANYBODY, ANYBODY),
    "undo": (NOBODY, ANYBODY),
    "break": (ANYBODY, ANYBODY),
    "leave": (ANYBODY, ANYBODY),
    "thanks": (ANYBODY, NOBODY),
    # photos, networks and maps belong to the house
    "runs": (LOGGED_IN, NOBODY),
    "run": (LOGGED_IN, NOBODY),
    "run-state": (LOGGED_IN, NOBODY),
    "run-retry": (NOBODY, STAFF),
    # a job is seen by who asked for it: here the researcher
    "photos-new": (STAFF, STAFF),
    "network-new": (STAFF, STAFF),
    "job": (CHANGE, CHANGE),
    "job-state": (CHANGE, NOBODY),
    "job-retry": (NOBODY, CHANGE),
    "job-picture": (CHANGE, NOBODY),
    "image-set": (LOGGED_IN, NOBODY),
    "photo-picture": (LOGGED_IN, NOBODY),
    "map-picture": (LOGGED_IN, NOBODY),
    # studies
    "studies": (LOGGED_IN, NOBODY),
    "setup-new": (STAFF, STAFF),
    "setup-first": (NOBODY, STAFF),
    "setup-check": (CHANGE, NOBODY),
    "setup-maps": (NOBODY, CHANGE),
    "setup-retry": (NOBODY, CHANGE),
    "setup-state": (CHANGE, NOBODY),
    "setup-estimate": (CHANGE, NOBODY),
    "setup-step": (CHANGE, CHANGE),
    "setup-preview": (CHANGE, NOBODY),
    "preview:participant": (CHANGE, NOBODY),
    "preview:join": (CHANGE, CHANGE),
    "preview:about-you": (CHANGE, CHANGE),
    "preview:instructions": (CHANGE, CHANGE),
    "preview:practice": (CHANGE, CHANGE),
    "preview:trial": (CHANGE, CHANGE),
    "preview:answers": (CHANGE, CHANGE),
    "preview:undo": (NOBODY, CHANGE),
    "preview:break": (CHANGE, CHANGE),
    "preview:leave": (CHANGE, CHANGE),
    "preview:thanks": (CHANGE, NOBODY),
    "study": (LOOK, NOBODY),
    "study-invite": (NOBODY, CHANGE),
    "study-revoke": (NOBODY, CHANGE),
    "study-state": (CHANGE, CHANGE),
    "study-delete": (CHANGE, CHANGE),
    "study-results": (LOOK, NOBODY),
    "study-results-json": (LOOK, NOBODY),
    "study-export": (LOOK, NOBODY),
    "study-counted": (LOOK, NOBODY),
    "study-humans": (LOOK, NOBODY),
    "study-watch": (LOOK, NOBODY),
    "study-void": (CHANGE, CHANGE),
    "study-gallery": (LOOK, NOBODY),
    "study-items": (LOOK, NOBODY),
    "study-item": (LOOK, NOBODY),
    "study-photos": (LOOK, NOBODY),
    "study-alike": (LOOK, CHANGE),
    "study-alike-state": (LOOK, NOBODY),
    "study-protocol": (LOOK, NOBODY),
    "study-protocol-file": (LOOK, NOBODY),
    "study-change-wording": (CHANGE, CHANGE),
    "study-access": (LOOK, CHANGE),
    "study-record": (LOOK, CHANGE),
    "study-report": (LOOK, NOBODY),
    "study-codebook": (LOOK, NOBODY),
    "api-schema": (LOGGED_IN, NOBODY),
    "api-docs": (LOGGED_IN, NOBODY),
    "api-study-list": (LOGGED_IN, NOBODY),
    "api-study-detail": (LOOK, NOBODY),
    "api-study-scores": (LOOK, NOBODY),
    "api-study-answers": (LOOK, NOBODY),
    "api-study-export": (LOOK, NOBODY),
    "api-study-versions": (LOOK, NOBODY),
    "api-study-participants": (LOOK, NOBODY),
    "api-study-invitations": (LOOK, CHANGE),
    "api-study-record": (LOOK, CHANGE),
    "api-study-open": (NOBODY, CHANGE),
    "api-study-pause": (NOBODY, CHANGE),
    "api-study-close": (NOBODY, CHANGE),
    "api-study-close-invitation": (NOBODY, CHANGE),
    "api-study-void-participant": (NOBODY, CHANGE),
    "api-tokens": (LOGGED_IN, LOGGED_IN),
}
BY_LINK = {"participant", "about-you", "instructions", "practice", "trial", "picture", "answers"} | {
    "undo",
    "break",
    "leave",
    "thanks",
    "join",
}


def names(patterns, inside=()):
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            space = (*inside, pattern.namespace) if pattern.namespace else inside
            yield from names(pattern.url_patterns, space)
        elif isinstance(pattern, URLPattern):
            yield ":".join((*inside, pattern.name or f"unnamed {pattern.pattern}"))


ALL = sorted(set(names(get_resolver().url_patterns)))
PARTS = 4  # so that several processes share the work
OURS = [name for name in ALL if not name.startswith("admin:")]


@pytest.fixture
def world(researcher, stranger, admin_user, django_user_model, monkeypatch):
    """An open study with one of each, and another study with a researcher of its own. Nothing is sent to workers."""
    for send in ("send", "send_job"):
        monkeypatch.setattr(f"explain.tasks.{send}", lambda *_: None)
    study = make_study("methods", items=2)
    study.state = Study.State.READY
    study.save()
    study = open_study(study=study)
    viewer = django_user_model.objects.create_user("viewer", password="correct horse battery")
    give_role(study=study, person=researcher, role=Role.RESEARCHER)
    give_role(study=study, person=viewer, role=Role.VIEWER)
    other = make_study("other", networks=("other",))
    give_role(study=other, person=stranger, role=Role.RESEARCHER)
    make_participant(study)
    people = {"viewer": viewer, "stranger": stranger, "researcher": researcher, "admin": admin_user}
    return study, people


def arguments(name, study, people) -> list:
    image = study.items.first().image
    if name == "join":
        return [Invitation.issue(study)[1]]
    if name in BY_LINK:
        return ["token-1-of-methods", *([1, 0] if name == "picture" else [])]
    if name.startswith("job"):
        return [a_job(people["researcher"]).pk]
    if name in ("run", "run-state", "run-retry"):
        return [Precompute.objects.create(image_set=image.image_set).pk]
    last = {
        "study-revoke": [study.invitations.first().pk],
        "study-state": ["paused"],
        "study-item": [0],
        "study-void": [1],
        "api-study-close-invitation": [study.invitations.first().pk],
        "api-study-void-participant": [1],
        "setup-step": ["photos"],
    }
    special = {
        "image-set": [image.image_set.name],
        "photo-picture": [image.pk],
        "map-picture": ["overlay", image.maps.first().pk],
    }
    if name in special:
        return special[name]
    about_a_study = name.startswith(("study", "api-study-", "setup-", "preview:"))
    if name in ("studies", "setup-new", "setup-first", "api-study-list") or not about_a_study:
        return []
    return [study.slug, *last.get(name, [])]


def a_job(user) -> Job:
    picture = ContentFile(jpeg(1), "picture.jpg")
    return Job.objects.create(kind=Job.Kind.PHOTOS, created_by=user, picture=picture, state=Job.State.FAILED)


def client_of(role, people, study):
    client = Client()
    if role in people:
        client.force_login(people[role])
    elif role == "volunteer":
        client.get(reverse("participant", args=["token-1-of-methods"]))
    return client


def opens(response) -> bool:
    if response.status_code in (301, 302):
        return not response.url.startswith(("/accounts/login/", "/admin/login/"))
    return response.status_code not in (401, 403, 404, 405)


def test_every_address_says_whom_it_opens_for():
    assert set(OURS) <= set(PAGES)


@pytest.mark.parametrize("part", range(PARTS))
def test_an_address_opens_for_these_people_and_for_nobody_else(world, part):
    study, people = world
    cookies = {role: client_of(role, people, study).cookies for role in ANYBODY.split()}
    wrong = [said for name in OURS[part::PARTS] for said in opens_wrongly(name, study, people, cookies)]
    assert not wrong


def opens_wrongly(name, study, people, cookies):
    """One sentence for each surprise. What the requests change is undone: making a world anew takes longer than they do."""
    with transaction.atomic():
        address = reverse(name, args=arguments(name, study, people))
        if name == "picture":
            make_ready_for_pictures(study)
        wrong = [
            f"{name}: {method} by {role}: {response.status_code}"
            for role, method, expected in knocks(name)
            if opens(response := knock(address, method, cookies[role])) != expected
        ]
        transaction.set_rollback(True)
    cache.clear()
    return wrong


def knock(address, method, cookies):
    client = Client()
    client.cookies = deepcopy(cookies)
    return getattr(client, method)(address)


def knocks(name):
    """Who tries what, and whether it has to open."""
    for role in ANYBODY.split():
        for method, who in zip(("get", "post"), PAGES[name], strict=True):
            if name == "logout" and role not in LOGGED_IN:
                continue  # logging out without being logged in leads to the front page: nothing opens
            if (name, method) == ("leave", "post") and role != "admin":
                continue  # it ends the link for everybody: once is enough
            yield role, method, role in who.split()


def make_ready_for_pictures(study):
    client = Client()
    for name in ("participant", "instructions"):
        client.get(reverse(name, args=["token-1-of-methods"]))
    client.post(reverse("instructions", args=["token-1-of-methods"]))
    client.get(reverse("trial", args=["token-1-of-methods"]))


def test_a_link_that_nobody_was_given_opens_nothing(world):
    study, people = world
    for role in ("anonymous", "researcher", "admin"):
        client = client_of(role, people, study)
        for name in sorted(BY_LINK):
            address = reverse(name, args=["x" * 43, *([1, 0] if name == "picture" else [])])
            for method in ("get", "post"):
                assert not opens(getattr(client, method)(address)), f"{name}: {method} by {role}"


def test_the_admin_site_is_for_those_with_a_permission(world):
    study, people = world
    roles = ("anonymous", "volunteer", "viewer", "stranger", "researcher")
    clients = {role: client_of(role, people, study) for role in roles}
    for name in ALL:
        if name.startswith("admin:"):
            check_admin_page(name, study, clients)


def check_admin_page(name, study, clients):
    """Reading changes nothing here, so all pages share one world."""
    for args in ([], [study.pk], ["studies"], [1, 2]):
        try:
            address = reverse(name, args=args)
            break
        except NoReverseMatch:  # another number of arguments
            continue
    else:
        address = "/admin/"
    may_be_empty = name in ("admin:login", "admin:logout", "admin:jsi18n")
    for role in ("anonymous", "volunteer", "viewer"):
        response = clients[role].get(address)
        assert may_be_empty or not opens(response), f"{name} by {role}: {response.status_code}"
    if "studies_" in name or "explain_" in name or "auth_" in name:
        for role in ("stranger", "researcher"):  # staff, but nobody has given them a permission
            response = clients[role].get(address)
            assert response.status_code in (302, 403, 404), f"{name} by {role}: {response.status_code}"


# Roles


def post(client, name, **data):
    return client.post(reverse(name, args=["methods"]), data, follow=True).content.decode()


def test_a_researcher_makes_a_colleague_a_viewer_and_it_is_on_record(world):
    study, people = world
    client = client_of("researcher", people, study)
    said = post(client, "study-access", account="stranger", role="viewer")
    assert "stranger is a viewer of this study now" in said
    assert list(Study.objects.visible_to(people["stranger"]).values_list("slug", flat=True)) == [
        "other",
        "methods",
    ]
    assert not Study.objects.editable_by(people["stranger"]).filter(slug="methods").exists()
    event = Event.objects.filter(kind="role given").last()
    assert (event.user, event.data) == (people["researcher"], {"account": "stranger", "role": "viewer"})


def test_a_role_replaces_the_one_before_and_can_be_taken_away(world):
    study, people = world
    client = client_of("researcher", people, study)
    post(client, "study-access", account="viewer", role="researcher")
    assert (study.researchers.count(), study.viewers.count()) == (2, 0)
    post(client, "study-access", take="viewer")
    assert not Study.objects.visible_to(people["viewer"]).exists()


def test_the_last_researcher_stays(world):
    study, people = world
    said = post(client_of("researcher", people, study), "study-access", take="researcher")
    assert "the only researcher" in said
    assert study.researchers.exists()


def test_an_unknown_account_is_named(world):
    study, people = world
    said = post(client_of("researcher", people, study), "study-access", account="nobody", role="viewer")
    assert "There is no account “nobody”" in said


def test_somebody_with_two_roles_sees_a_study_once(world):
    study, people = world
    study.viewers.add(people["researcher"])
    assert Study.objects.visible_to(people["researcher"]).count() == 1


# The record


def test_notes_are_added_and_stay(world):
    study, people = world
    post(client_of("researcher", people, study), "study-record", text="Two people called: link was broken.")
    page = client_of("viewer", people, study).get(reverse("study-record", args=["methods"])).content.decode()
    assert "Two people called: link was broken." in page
    assert "Add the note" not in page
    note = study.events.get(kind="note")
    with pytest.raises(RecordError, match="never changed"):
        note.save()
    with pytest.raises(RecordError, match="never deleted"):
        note.delete()
    with pytest.raises(RecordError, match="never changed"):
        study.events.update(kind="other")
    with pytest.raises(RecordError, match="never deleted"):
        study.events.all().delete()


def test_the_record_is_narrowed_to_a_kind_and_turned_page_by_page(world, django_assert_num_queries):
    study, people = world
    Event.objects.bulk_create(Event(study=study, kind="joined", data={"n": n}) for n in range(120))
    client = client_of("viewer", people, study)
    address = reverse("study-record", args=["methods"])
    with django_assert_num_queries(7):
        page = client.get(address + "?kind=joined&page=3").content.decode()
    assert "101–120 of 120 events" in page
    assert "n: 0" in page
    assert "opened" not in page.split("<tbody>")[1]


def test_a_study_goes_with_its_record(world):
    study, _ = world
    study.trials.all().delete()
    Study.objects.filter(slug="other").delete()
    assert not Event.objects.filter(study__slug="other").exists()
