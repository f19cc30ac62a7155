"""A database as the first release left it, with answers in it, becomes today's, and not one answer changes."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from config import rows

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("other_databases")]

# What there was when the first answers could be given (commit 7454205).
FIRST = [
    ("explain", "0001_initial"),
    ("studies", "0003_open_trials_in_order"),
    ("auth", "0012_alter_user_first_name_max_length"),
]
THEN = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
GIVEN = [(0, "counted"), (1, "counted"), (-1, "undone"), (-1, "counted"), (0, "void"), (1, "surplus")]


def migrate(alias: str, targets: list | None = None):
    """To these migrations, or to all; the models as they were then."""
    executor = MigrationExecutor(connections[alias])
    targets = targets or executor.loader.graph.leaf_nodes()
    executor.migrate(targets)
    return executor.loader.project_state(targets).apps


def fill_as_then(apps, alias: str) -> None:
    """One opened choice study, three items, and answers of every status, by the models of that time."""

    def make(app: str, model: str, **fields):
        return apps.get_model(app, model).objects.using(alias).create(**fields)

    photos = make("explain", "ImageSet", name="photos")
    network = make(
        "explain", "Network", name="tiny", load="timm:tiny", layer="features", weights_sha256="0" * 64
    )
    study = make(
        "studies", "Study", slug="first", title="The first", task="choice", state="open", protocol_sha256="f" * 64,
        wording={"question": "Which is best?"}, protocol={"slug": "first"}, seed=7,
    )  # fmt: skip
    ready = make(
        "studies", "Study", slug="ready", title="The next", task="choice", state="ready", picture="masked"
    )
    arms = [
        make("studies", "Arm", study=of, index=index, name=method, method=method, network=network)
        for of in (study, ready)
        for index, method in enumerate(("grad-cam", "ablation-cam"))
    ]
    invitation = make("studies", "Invitation", study=study, token_sha256="a" * 64, label="course A")
    person = make(
        "studies", "Participant", study=study, invitation=invitation, number=1, token_sha256="b" * 64,
        external={"PROLIFIC_PID": "x"},
    )  # fmt: skip
    for number, (choice, status) in enumerate(GIVEN):
        image = make(
            "explain", "Image", image_set=photos, file=f"{number}.png", original_name=f"{number}.png",
            class_name="hammer", class_index=587, width=9, height=9, source_sha256=f"{number:064}",
            content_sha256=f"{number:064}", picture=f"shown-{number}.jpg",
        )  # fmt: skip
        item = make("studies", "Item", study=study, index=number, image=image)
        next_item = make("studies", "Item", study=ready, index=number, image=image)
        for arm in arms[:2]:
            files = {kind: f"{kind}-{number}-{arm.index}.jpg" for kind in ("overlay", "masked", "heat")}
            shown = make(
                "explain", "ExplanationMap", image=image, network=network, layer="features", method=arm.method,
                target=587, parameters_hash="0" * 64, values=bytes(4), height=1, width=1, **files,
            )  # fmt: skip
            make("studies", "ItemMap", item=item, arm=arm, map=shown)
            make("studies", "ItemMap", item=next_item, arm=arms[2 + arm.index], map=shown)
        trial = make(
            "studies", "Trial", study=study, item=item, order="1,0", state="answered", participant=person,
            position=number + 1,
        )  # fmt: skip
        response = make(
            "studies", "Response", answer_id=uuid.UUID(int=number), trial=trial, participant=person, choice=choice,
            status=status, shown_value=choice, response_ms=1000 + number, telemetry={"keys": number},
        )  # fmt: skip
        rows_of = apps.get_model("studies", "Response").objects.using(alias)
        rows_of.filter(pk=response.pk).update(created_at=THEN + timedelta(seconds=number))


def answers(alias: str, names: list[str]) -> list[tuple]:
    with connections[alias].cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(names)} FROM studies_response ORDER BY id")
        return cursor.fetchall()


def test_answers_of_the_first_release_are_the_same_after_every_migration(tmp_path):
    from studies.models import Item, ItemMap, ProtocolVersion, Response, Study

    with rows.opened(f"sqlite:///{tmp_path / 'first.sqlite3'}") as alias:
        old = migrate(alias, FIRST)
        fill_as_then(old, alias)
        columns = [field.column for field in old.get_model("studies", "Response")._meta.concrete_fields]
        before = answers(alias, columns)
        assert len(before) == len(GIVEN)
        migrate(alias)
        assert answers(alias, columns) == before
        now = list(Response.objects.using(alias).order_by("id"))
        assert [(row.choice, row.status) for row in now] == GIVEN
        assert {row.version for row in now} == {1}
        studies = Study.objects.using(alias)
        assert set(studies.filter(slug="first").values_list("trials__kind", flat=True)) == {"main"}
        version = ProtocolVersion.objects.using(alias).get()
        assert (version.number, version.sha256, version.protocol) == (1, "f" * 64, {"slug": "first"})
        # A study that was opened keeps its pictures; one that is ready gets new ones: beside those they would tell their arms.
        items, maps = (model.objects.using(alias).order_by("pk") for model in (Item, ItemMap))
        shown = maps.filter(item__study__slug="first").values_list("item__picture", "picture")
        assert list(shown) == [
            (f"shown-{n}.jpg", f"overlay-{n}-{arm}.jpg") for n in range(6) for arm in (0, 1)
        ]
        assert set(items.filter(study__slug="ready").values_list("picture", "picture_sha256")) == {("", "")}
        assert set(maps.filter(item__study__slug="ready").values_list("picture", "picture_sha256")) == {
            ("", "")
        }


def test_who_withdrew_before_is_erased_too_and_a_restore_knows_them_again(tmp_path, settings):
    """Answers, times and ids of whoever had left stayed; the file of those who left gets what an older backup has of them."""
    from studies.models import Event, Participant, Response, Trial
    from studies.trials import read_tombstones, withdrawn_but_not_noted

    settings.WITHDRAWN_FILE = str(tmp_path / "withdrawn.jsonl")
    with rows.opened(f"sqlite:///{tmp_path / 'before.sqlite3'}") as alias:
        old = migrate(alias, [("explain", "0005_workers"), ("studies", "0020_nonce"), FIRST[2]])
        fill_as_then(old, alias)
        people = old.get_model("studies", "Participant").objects.using(alias)
        first = people.get()
        stays = people.create(study=first.study, invitation=first.invitation, number=2, token_sha256="c" * 64)
        people.filter(number=1).update(state="withdrawn", consent_sha256="d" * 64, finished_at=THEN)
        events = old.get_model("studies", "Event").objects.using(alias)
        for kind, person in (("joined", first), ("withdrawn", first), ("joined", stays)):
            events.create(study=first.study, participant=person, kind=kind, data={"number": person.number})
        moved = old.get_model("studies", "Response").objects.using(alias).order_by("id").last()
        type(moved).objects.using(alias).filter(pk=moved.pk).update(participant=stays)
        migrate(alias)
        gone, there = Participant.objects.using(alias).order_by("number")
        assert (gone.state, gone.consented_at, gone.finished_at, gone.external) == (
            "withdrawn",
            None,
            None,
            {},
        )
        assert (gone.consent_sha256, there.consented_at) == ("", stays.consented_at)
        assert [row.participant_id for row in Response.objects.using(alias)] == [there.pk]
        assert not Trial.objects.using(alias).filter(participant=gone).exists()
        left = Event.objects.using(alias).order_by("id").values_list("kind", "participant", "data")
        assert list(left) == [("withdrawn", None, {}), ("joined", there.pk, {"number": 2})]
        stones = read_tombstones([tmp_path / "withdrawn.jsonl"])
        assert [line["link"] for line in stones.lines] == [gone.token_sha256]
        assert len(stones.lines[0]["person"]) == 64
    assert withdrawn_but_not_noted() == []
