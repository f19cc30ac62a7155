"""After somebody has withdrawn: every table and every export is looked through for anything of theirs."""

import json
from datetime import datetime

import pytest
from django.apps import apps
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from explain.core import clock
from studies.exports import export
from studies.models import Event, FurtherLink, Notice, NoticeSettings, Participant, Response, hash_token
from studies.notices.outbox import note
from studies.participation.seats import VolunteerSeat
from studies.trials import tombstones
from studies.trials.allocation import claim_trials, undo_answer, void_answer, withdraw
from tests.factories import make_participant
from tests.studies.taking_part import answer, asked, open_study

pytestmark = pytest.mark.django_db
QUESTIONS = [
    {"key": "hand", "text": "Which hand?", "kind": "text", "required": True, "options": [], "eligible": []}
]
TELEMETRY = {"first_ms": 4711, "viewport": [390, 844]}
OF_STAFF = "participant void", "void"


def somebody(study, number):
    """A volunteer with one of everything that can be stored of one."""
    person = make_participant(
        study,
        number,
        external={"PROLIFIC_PID": f"pid-of-{number}", "STUDY_ID": f"recruited-for-{number}"},
        external_id=f"prolific:pid-of-{number}",
        consent_sha256=f"{number}" * 64,
    )
    seat = VolunteerSeat(person, "token")
    seat.keep_background({"hand": f"my left, says {number}"}, eligible=True)
    seat.keep_instructed()
    seat.keep_practice(0, f"p{number}", right=False)
    seat.keep_rest(2)
    seat.keep_refused({"value": f"a secret of {number}"}, "no such answer")
    seat.keep_complaint(f"a black map, says {number}")
    told, _ = NoticeSettings.objects.get_or_create(
        study=study, emails="anna@example.org", changed_at=study.created_at
    )
    note(told)
    FurtherLink.objects.create(
        participant=person, token_sha256=f"{number}".zfill(64), external={"HIT": f"hit-of-{number}"}
    )
    claim_trials(participant=person, count=5)
    for position in (1, 2, 3):
        answer(person, position, response_ms=123_456_700 + number, telemetry=TELEMETRY)
    undone = answer(person, 4, response_ms=123_456_700 + number, telemetry=TELEMETRY).response
    undo_answer(participant=person, answer_id=undone.answer_id)
    answer(person, 1, 1, response_ms=123_456_700 + number)  # surplus
    void_answer(response=person.responses.first(), reason=f"because of {number}")
    person.refresh_from_db()
    person.completion_code, person.finished_at = f"QX7R{number}", timezone.now()
    person.save()
    return person


def traces_of(person) -> set[str]:
    """All that is stored of somebody, as it would be found: ids, hashes, words, and every time to the microsecond."""
    number = person.number
    found = {
        person.token_sha256, person.external_id, person.completion_code, f"recruited-for-{number}",
        person.consent_sha256, f"my left, says {number}", f"p{number}\"", f"a secret of {number}", f"because of {number}",
        str(123_456_700 + number), f"a black map, says {number}", f"{number}".zfill(64), f"hit-of-{number}",
    }  # fmt: skip
    moments = [person.consented_at, person.instructed_at, person.finished_at]
    moments += person.responses.values_list("created_at", flat=True)
    moments += person.events.filter(user=None).values_list("at", flat=True)
    moments += notices_of(person).values_list("at", flat=True)
    found |= {str(answer_id) for answer_id in person.responses.values_list("answer_id", flat=True)}
    return found | {as_text(moment) for moment in moments}


def notices_of(person):
    wrote = map(str, person.events.filter(kind="wrote").values_list("pk", flat=True))
    return Notice.objects.filter(kind="message", about__in=list(wrote))


def as_text(value) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%f")
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


def every_row() -> list[tuple[str, str]]:
    """Each row of each table, of whatever app: its table, and all of its columns as text."""
    return [
        (model._meta.db_table, " ".join(f"{name}={as_text(value)}" for name, value in row.items()))
        for model in apps.get_models()
        for row in model._base_manager.values()
    ]


def every_export(study, folder) -> str:
    """All that a researcher takes away: each file of an export and of an archive, and the report."""
    paths = export(study=study, to=folder, formats=["csv", "jsonl"], who="all")
    call_command("report", study.slug, to=folder / "report.html", verbosity=0)
    return "\n".join(path.read_text("utf-8") for path in (*paths, folder / "report.html"))


def by_page(person, study, client, researcher):
    client.post(reverse("leave", args=[f"token-{person.number}-of-{study.slug}"]))


def by_staff(person, study, client, researcher):
    client.force_login(researcher)
    client.post(reverse("study-void", args=[study.slug, person.number]), {"asked": "yes"})


def by_api(person, study, client, researcher):
    client.force_login(researcher)
    client.post(f"/api/studies/{study.slug}/participants/{person.number}/withdraw/")


def after_being_taken_out(person, study, client, researcher):
    client.force_login(researcher)
    client.post(
        reverse("study-void", args=[study.slug, person.number]), {"reason": f"because of {person.number}"}
    )
    client.logout()
    by_page(person, study, client, researcher)


WAYS = [by_page, by_staff, by_api, after_being_taken_out]


@pytest.fixture(params=["choice", "rating"])
def study(request, researcher):
    methods = (
        ("grad-cam", "ablation-cam")
        if request.param == "rating"
        else ("grad-cam", "ablation-cam", "layer-cam")
    )
    study = open_study(
        task=request.param,
        methods=methods,
        items=8,
        responses_per_item=2,
        attention_checks=1,
        questions=QUESTIONS,
    )
    study.researchers.add(researcher)
    return study


@pytest.mark.parametrize("way", WAYS)
def test_no_table_and_no_export_has_anything_of_somebody_who_withdrew(
    study, way, client, researcher, tmp_path
):
    person, other = somebody(study, 1), somebody(study, 2)
    traces, theirs = traces_of(person), traces_of(other)
    before = "\n".join(text for _, text in every_row())
    assert not [trace for trace in traces | theirs if trace not in before], "the fixture has all of it"
    way(person, study, client, researcher)
    rows = every_row()
    assert not [(table, trace) for trace in traces for table, text in rows if trace in text]
    files = every_export(study, tmp_path)
    assert not [trace for trace in traces if trace in files]
    after = "\n".join(text for _, text in rows)
    assert not [trace for trace in theirs if trace not in after], "of somebody else nothing is lost"
    leads = [
        (table, text)
        for table, text in rows
        if f"participant_id={person.pk} " in f"{text} " and table.startswith("studies_")
    ]
    assert leads == []


def test_their_row_says_that_there_was_somebody_and_no_more(study):
    person = somebody(study, 1)
    withdraw(participant=person)
    row = Participant.objects.values().get()
    kept = {"id", "study_id", "invitation_id", "number", "token_sha256", "state", "simulated"}
    assert {name for name, value in row.items() if value not in (None, "", {})} - {"simulated"} == kept - {
        "simulated"
    }
    assert row["state"] == "withdrawn"


def test_what_they_were_asked_is_asked_of_others_in_the_same_orders(study):
    before, person = asked(study), somebody(study, 1)
    withdraw(participant=person)
    assert asked(study) == before
    others = [make_participant(study, number) for number in (2, 3)]
    for other in others:
        while trials := claim_trials(participant=other, count=5):
            for trial in trials:
                answer(other, trial.position)
    assert Response.objects.filter(status="counted").count() == study.items.count() * 2


def test_in_the_file_of_participants_there_is_a_number_and_that_they_withdrew(study, tmp_path):
    person = somebody(study, 1)
    person.invitation.label = "Anna’s link"
    person.invitation.save()
    withdraw(participant=person)
    export(study=study, to=tmp_path, formats=["csv"], who="all")
    cells = (tmp_path / "participants.csv").read_text("utf-8").splitlines()[1].split(",")
    assert {cell for cell in cells if cell} == {"1", "withdrawn", "FALSE", "0"}
    assert len((tmp_path / "answers.csv").read_text("utf-8").splitlines()) == 1


def test_a_queue_of_another_device_that_sends_later_leaves_nothing(study, client):
    person = somebody(study, 1)
    address = reverse("answers", args=[f"token-1-of-{study.slug}"])
    withdraw(participant=Participant.objects.get(pk=person.pk))
    before = every_row()
    operation = {"id": "00000000-0000-4000-8000-000000000001", "kind": "answer", "position": 5, "value": 0}
    reply = client.post(address, json.dumps({"operations": [operation]}), content_type="application/json")
    assert reply.status_code == 410
    assert every_row() == before


def test_the_row_is_known_again_by_what_it_keeps_and_a_token_leads_to_nothing_but_that_they_left(
    study, client
):
    person = somebody(study, 1)
    keys = tombstones.keys_of(person)
    withdraw(participant=person)
    row = Participant.objects.get()
    assert row.token_sha256 in keys
    token = f"token-1-of-{study.slug}"
    assert row.token_sha256 != hash_token(token)
    page = client.get(reverse("participant", args=[token])).content.decode()
    assert "You have left this study" in page
    assert "<form" not in page


def test_what_is_noted_at_the_moment_at_which_they_leave_is_gone_with_the_next_look(study):
    person, other = somebody(study, 1), somebody(study, 2)
    (late,) = notices_of(person)
    withdraw(participant=person)
    late.pk = None
    late.save()
    note(study.notice_settings)
    assert list(Notice.objects.all()) == list(notices_of(other))


def test_that_somebody_left_is_on_record_without_saying_who(study):
    person = somebody(study, 1)
    earlier = clock.now()
    withdraw(participant=person)
    left = Event.objects.get(kind="withdrawn")
    assert (left.participant, left.data) == (None, {})
    assert left.at >= earlier
