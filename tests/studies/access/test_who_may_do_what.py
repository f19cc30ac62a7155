"""Every address of the site against everybody who may knock: a new one has to say here whom it opens for."""

from copy import deepcopy

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.db import transaction
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from explain.models import Job, Precompute
from studies.models import Invitation
from studies.participation.picture_addresses import Picture, seal
from tests.factories import jpeg
from tests.studies.people import client_of

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
    "wrong-before": (ANYBODY, ANYBODY),
    "wrong": (ANYBODY, ANYBODY),
    "about-you": (ANYBODY, ANYBODY),
    "afterwards": (ANYBODY, ANYBODY),
    "instructions": (ANYBODY, ANYBODY),
    "practice": (ANYBODY, ANYBODY),
    "trial": (ANYBODY, ANYBODY),
    "picture": (ANYBODY, NOBODY),  # by an address that was handed out with a trial
    "answers": (ANYBODY, ANYBODY),
    "undo": (NOBODY, ANYBODY),
    "break": (ANYBODY, ANYBODY),
    "leave": (ANYBODY, ANYBODY),
    "thanks": (ANYBODY, ANYBODY),
    # photos, networks and maps are for the members of the studies that use them
    "runs": (
        LOGGED_IN,
        NOBODY,
    ),  # each lists what they may see: tests/studies/access/test_who_sees_pictures.py
    "run": (LOOK, NOBODY),
    "run-state": (LOOK, NOBODY),
    "run-retry": (NOBODY, CHANGE),
    "run-stop": (NOBODY, CHANGE),
    "run-remove": (NOBODY, CHANGE),
    # a job is seen by who asked for it: here the researcher
    "photos-new": (STAFF, STAFF),
    "network-new": (STAFF, STAFF),
    "map-set-new": (STAFF, STAFF),
    "picture-set-new": (STAFF, STAFF),
    "job": (CHANGE, CHANGE),
    "job-state": (CHANGE, NOBODY),
    "job-retry": (NOBODY, CHANGE),
    "job-answer": (NOBODY, CHANGE),
    "job-picture": (CHANGE, NOBODY),
    "image-set": (LOOK, NOBODY),
    "photo-picture": (LOOK, NOBODY),
    "map-picture": (LOOK, NOBODY),
    "maps-side-by-side": (LOOK, NOBODY),
    # studies
    "studies": (LOGGED_IN, NOBODY),
    "setup-new": (STAFF, STAFF),
    "setup-first": (NOBODY, STAFF),
    "setup-gallery": (STAFF, STAFF),
    "study-duplicate": (CHANGE, CHANGE),  # whoever may look and is staff
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
    "preview:afterwards": (CHANGE, CHANGE),
    "preview:wrong": (CHANGE, CHANGE),
    "preview:wrong-before": (CHANGE, CHANGE),
    "preview:instructions": (CHANGE, CHANGE),
    "preview:practice": (CHANGE, CHANGE),
    "preview:trial": (CHANGE, CHANGE),
    "preview:answers": (CHANGE, CHANGE),
    "preview:undo": (NOBODY, CHANGE),
    "preview:break": (CHANGE, CHANGE),
    "preview:leave": (CHANGE, CHANGE),
    "preview:thanks": (CHANGE, CHANGE),
    "study": (LOOK, NOBODY),
    "study-invite": (CHANGE, CHANGE),
    "study-invitation": (CHANGE, NOBODY),
    "study-invitation-qr": (CHANGE, NOBODY),
    "study-poster": (CHANGE, NOBODY),
    "study-personal-links": (CHANGE, CHANGE),
    "study-revoke": (NOBODY, CHANGE),
    "study-state": (CHANGE, CHANGE),
    "study-delete": (CHANGE, CHANGE),
    "study-arms": (CHANGE, CHANGE),
    # a page for everybody where the protocol says so, and this one's does not: tests/studies/arena/test_page_for_everybody.py
    "arena": (NOBODY, NOBODY),
    "arena-json": (NOBODY, NOBODY),
    "arena-csv": (NOBODY, NOBODY),
    "study-results": (LOOK, NOBODY),
    "study-results-json": (LOOK, NOBODY),
    "study-export": (LOOK, NOBODY),
    "study-archive": (LOOK, LOOK),
    "study-counted": (LOOK, NOBODY),
    "study-humans": (LOOK, NOBODY),
    "study-humans-measure": (NOBODY, CHANGE),
    "study-humans-state": (LOOK, NOBODY),
    "study-results-people": (LOOK, NOBODY),
    # nothing to take where nobody has answered: tests/studies/figures/test_take_charts_and_tables.py
    "study-results-take": (NOBODY, NOBODY),
    "study-humans-take": (NOBODY, NOBODY),
    "study-results-people-take": (NOBODY, NOBODY),
    "study-report-figures": (LOOK, NOBODY),
    "study-report-take": (LOOK, NOBODY),
    "study-watch": (LOOK, NOBODY),
    "study-void": (CHANGE, CHANGE),
    "study-take-back": (CHANGE, CHANGE),
    "study-test-people": (CHANGE, CHANGE),
    "study-gallery": (LOOK, NOBODY),
    "study-items": (LOOK, NOBODY),
    "study-item": (LOOK, NOBODY),
    "study-photos": (LOOK, NOBODY),
    "study-alike": (LOOK, CHANGE),
    "study-alike-state": (LOOK, NOBODY),
    "study-power": (LOOK, CHANGE),
    "study-power-state": (LOOK, NOBODY),
    "study-protocol": (LOOK, NOBODY),
    "study-preregistration": (LOOK, NOBODY),
    "study-protocol-file": (LOOK, NOBODY),
    "study-grow": (CHANGE, CHANGE),
    "study-change-wording": (CHANGE, CHANGE),
    "study-access": (LOOK, CHANGE),
    "study-notices": (CHANGE, CHANGE),
    "study-record": (LOOK, CHANGE),
    # a role of its own, that nobody has here: tests/studies/payments
    "study-payments": ("admin", NOBODY),
    "study-payments-file": ("admin", NOBODY),
    "study-payments-list": ("admin", NOBODY),
    "study-report": (LOOK, NOBODY),
    "study-codebook": (LOOK, NOBODY),
    "api-schema": (LOGGED_IN, NOBODY),
    "api-docs": (LOGGED_IN, NOBODY),
    "api-study-list": (LOGGED_IN, STAFF),
    "api-study-prepare": (NOBODY, CHANGE),
    "api-study-preparation": (CHANGE, NOBODY),
    "api-photo-set-list": (NOBODY, STAFF),
    "api-network-list": (NOBODY, STAFF),
    "api-map-set-list": (NOBODY, STAFF),
    "api-picture-set-list": (NOBODY, STAFF),
    "api-job-list": (LOGGED_IN, NOBODY),
    "api-job-detail": (CHANGE, NOBODY),
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
    "api-study-take-back-participant": (NOBODY, CHANGE),
    "api-study-delete-test-people": (NOBODY, CHANGE),
    "api-study-grow": (NOBODY, CHANGE),
    "api-study-join": (NOBODY, CHANGE),
    "api-study-leave": (NOBODY, CHANGE),
    "api-study-withdraw-participant": (NOBODY, CHANGE),
    "api-tokens": (LOGGED_IN, LOGGED_IN),
}
BY_LINK = {
    "participant",
    "wrong",
    "about-you",
    "afterwards",
    "instructions",
    "practice",
    "trial",
    "answers",
} | {
    "undo",
    "break",
    "leave",
    "thanks",
    "join",
}


OF_AN_INVITATION = ("study-invitation", "study-invitation-qr", "study-poster")


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


def arguments(name, study, people) -> list:
    item = study.items.first()
    image = item.image
    if name in ("join", "wrong-before"):
        return [Invitation.issue(study)[1]]
    if name in BY_LINK:
        return ["token-1-of-methods"]
    if name == "picture":
        return [seal(Picture(item.picture.name))]
    if name.startswith("job") or name == "api-job-detail":
        return [a_job(people["researcher"]).pk]
    if name in ("run", "run-state", "run-retry", "run-stop", "run-remove"):
        return [Precompute.objects.create(image_set=image.image_set).pk]
    last = {
        "study-revoke": [study.invitations.first().pk],
        **{name: [study.invitations.first().pk] for name in OF_AN_INVITATION},
        "study-state": ["paused"],
        "study-preregistration": ["html"],
        "study-item": [0],
        "study-results-take": ["table-scores", "csv"],
        "study-results-people-take": ["table-by-participant", "csv"],
        "study-humans-take": ["table-metrics-and-choices", "csv"],
        "study-report-take": ["table-arms", "csv"],
        "study-void": [1],
        "study-take-back": [1],
        "study-payments-list": ["prolific", "approve"],
        "api-study-close-invitation": [study.invitations.first().pk],
        "api-study-void-participant": [1],
        "api-study-take-back-participant": [1],
        "api-study-withdraw-participant": [1],
        "setup-step": ["photos"],
    }
    special = {
        "image-set": [image.image_set.name],
        "photo-picture": [image.pk],
        "map-picture": ["overlay", image.maps.first().pk],
        "maps-side-by-side": ["overlay", "-".join([str(image.maps.first().pk)] * 2)],
    }
    if name in special:
        return special[name]
    about_a_study = name.startswith(("study", "api-study-", "setup-", "preview:", "arena"))
    if (
        name in ("studies", "setup-new", "setup-first", "setup-gallery", "api-study-list")
        or not about_a_study
    ):
        return []
    return [study.slug, *last.get(name, [])]


def a_job(user) -> Job:
    picture = ContentFile(jpeg(1), "picture.jpg")
    return Job.objects.create(kind=Job.Kind.PHOTOS, created_by=user, picture=picture, state=Job.State.FAILED)


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
    wrong = [
        sentence for name in OURS[part::PARTS] for sentence in opens_wrongly(name, study, people, cookies)
    ]
    assert not wrong


def opens_wrongly(name, study, people, cookies):
    """One sentence for each surprise. What the requests change is undone: making a world anew takes longer than they do."""
    with transaction.atomic():
        address = reverse(name, args=arguments(name, study, people))
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
    before = transaction.savepoint()  # what the one removes is there for the next
    response = getattr(client, method)(address)
    transaction.savepoint_rollback(before)
    return response


def knocks(name):
    """Who tries what, and whether it has to open."""
    for role in ANYBODY.split():
        for method, who in zip(("get", "post"), PAGES[name], strict=True):
            if name == "logout" and role not in LOGGED_IN:
                continue  # logging out without being logged in leads to the front page: nothing opens
            if (name, method) == ("leave", "post") and role != "admin":
                continue  # it ends the link for everybody: once is enough
            yield role, method, role in who.split()


def test_a_link_that_nobody_was_given_opens_nothing(world):
    study, people = world
    for role in ("anonymous", "researcher", "admin"):
        client = client_of(role, people, study)
        for name in sorted(BY_LINK | {"picture"}):
            address = reverse(name, args=["x" * 43])
            for method in ("get", "post"):
                assert not opens(getattr(client, method)(address)), f"{name}: {method} by {role}"


def test_the_admin_site_is_for_admins_whatever_permissions_others_have(world):
    study, people = world
    for role in ("viewer", "stranger", "researcher"):
        people[role].user_permissions.set(Permission.objects.all())
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
    for role, client in clients.items():
        response = client.get(address)
        assert may_be_empty or not opens(response), f"{name} by {role}: {response.status_code}"
