"""What a volunteer's page asks the database: whose it is, how far they are, and what they hold. Nobody else's."""

from datetime import timedelta

import pytest
from django.utils import timezone

from studies.models import Participant, Study, Trial, hash_token
from studies.trials.allocation import claim_trials, undo_answer
from studies.trials.quota import expected_main, expected_repeats, expected_trials, item_count
from studies.trials.sql import ParticipantProgress, participant_of, participant_progress
from tests.factories import make_participant, make_study
from tests.studies.taking_part import answer, held_by, open_study, two_people

pytestmark = pytest.mark.django_db
LEFT_OUT = {
    Participant: {"consented_at", "consent_sha256", "finished_at", "external"},
    Study: {"protocol", "code_version", "created_at", "opened_at", "closed_at"},
}


def so_far(person):
    return participant_progress(person.pk)


@pytest.fixture
def known():
    """Somebody with a value in every column, the second of two in the second of two studies."""
    make_participant(open_study("earlier", networks=("other",)))
    study = open_study(
        practice=True,
        break_every=3,
        seed=2**40,
        questions=[{"key": "hand"}],
        protocol={"a": 1},
        completion_url="https://example.org/{code}",
        opened_at=timezone.now(),
    )
    make_participant(study, 1)
    fields = {"background": {"hand": "left"}, "external": {"PID": "x"}, "external_id": "x"}
    times = {"instructed_at": timezone.now(), "finished_at": timezone.now()}
    return make_participant(study, 2, simulated=True, completion_code="C", **fields, **times)


def test_a_link_leads_to_its_own_person_and_study_and_to_all_that_is_known_of_them(known):
    person = participant_of(known.token_sha256)
    for row, stored in ((person, Participant.objects.get(pk=known.pk)), (person.study, known.study)):
        stored.refresh_from_db()
        assert row == stored
        assert row.get_deferred_fields() == LEFT_OUT[type(row)]  # few pages need them
        for field in stored._meta.concrete_fields:
            value = getattr(row, field.attname)
            assert (value, type(value)) == (
                getattr(stored, field.attname),
                type(getattr(stored, field.attname)),
            )
    assert person.number == 2


def test_what_is_changed_of_somebody_who_came_by_their_link_is_stored_of_them_alone(known):
    person = participant_of(known.token_sha256)
    person.background = {"hand": "right"}
    person.save(update_fields=["background"])
    assert list(Participant.objects.filter(background={"hand": "right"})) == [known]


def test_a_link_of_nobody_leads_nowhere(known):
    assert participant_of(hash_token("a guess")) is None
    assert participant_of("") is None


def test_two_people_of_one_study_each_see_their_own_answers_and_what_they_hold_themselves():
    _, first, second = two_people(items=6)
    response = answer(first, 1).response
    for person in (first, second):
        mine = person.trials.filter(state="claimed").order_by("position")
        hand = [(trial.position, trial.kind, trial.order) for trial in mine]
        assert [held[:3] for held in so_far(person).hand] == hand
    assert so_far(first)[:3] == (1, response.answer_id, "counted")
    assert so_far(second) == ParticipantProgress(0, None, "", so_far(second).hand)


def test_what_was_taken_back_is_not_done_and_what_was_answered_twice_is_done_once():
    _, person, _ = two_people()
    answer(person, 1)
    surplus = answer(person, 1).response
    assert so_far(person)[:3] == (1, surplus.answer_id, "surplus")
    last = answer(person, 2).response
    assert so_far(person).done == 2
    undo_answer(participant=person, answer_id=last.answer_id)
    assert so_far(person)[:3] == (1, last.answer_id, "undone")


def test_what_comes_is_in_the_order_in_which_it_is_met_with_the_name_of_its_photo():
    study = make_study(items=3, state="open", responses_per_item=1)
    person = make_participant(study)
    for number, (item, position) in enumerate(zip(study.items.all(), (3, 1, 2), strict=True)):
        item.image.class_name = f"class {number}"
        item.image.save()
        Trial.objects.create(
            study=study,
            item=item,
            order="0,1,2",
            kind="main" if number else "check",
            participant=person,
            position=position,
            state="claimed",
            lease_until=timezone.now(),
        )
    hand = so_far(person).hand
    assert [(held.position, held.class_name) for held in hand] == [
        (1, "class 1"),
        (2, "class 2"),
        (3, "class 0"),
    ]
    assert [held.kind for held in hand] == ["main", "main", "check"]


def test_a_lease_is_renewed_by_an_answer_when_a_quarter_of_it_is_over_and_not_before(settings):
    """So that nobody who is at it loses a photo, and no answer writes rows for little."""
    settings.LEASE_SECONDS = 1000
    study = open_study(items=5)
    person = make_participant(study, instructed_at=timezone.now())
    claim_trials(participant=person, count=5)
    for position, (left, renewed) in enumerate(((800, False), (700, True)), start=1):
        until = timezone.now() + timedelta(seconds=left)
        study.trials.filter(position=4).update(lease_until=until)
        answer(person, position)
        assert (person.trials.get(position=4).lease_until == until) is not renewed
    assert all(trial.lease_until > timezone.now() + timedelta(seconds=900) for trial in held_by(person))


def test_a_person_is_asked_for_no_more_than_the_protocol_and_the_photos_allow():
    def expected(slug, **fields):
        study = make_study(slug, networks=(slug,), **fields)
        main = expected_main(study)
        return main, expected_repeats(study, main), expected_trials(study)

    assert expected("few", items=3, trials_per_participant=5, repeats_per_participant=4) == (3, 1, 4)
    assert expected("many", items=6, trials_per_participant=4, repeats_per_participant=4) == (4, 2, 6)
    assert expected(
        "checked", items=6, trials_per_participant=6, repeats_per_participant=1, attention_checks=2
    ) == (6, 1, 9)


def test_a_draft_counts_its_photos_afresh_and_an_opened_study_its_own():
    draft = make_study(items=3)
    assert item_count(draft) == 3
    draft.items.first().delete()
    assert item_count(draft) == 2
    for slug, items in (("one", 2), ("other", 4)):
        study = open_study(slug, items=items, networks=(slug,), protocol_sha256="5" * 64)
        assert item_count(study) == items
