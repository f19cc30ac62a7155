"""What a volunteer is told before the first trial and after the last, once each, and about themselves alone."""

import pytest
from django.urls import reverse

from explain.models import Image
from studies.models import Event, Participant, Study
from studies.participation.texts import Consent
from studies.results.answers import Reading
from studies.results.part import part_of
from studies.results.summary import summarise, summary_of
from studies.trials.quota import expected_trials, study_facts
from tests import by_sql
from tests.factories import make_study
from tests.studies.filled import answer, fill, make_participant

pytestmark = pytest.mark.django_db

QUESTIONS = [
    {"key": "age", "text": "How old are you?", "kind": "number", "required": True, "eligible": [18, 99]}
]


def test_the_time_that_is_announced_is_a_minute_and_a_half_and_twelve_seconds_for_each_answer():
    study = make_study(items=8, title="T")
    announced = {}
    for trials in (1, 2, 3, 7, 8):
        study.trials_per_participant = trials
        announced[trials] = study_facts(study)["minutes"]
    assert announced == {1: 2, 2: 2, 3: 3, 7: 3, 8: 4}
    study.attention_checks, study.repeats_per_participant = 2, 3
    assert study_facts(study) == {"trials": 13, "minutes": 5, "title": "T"}


def test_who_read_another_text_than_the_present_one_reads_again_before_they_agree(visitor, invite):
    """They were put down as having agreed to what they had never seen."""
    study, join = invite()
    visitor.get(join)
    reworded = {**study.wording, "consent": "We keep your answers for ever."}
    Study.objects.filter(pk=study.pk).change_what_is_frozen(wording=reworded)
    visitor.press()
    assert "This text has changed since you opened the page." in visitor.text
    assert "We keep your answers for ever." in visitor.text
    assert visitor.soup.select_one("[name=consent]").get("checked") is None
    assert not Participant.objects.exists()
    study.refresh_from_db()
    visitor.press()
    assert Participant.objects.get().consent_sha256 == Consent.of(study, expected_trials(study)).sha256


def test_questions_about_oneself_are_answered_once(visitor, invite):
    _, join = invite(questions=QUESTIONS)
    visitor.get(join).press()
    address = visitor.path
    visitor.press(age="34")
    visitor.client.post(address, {"age": "17"})
    person = Participant.objects.get()
    assert (person.background, person.state) == ({"age": 34}, "active")
    assert Event.objects.filter(kind__startswith="background").count() == 1
    assert Event.objects.get(kind="background: active").participant == person


def test_who_is_not_eligible_is_on_record_as_such(visitor, invite):
    study, join = invite(questions=QUESTIONS)
    visitor.get(join).press().press(age="17")
    event = Event.objects.get(kind="background: screened")
    assert (event.participant.state, event.study) == ("screened", study)


def test_instructions_can_be_read_again_and_the_first_time_is_kept(visitor, invite):
    _, join = invite()
    visitor.start(join)
    person = Participant.objects.get()
    visitor.get(visitor.home + "instructions/").press()
    assert visitor.on_trial
    assert Participant.objects.get().instructed_at == person.instructed_at
    assert Event.objects.filter(kind="instructed").count() == 1


def test_withdrawing_is_asked_for_first(visitor, invite):
    _, join = invite()
    visitor.start(join).answer(0)
    visitor.get(visitor.home + "leave/")
    assert Participant.objects.get().state == "active"
    visitor.press("form")
    assert Participant.objects.get().state == "withdrawn"


def test_the_authors_who_are_named_are_those_of_the_photos_that_one_answered_about(another_visitor, invite):
    study, join = invite(items=4, responses_per_item=1, trials_per_participant=2)
    for item in study.items.all():
        Image.objects.filter(pk=item.image_id).update(author=f"Author {item.index}")
    pages = [another_visitor().start(join).answer(0).answer(1) for _ in range(2)]
    for person, page in zip(Participant.objects.order_by("number"), pages, strict=True):
        mine = set(person.responses.values_list("trial__item__index", flat=True))
        assert {index for index in range(4) if f"Author {index}" in page.text} == mine


def test_two_people_have_trials_answers_and_progress_of_their_own(another_visitor, invite):
    _, join = invite(items=4)
    ann, ben = (another_visitor().start(join) for _ in range(2))
    ann.answer(0).answer(0)
    assert "3 of 4" in ann.text
    assert "1 of 4" in ben.get(ben.home).text
    state = ben.client.get(ben.home + "answers/").json()
    assert (state["done"], state["last"]) == (0, None)
    undo = ann.soup.select_one("form#undo input[name=answer_id]")["value"]
    ben.client.post(ben.home + "undo/", {"answer_id": undo})
    assert "3 of 4" in ann.get(ann.home).text


# What results say of themselves


def test_results_say_how_many_answers_came_from_elsewhere():
    study = make_study("mixed", items=2)
    fill(study, [[0, 1], [1, 0]])
    for person in fill(study, [[2, 2]], external={"imported": "a.csv"}):
        by_sql.change(person.responses.all(), shown_value=None)
    summary = summary_of(study)
    assert (summary.imported, summary.responses, summary.participants) == (2, 6, 3)
    assert "2 of 6 answers were collected elsewhere and imported" in " ".join(summary.notes)
    assert summary.positions == {"A": 2, "B": 2, "C": 0, "same": 0}


def test_all_answers_together_are_called_simulated_only_where_some_are():
    study = make_study("mixed", items=2)
    fill(study, [[0, 1]])
    assert not summary_of(study, "all").simulated
    fill(study, [[2, 2]], simulated=True)
    assert summary_of(study, "all").simulated
    assert not summary_of(study, "real").simulated


def test_places_of_ratings_are_counted_by_side():
    study = make_study("pair", task="rating", items=4, methods=("m",), networks=("a", "b"))
    person = make_participant(study)
    for item, (rating, order) in enumerate([(2, "1,0"), (1, "0,1"), (-1, "0,1"), (0, "0,1")]):
        answer(person, item, rating, order=order)
    summary = summary_of(study)
    assert summary.positions == {"left": 1, "neither": 1, "right": 2}
    assert summary.outcome.rating.counts == {-2: 0, -1: 1, 0: 1, 1: 1, 2: 1}


@pytest.mark.parametrize(("missing", "named"), [(10, "8, 9, 10."), (11, "8, 9, 10 …")])
def test_up_to_ten_photos_without_answers_are_named(missing, named):
    study = make_study("half", items=missing + 1)
    fill(study, [[0], [1]])
    (note,) = [note for note in summary_of(study).notes if "have no answer" in note]
    assert note.startswith(f"{missing} of {missing + 1} items have no answer")
    assert named in note


def test_arms_that_no_network_made_are_called_controls():
    study = make_study("controls", methods=("grad-cam", "random", "centre"), items=1)
    notes = summarise(Reading(study, part_of(study))).notes
    assert [note.split(" is a control")[0] for note in notes if "is a control" in note] == [
        "random",
        "centre",
    ]


def test_a_link_of_the_results_page_leads_to_the_part_that_it_names(client, admin_user):
    study = make_study("parts", items=2, state="open")
    fill(study, [[0, 1]], label="course A")
    fill(study, [[2, 2]], label="course B")
    client.force_login(admin_user)
    address = reverse("study-results-json", args=["parts"])
    for group, people in (("course A", 1), ("course B", 1), ("", 2), ("course C", 0)):
        assert client.get(address, {"group": group}).json()["participants"] == people
