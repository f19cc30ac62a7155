"""Whatever somebody writes anywhere stays text on every page that shows it: no markup, no script, no address of a script."""

import re
from dataclasses import asdict

import pytest
from bs4 import BeautifulSoup
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from explain.models import Batch, ExplanationMap, Image, Job, Precompute, Worker
from studies.lifecycle.opening import open_study
from studies.lifecycle.similarity import Pair
from studies.models import ApiToken, Arm, Event, Invitation, ProtocolVersion, Study
from tests import by_sql
from tests.factories import make_study
from tests.studies.filled import answer, fill
from tests.studies.marked import Marks
from tests.studies.people import world as world
from tests.studies.results.test_humans_beside_metrics import LEFT, evaluate
from tests.studies.setting_up import WORDING, begin, go_through, save
from tests.studies.setup.test_questions_and_recruitment import QUESTIONS

from .test_who_may_do_what import BY_LINK, NOBODY, OURS, PAGES, arguments

pytestmark = pytest.mark.django_db

# Texts that a page is known to show: if one is seen nowhere, the test looks in the wrong places.
MUST_BE_SEEN = {
    "Arm.name",
    "ApiToken.name",
    "Batch.error",
    "Event.data",
    "ExplanationMap.manifest",
    "Image.author",
    "Image.class_name",
    "Image.licence",
    "Image.original_name",
    "Image.source",
    "Invitation.label",
    "Job.arguments",
    "Job.error",
    "Job.result",
    "Network.load",
    "Network.name",
    "ProtocolVersion.protocol",
    "ProtocolVersion.why",
    "Study.questions",
    "Study.title",
    "Study.wording",
    "User.username",
    "Worker.name",
    "layer",
}


@pytest.fixture
def marks():
    return Marks()


@pytest.fixture
def written(world, marks):
    """Two open studies and all that goes with them, with a text of `marks` in each field."""
    study, people = world
    admin_user = people["admin"]
    evaluate(study, LEFT)
    by_sql.change(
        Study.objects.filter(pk=study.pk),
        questions=QUESTIONS,
        version=2,
        completion_url="https://example.org/{code}",
    )
    fill(study, [[0, 1], [1, -1], [0, 2]])
    person = study.participants.first()
    person.background = {"age": 34, "knows": "No", "sight": "glasses"}
    person.external = {"PROLIFIC_PID": "x", "turkSubmitTo": "x"}
    person.save()
    answer(person, 0, 1, status="void")
    Event.objects.create(study=study, user=admin_user, kind="note", data={"text": "a note"})
    Event.objects.create(study=study, participant=person, kind="void", data={"reason": "why"})
    for number in (1, 2):
        old = {"study": {"title": f"old {number}"}, "wording": {"question": f"what {number}?"}}
        if not study.versions.filter(number=number).exists():
            ProtocolVersion.objects.create(
                study=study, number=number, sha256="0" * 64, protocol=old, why="as was asked", user=admin_user
            )
    ApiToken.issue(admin_user, name="a program", scope="read")
    Worker.objects.create(name="host:1")
    run = Precompute.objects.create(image_set=study.items.first().image.image_set, methods=["grad-cam"])
    Batch.objects.create(
        precompute=run, network=study.arms.first().network, state="failed", error="broke", worker="host:1"
    )
    ExplanationMap.objects.update(manifest={"note": "how it was made"})
    for kind, result in JOBS.items():
        for state in ("pending", "failed", "done"):
            Job.objects.create(
                kind=kind,
                state=state,
                created_by=admin_user,
                error="this went wrong\nand that",
                arguments={"load": "package:x", "name": "x", "set": "photos"},
                result=result,
                back="/studies/",
                picture="aa/x.jpg",
            )
    rating = open_study(
        study=make_study(
            "rated", task="rating", items=2, methods=("grad-cam", "ablation-cam"), networks=("second",)
        )
    )
    fill(rating, [[0, 1], [1, -1]])
    marks.fill_all_rows()
    for number in (study.pk, rating.pk):
        first, second = Arm.objects.filter(study=number).values_list("name", flat=True)[:2]
        by_sql.change(
            Study.objects.filter(pk=number),
            protocol={"analysis": {"contrasts": [[first, second]]}},
            likeness={"pairs": [asdict(Pair(first, second, 2, None, None, 1.0, 0, 1, 0.0, 0.0))]},
        )
    return Study.objects.get(pk=study.pk), Study.objects.get(pk=rating.pk), people


JOBS = {
    "photos": {
        "set": "photos",
        "photos": 2,
        "added": 1,
        "already_there": 1,
        "updated": 0,
        "classes": 1,
        "boxed": 0,
        "repeated": 0,
        "ignored": ["notes.txt"],
        "ignored_count": 1,
    },
    "try": {
        "layer": "features",
        "layers": [["features", 512, 7, 7]],
        "photo": "hammer.jpg",
        "classes": 2,
        "top": [["hammer", 0.9]],
        "blank": False,
    },
    "network": {"network": "tiny", "layer": "features", "classes": 2, "added": True},
}


def look(client, address, marks, wrong, **options):
    response = client.get(address, follow=True, **options)
    wrong += [f"{address}: {fault}" for fault in marks.faults_of(response)]
    if response.status_code >= 500:
        wrong.append(f"{address}: {response.status_code}")


def test_no_page_of_staff_takes_a_text_for_markup(written, marks):
    *studies, people = written
    client = Client(raise_request_exception=False)
    client.force_login(people["admin"])
    readable = [name for name in OURS if PAGES[name][0] != NOBODY and name not in BY_LINK]
    wrong = []
    for study in studies:
        for name in readable:
            if study is studies[0] or name.startswith(("study", "api-study")):
                look(client, reverse(name, args=arguments(name, study, people)), marks, wrong)
        for item in range(2):
            look(client, reverse("study-item", args=[study.slug, item]), marks, wrong)
    for job in Job.objects.all():
        look(client, reverse("job", args=[job.pk]), marks, wrong)
    for run in Precompute.objects.all():
        look(client, reverse("run", args=[run.pk]), marks, wrong)
    assert not wrong
    assert sorted(MUST_BE_SEEN - marks.shown) == []


def test_no_page_of_the_admin_site_takes_a_text_for_markup(written, marks):
    *_, people = written
    client = Client(raise_request_exception=False)
    client.force_login(people["admin"])
    wrong = []
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        look(client, reverse(f"{name}_changelist"), marks, wrong)
        if row := model._base_manager.order_by("pk").last():
            look(client, reverse(f"{name}_change", args=[row.pk]), marks, wrong)
    assert not wrong
    assert {"Image.class_name", "Study.title", "Network.load", "Invitation.label"} <= marks.shown


def test_a_search_or_a_filter_that_somebody_sends_as_a_link_is_not_markup(written, marks):
    study, _, people = written
    client = Client(raise_request_exception=False)
    client.force_login(people["admin"])
    wrong = []
    for name, words in WORDS_OF.items():
        address = reverse(name, args=arguments(name, study, people))
        for word in words:
            begins = "/" if word == "back" else ""  # else it is passed over
            look(client, address, marks, wrong, data={word: begins + marks.new(f"{name}?{word}")})
    look(Client(), reverse("login"), marks, wrong, data={"next": "/" + marks.new("login?next")})
    assert not wrong
    assert {"study-items?answer", "login?next", "photos-new?back"} <= marks.shown


# What an address may say after `?`
WORDS_OF = {
    "studies": ("page",),
    "study-results": ("who", "class", "group", "version"),
    "study-humans": ("who",),
    "study-results-people": ("who", "class", "group", "version"),
    "study-report": ("who",),
    "study-items": ("answer", "sort", "page", "who", "class", "group", "version"),
    "study-item": ("who",),
    "study-photos": ("show", "class", "classes", "page"),
    "study-protocol": ("with",),
    "study-protocol-file": ("version",),
    "study-record": ("kind", "page"),
    "study-gallery": ("picture", "page", "blank"),
    "image-set": ("picture", "page"),
    "setup-step": ("set",),
    "api-docs": ("url",),
    "photos-new": ("back",),
    "network-new": ("back",),
}


def test_no_page_of_a_volunteer_takes_a_text_for_markup(marks, client, db):
    for task, methods, networks in (
        ("choice", ("grad-cam", "ablation-cam", "pixel-ablation-cam"), ("one",)),
        ("rating", ("grad-cam", "ablation-cam"), ("two",)),
    ):
        study = make_study(
            task,
            task=task,
            items=2,
            methods=methods,
            networks=networks,
            questions=QUESTIONS,
            practice=True,
            break_every=1,
            completion_url="https://example.org/",
        )
        study.wording["labels"] = ["1", "2", "3", "4", "5"]
        study.save()
        study = open_study(study=study)
        _, token = Invitation.issue(study)
        marks.fill_all_rows()
        by_sql.change(Study.objects.filter(pk=study.pk), questions=asked(marks))
        Image.objects.filter(pk=study.items.first().image_id).update(source="https://example.org/photo")
        wrong, pages = take_part(client, reverse("join", args=[token]), marks)
        assert not wrong
        assert pages >= {"join", "about-you", "instructions", "practice", "trial", "break", "thanks", "leave"}
    assert marks.shown >= {"Study.title", "Study.wording", "question", "option"} | {
        f"Image.{name}" for name in ("class_name", "author", "licence")
    }


def asked(marks):
    """A question of each kind, in words of ours; an option is what one has to send, too."""
    return [
        {**question, "text": marks.new("question")}
        | ({"options": [marks.new("option"), "Yes"], "eligible": ["Yes"]} if "options" in question else {})
        for question in QUESTIONS
    ]


def take_part(client, address, marks):
    """Every page from the invitation to the thanks, each sent wrongly once before it is sent well."""
    wrong, pages = [], set()

    def note(response):
        nonlocal address
        address = response.request["PATH_INFO"]
        pages.add(response.resolver_match.url_name)
        wrong.extend(f"{address}: {fault}" for fault in marks.faults_of(response))
        return response

    response = note(client.get(address + f"?PROLIFIC_PID={marks.new('id')}"))
    for _ in range(40):
        if response.resolver_match.url_name == "thanks":
            break
        note(client.post(address, {"age": marks.new("age"), "knows": marks.new("knows"), "answer_id": "x"}))
        response = note(client.get(address, follow=True))
        form = BeautifulSoup(response.content, "html.parser").select_one("form#answer, form[data-next]")
        if form is None:
            continue
        fields = {field["name"]: field.get("value", "on") for field in form.select("input[name]")}
        typed = {"age": "34", "knows": "Yes", "sight": marks.new("Participant.background"), "value": "0"}
        note(client.post(address, {**fields, **typed}, follow=True))
        response = note(client.get(re.match(r"/p/[^/]+/|.*", address)[0], follow=True))
    note(client.get(re.match(r"/p/[^/]+/", address)[0] + "leave/"))
    return wrong, pages


def test_no_page_that_sets_a_study_up_takes_a_text_for_markup(birds, browser, marks):
    study = begin(browser, title=marks.new("title"))
    go_through(browser, study)
    texts = {**WORDING, **{name: marks.new(f"wording {name}") for name in WORDING if name != "picture"}}
    save(browser, study, "wording", **texts)
    study.refresh_from_db()
    study.protocol["recruitment"] = {"completion_url": f"https://example.org/{marks.new('completion_url')}"}
    study.protocol["questions"] = [
        {"key": "a", "text": marks.new("question"), "kind": "choice", "options": [marks.new("option"), "b"]}
    ]
    study.save()
    marks.fill_all_rows()
    wrong: list[str] = []
    for step in ("photos", "networks", "methods", "wording", "questions", "design", "plan"):
        address = reverse("setup-step", args=[study.slug, step])
        look(browser, address, marks, wrong)
        send_back(browser, address, marks, wrong)
    for name in ("setup-check", "study-delete", "study-protocol", "setup-preview"):
        look(browser, reverse(name, args=[study.slug]), marks, wrong)
    for name in ("setup-new", "setup-gallery", "photos-new", "network-new", "api-tokens"):
        send_back(browser, reverse(name), marks, wrong)
    assert not wrong
    assert marks.shown >= {"Study.title", "Study.protocol"}


def send_back(browser, address, marks, wrong):
    """Each form of a page, with a text of ours in every field: what is refused is shown again, with its error."""
    for form in BeautifulSoup(browser.get(address).content, "html.parser").select("main form[method=post]"):
        fields = form.select("input[name], textarea[name], select[name], button[name]")
        sent = {field["name"]: marks.new(f"{address} {field['name']}") for field in fields}
        response = browser.post(address, sent)
        wrong.extend(f"{address}: {fault}" for fault in marks.faults_of(response))
        if response.status_code >= 500:
            wrong.append(f"{address}: {response.status_code}")
