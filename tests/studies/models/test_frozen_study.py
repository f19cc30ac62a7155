"""A study that has been opened can no longer change what it asks."""

from contextlib import suppress
from pathlib import Path

import pytest
from django.apps import apps
from django.db import transaction
from django.db.models import Value
from django.utils import timezone

import studies
from studies.lifecycle.opening import open_study
from studies.models import Arm, CheckMap, Event, Item, ItemMap, ItemPanel, Response, Study, Trial
from studies.models.immutability import FrozenStudyError, FrozenWithStudy, RecordError
from tests.factories import make_image, make_participant, make_study
from tests.studies.filled import answer
from tests.studies.taking_part import make_check_maps

pytestmark = pytest.mark.django_db


@pytest.fixture
def opened():
    return open_study(study=make_study())


@pytest.mark.parametrize(
    "field", ["title", "task", "wording", "seed", "responses_per_item", "protocol_sha256"]
)
def test_what_it_asks_cannot_be_saved_otherwise(opened, field):
    value = {"wording": {"question": "Which?"}, "seed": 99, "responses_per_item": 99, "task": "rating"}
    setattr(opened, field, value.get(field, "other"))
    with pytest.raises(FrozenStudyError, match="has been opened"):
        opened.save()


def test_it_can_be_paused_and_closed_but_not_made_a_draft_again(opened):
    for state in (Study.State.PAUSED, Study.State.OPEN, Study.State.CLOSED):
        opened.state = state
        opened.save()
    opened.state = Study.State.DRAFT
    with pytest.raises(FrozenStudyError):
        opened.save()


def test_a_draft_can_change():
    study = make_study()
    study.title = "Better"
    study.save()
    arm = study.arms.first()
    arm.name = "better"
    arm.save()
    study.arms.all().delete()
    assert not study.arms.exists()


@pytest.mark.parametrize("model", [Arm, Item, ItemMap])
def test_its_arms_items_and_maps_cannot_be_saved_or_deleted(opened, model):
    row = model.objects.first()
    for attempt in (row.save, row.delete, model.objects.all().delete):
        with pytest.raises(FrozenStudyError):
            attempt()
    assert model.objects.filter(pk=row.pk).exists()


def test_its_arms_cannot_be_changed_in_bulk(opened):
    with pytest.raises(FrozenStudyError):
        Arm.objects.update(method="grad-cam")
    image = make_image(opened.items.first().image.image_set, 99)
    for create in (Item.objects.create, lambda **row: Item.objects.bulk_create([Item(**row)])):
        with pytest.raises(FrozenStudyError):
            create(study=opened, index=99, image=image)


def test_an_open_study_does_not_stop_a_draft_from_changing(opened):
    draft = make_study("another", networks=("other",))
    assert Arm.objects.filter(study=draft).update(method="centre") == 3


# What volunteers are asked, by how much, by which seed and in which words, and what says so later.
OTHERWISE = {
    "slug": "another",
    "title": "Another",
    "language": "de",
    "task": "rating",
    "picture": "heat",
    "responses_per_item": 99,
    "trials_per_participant": 99,
    "repeats_per_participant": 1,
    "attention_checks": 1,
    "comparison": "between",
    "break_every": 9,
    "practice": True,
    "questions": [{"key": "age"}],
    "completion_url": "https://example.org/",
    "seed": 99,
    "wording": {"question": "Which?"},
    "alike_seen": [["a", "b", 1]],
    "protocol": {"version": 1},
    "protocol_sha256": "0" * 64,
    "version": 2,
    "code_version": "other",
    "nonce": "0" * 64,
    "simulated_only": True,
    "opened_at": timezone.now(),
}
MAY_CHANGE = {"id", "state", "precompute", "likeness", "created_at", "closed_at"}


@pytest.mark.parametrize("state", ["open", "paused", "closed", "archived"])
def test_nothing_of_what_was_asked_can_be_saved_otherwise_in_any_state(opened, state):
    opened.state = state
    opened.save()
    before = Study.objects.values().get()
    saved = []
    for field, value in OTHERWISE.items():
        study = Study.objects.get()
        setattr(study, field, value)
        for fields in (None, [field]):
            with suppress(FrozenStudyError):
                study.save(update_fields=fields)
                saved.append(field)
    assert saved == []
    assert Study.objects.values().get() == before


def test_every_column_of_a_study_is_frozen_but_those_that_say_how_it_goes():
    assert {field.name for field in Study._meta.concrete_fields} - MAY_CHANGE == set(OTHERWISE)


@pytest.mark.parametrize("state", ["draft", "precomputing", "ready"])
def test_an_opened_study_is_never_set_up_again(opened, state):
    opened.state = state
    with pytest.raises(FrozenStudyError, match="Study demo has been opened"):
        opened.save()
    assert Study.objects.get().state == "open"


@pytest.mark.parametrize("state", ["draft", "precomputing", "ready"])
def test_until_it_is_opened_all_of_it_can_change(state):
    study = make_study(state=state, attention_checks=1)
    make_check_maps(study)
    for field, value in OTHERWISE.items():
        setattr(study, field, value)
    study.save()
    for model in (CheckMap, ItemMap, Item, Arm):
        model.objects.first().save()
        model.objects.first().delete()
        model.objects.all().delete()
        assert not model.objects.exists()


def make_panel() -> None:
    """A map that stands in a picture with others."""
    shown = ItemMap.objects.first()
    ItemPanel.objects.create(item_map=shown, place=0, map=shown.map)


@pytest.fixture
def asked():
    """An opened study of which there is a row in every table of what it asks."""
    study = make_study(attention_checks=1)
    make_check_maps(study)
    make_panel()
    study.state = "open"
    study.save()
    return study


ASKED = {
    Arm: {"name": "other"},
    Item: {"index": 77},
    ItemMap: {"arm_id": 1},
    ItemPanel: {"place": 77},
    CheckMap: {"place": 77},
}


def test_the_tables_of_what_is_asked_are_all_kept_from_change():
    assert {model for model in apps.get_models() if issubclass(model, FrozenWithStudy)} == set(ASKED)


@pytest.mark.parametrize("state", ["open", "paused", "closed", "archived"])
@pytest.mark.parametrize("model", ASKED)
def test_no_row_of_what_was_asked_is_changed_deleted_or_added_in_any_way(asked, model, state):
    asked.state = state
    asked.save()
    before = list(model.objects.order_by("pk").values())
    row, fields = model.objects.first(), ASKED[model]
    another = model(
        **{field.attname: getattr(row, field.attname) for field in model._meta.concrete_fields[1:]}
    )
    ways = (
        row.save,
        lambda: row.save(update_fields=list(fields)),
        row.delete,
        another.save,
        lambda: model.objects.bulk_create([another]),
        lambda: model.objects.bulk_create(iter([another])),
        lambda: model.objects.bulk_update([row], [name.removesuffix("_id") for name in fields]),
        lambda: model.objects.update(**fields),
        lambda: model.objects.filter(pk=row.pk).update(**fields),
        lambda: model.objects.update_or_create(pk=row.pk, defaults=fields),
        lambda: model.objects.filter(pk=row.pk).delete(),
        model.objects.all().delete,
        lambda: model.objects.filter(pk=row.pk)._raw_delete("default"),
        lambda: model._base_manager.filter(pk=row.pk).update(**fields),
        lambda: model._base_manager.filter(pk=row.pk).delete(),
    )
    for way in ways:
        with pytest.raises(FrozenStudyError, match="Study demo has been opened"), transaction.atomic():
            way()
    with pytest.raises(FrozenStudyError, match="Create the new ones alone"):
        model.objects.bulk_create(
            [row], update_conflicts=True, update_fields=list(fields), unique_fields=["id"]
        )
    assert list(model.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("model", ASKED)
def test_what_is_asked_cannot_be_changed_by_who_has_loaded_it_before_the_opening(model):
    study = make_study(attention_checks=1)
    make_check_maps(study)
    make_panel()
    early = model.objects.first()
    assert early.frozen_study.state == "ready"
    Study.objects.update(state="open")
    for change in (early.save, early.delete):
        with pytest.raises(FrozenStudyError):
            change()
    assert model.objects.filter(pk=early.pk).exists()


def test_what_is_asked_cannot_be_moved_to_a_draft(asked):
    draft = make_study("draft", networks=("other",), methods=("grad-cam",))
    arm = asked.arms.first()
    arm.study, arm.index, arm.name = draft, 9, "moved"
    with pytest.raises(FrozenStudyError, match="Study demo"):
        arm.save()
    assert asked.arms.count() == 3


def test_a_draft_beside_an_open_study_can_lose_its_rows_and_get_new_ones(asked):
    draft = make_study("draft", networks=("other",), attention_checks=1)
    make_check_maps(draft)
    for rows in (
        CheckMap.objects.filter(item__study=draft),
        ItemMap.objects.filter(item__study=draft),
        draft.items.all(),
        draft.arms.all(),
    ):
        kept = list(rows)
        rows.delete()
        assert not rows.exists()
        if rows.model is Arm:
            assert len(Arm.objects.bulk_create(kept)) == 3
    mixed = [Arm(study=study, index=8, name="eighth", network=kept[0].network) for study in (draft, asked)]
    with pytest.raises(FrozenStudyError, match="Study demo"):
        Arm.objects.bulk_create(mixed)
    assert (asked.arms.count(), draft.arms.count()) == (3, 3)


WAYS_TO_CHANGE_A_STUDY = {
    "update": lambda s, name, value: Study.objects.filter(pk=s.pk).update(**{name: value}),
    "of all": lambda s, name, value: Study.objects.update(**{name: value}),
    "by what is joined": lambda s, name, value: Study.objects.filter(arms__index=0).update(**{name: value}),
    "by an expression": lambda s, name, value: Study.objects.update(**{name: Value(value)}),
    "by the base manager": lambda s, name, value: Study._base_manager.filter(pk=s.pk).update(**{name: value}),
    "by the one who runs it": lambda s, name, value: s.researchers.get().studies.update(**{name: value}),
    "bulk_update": lambda s, name, value: Study.objects.bulk_update(
        [Study(pk=s.pk, **{name: value})], [name]
    ),
    "update_or_create": lambda s, name, value: Study.objects.update_or_create(
        pk=s.pk, defaults={name: value}
    ),
    "bulk_create": lambda s, name, value: Study.objects.bulk_create(
        [Study(pk=s.pk, **{name: value})], update_conflicts=True, update_fields=[name], unique_fields=["id"]
    ),
    "save of another object": lambda s, name, value: Study(pk=s.pk, **{name: value}).save(),
}


@pytest.mark.parametrize("way", WAYS_TO_CHANGE_A_STUDY)
def test_no_query_set_changes_what_an_opened_study_asks(opened, researcher, way):
    opened.researchers.add(researcher)
    before = Study.objects.values().get()
    for name, value in OTHERWISE.items():
        if isinstance(value, list | dict) and way == "by an expression":
            continue
        with (
            pytest.raises(FrozenStudyError, match=r"has been opened|Create the new ones"),
            transaction.atomic(),
        ):
            WAYS_TO_CHANGE_A_STUDY[way](opened, name, value)
    assert Study.objects.values().get() == before


def test_what_says_how_a_study_goes_is_changed_by_query_sets_too(opened):
    now = timezone.now()
    Study.objects.update(state="closed", closed_at=now, likeness={"pairs": []}, precompute=None)
    opened.refresh_from_db()
    assert (opened.state, opened.closed_at, opened.likeness) == ("closed", now, {"pairs": []})


@pytest.mark.parametrize("state", ["draft", "precomputing", "ready"])
def test_no_query_set_makes_an_opened_study_a_draft_again(opened, state):
    for way in (Study.objects.filter(pk=opened.pk), Study._base_manager.all()):
        for value in (state, Value(state)):
            with pytest.raises(FrozenStudyError, match=r"Study demo .*\(study \d+: state\)"):
                way.update(state=value)
    assert Study.objects.get().state == "open"


def test_an_opened_study_is_not_deleted_and_a_draft_is_with_all_that_is_its(opened, researcher):
    for way in (opened.delete, Study.objects.all().delete, Study.objects.filter(pk=opened.pk).delete):
        with pytest.raises(FrozenStudyError, match="Study demo has been opened"), transaction.atomic():
            way()
    draft = make_study("draft", networks=("other",))
    Event.objects.create(study=draft, kind="noted", user=researcher)
    Trial.objects.create(study=draft, item=draft.items.first(), order="0,1,2")
    draft.delete()
    assert [study.slug for study in Study.objects.all()] == ["demo"]
    assert not Event.objects.filter(kind="noted").exists()
    assert Trial.objects.count() == opened.trials.count()


def test_who_did_something_is_forgotten_with_their_account_and_that_it_was_done_is_not(opened, researcher):
    Event.objects.create(study=opened, kind="noted", user=researcher)
    researcher.delete()
    assert Event.objects.get(kind="noted").user is None


FIXED_OF_A_TRIAL = {"order": "0,1,2", "kind": "check", "item": None, "study": None}


@pytest.mark.parametrize("name", FIXED_OF_A_TRIAL)
def test_which_trial_asks_what_is_fixed_and_who_has_it_is_not(opened, name):
    other = make_study("other", networks=("other",))
    trial = opened.trials.exclude(order="0,1,2").first()
    value = FIXED_OF_A_TRIAL[name] or {"item": other.items.first(), "study": other}[name]
    before = list(Trial.objects.values())
    setattr(trial, name, value)
    ways = (
        lambda: opened.trials.update(**{name: value}),
        lambda: opened.items.first().trials.update(**{name: value}),
        lambda: Trial.objects.bulk_update([trial], [name]),
        trial.save,
        lambda: trial.save(update_fields=[name]),
        trial.delete,
        opened.trials.all().delete,
        lambda: opened.trials.all()._raw_delete("default"),
        lambda: Trial._base_manager.all().delete(),
    )
    for way in ways:
        with pytest.raises(FrozenStudyError, match=r"Study demo .*\(trial \d+"), transaction.atomic():
            way()
    assert list(Trial.objects.values()) == before
    trial.refresh_from_db()
    trial.state = "void"
    trial.save()
    assert opened.trials.filter(state="open").update(state="void", lease_until=None) == len(before) - 1


def test_the_columns_of_a_trial_that_change_as_a_study_runs_are_these():
    columns = {field.name for field in Trial._meta.concrete_fields}
    assert columns - set(Trial.MAY_CHANGE) - {"id"} == set(FIXED_OF_A_TRIAL)


def test_of_an_answer_its_status_changes_and_nothing_else(opened):
    response = answer(make_participant(opened), 0, 1, telemetry={"keys": 3})
    for field in Response._meta.concrete_fields:
        if field.name in ("status", "id"):
            continue
        with pytest.raises(RecordError, match=rf"never changed \(response {response.pk}: {field.name}\)"):
            Response.objects.update(**{field.name: getattr(response, field.name)})
        with pytest.raises(RecordError, match="never erased"):
            Response.objects.all().erase(field.name)
    Response.objects.update(status="void")
    response.refresh_from_db()
    assert (response.status, response.telemetry, response.choice) == ("void", {"keys": 3}, 1)
    response.status = "counted"
    with pytest.raises(RecordError):
        response.save()
    response.save(update_fields=["status"])
    assert Response.objects.get().status == "counted"


def test_only_these_go_past_the_guard():
    """A new version of a protocol, an arm that joins, orders of a round before anybody is given them, and the crawl for the audit, which is rolled back."""
    root = Path(studies.__file__).parent
    users = {
        path.name
        for path in root.rglob("*.py")
        if ".change_what_is_frozen(" in path.read_text(encoding="utf-8")
    }
    assert users == {"revisions.py", "joining.py", "rounds.py", "blinding_audit.py"}


def test_rows_of_a_person_are_forgotten_in_one_place_and_versions_never(opened):
    """`KeptQuerySet.forget` deletes what a person who withdraws may ask to have forgotten, and what was only tried out."""
    root = Path(studies.__file__).parent
    users = {path.name for path in root.rglob("*.py") if ".forget(" in path.read_text(encoding="utf-8")}
    assert users == {
        "erasure.py",
        "trial_run.py",
    }  # the second: people who tried it out, before anybody real came
    first, second = make_participant(opened, 1), make_participant(opened, 2)
    for place, person in enumerate((first, second)):
        answer(person, place, 1)
    assert first.responses.forget() == 1
    assert Response.objects.get().participant == second
    with pytest.raises(RecordError, match="never deleted"):
        opened.versions.forget()


def test_saving_one_column_of_an_arm_keeps_what_somebody_else_saved_in_another():
    arm, same = (make_study().arms.first(), Arm.objects.order_by("index").first())
    same.method = "centre"
    same.save()
    arm.name = "mine"
    arm.save(update_fields=["name"])
    same.refresh_from_db()
    assert (same.name, same.method) == ("mine", "centre")
