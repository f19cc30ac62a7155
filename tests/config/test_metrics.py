"""What Prometheus is told, whom, and what it is never told."""

from datetime import timedelta

import pytest
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from explain.models import Batch, ImageSet, Job, Precompute, Worker
from studies.lifecycle.opening import open_study
from studies.models import Study
from studies.trials.allocation import claim_trials
from tests.config.test_settings import start
from tests.factories import make_network, make_study
from tests.studies.filled import answer, fill, make_participant

pytestmark = pytest.mark.django_db
TOKEN = "for-prometheus-alone-" + "7" * 32
METHODS = ("grad-cam", "ablation-cam", "pixel-ablation-cam")


@pytest.fixture
def on(settings):
    settings.METRICS = TOKEN


def ask(client, token=TOKEN, keyword="Bearer", **options):
    return client.get("/metrics", headers={"authorization": f"{keyword} {token}"}, **options)


def samples(client) -> dict[tuple[str, ...], float]:
    """(name, label's values …) -> value."""
    answer = ask(client)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(answer.content.decode())
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


def with_state(values: dict[tuple[str, ...], float], name: str) -> dict[str, float]:
    return {key[1]: value for key, value in values.items() if key[0] == f"blindsight_{name}"}


@pytest.fixture
def study():
    """Open: 6 trials, of which one person holds 2, another's lease is over, and 3 answers are stored."""
    study = open_study(study=make_study("birds-of-paradise", items=3, responses_per_item=2))
    claim_trials(participant=make_participant(study), count=2)
    claim_trials(participant=make_participant(study), count=1)
    study.trials.filter(participant__number=2).update(lease_until=timezone.now() - timedelta(seconds=1))
    fill(make_study("full", networks=("another",), state=Study.State.CLOSED), [[0, 1]])
    simulated = make_participant(Study.objects.get(slug="full"), simulated=True)
    answer(simulated, 2, 1, status="undone")
    return study


@pytest.fixture
def run():
    run = Precompute.objects.create(
        image_set=ImageSet.objects.create(name="photos-of-hammers"), methods=["grad-cam"]
    )
    network, now = make_network("secret-network"), timezone.now()
    for state, beat in [("pending", 0), ("pending", 0), ("running", 1), ("running", 3600), ("failed", 9)]:
        Batch.objects.create(
            precompute=run, network=network, state=state, heartbeat_at=now - timedelta(seconds=beat)
        )
    return run


def test_it_is_not_there_unless_it_is_switched_on(client, settings):
    assert settings.METRICS == ""
    assert ask(client).status_code == 404
    assert ask(client, token="").status_code == 404


@pytest.mark.parametrize(
    ("token", "keyword"), [("", "Bearer"), (TOKEN[:-1], "Bearer"), (TOKEN, "Token"), ("ü", "Bearer")]
)
def test_without_its_token_nothing_is_told(client, on, token, keyword):
    refused = ask(client, token, keyword)
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert b"blindsight_" not in refused.content


def test_somebody_who_is_logged_in_needs_the_token_too(client, on, admin_user):
    client.force_login(admin_user)
    assert client.get("/metrics").status_code == 401
    assert client.post("/metrics", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 405


def test_it_tells_of_work_and_workers(client, on, run, admin_user):
    Job.objects.create(kind="try", created_by=admin_user)
    now = timezone.now()
    for name, silence in [("here:1", 2), ("gone:2", 600), ("forgotten:3", 3 * 86400)]:
        Worker.objects.create(name=name, heartbeat_at=now - timedelta(seconds=silence))
    values = samples(client)
    assert with_state(values, "batches") == {
        "pending": 2,
        "running": 2,
        "done": 0,
        "failed": 1,
        "stopped": 0,
    }
    assert values[("blindsight_batches_silent",)] == 1
    assert with_state(values, "jobs") == {"pending": 1, "running": 0, "done": 0, "failed": 0}
    assert with_state(values, "workers") == {"there": 1, "silent": 1}
    assert values[("blindsight_worker_oldest_heartbeat_seconds",)] == pytest.approx(600, abs=60)


def test_it_tells_of_studies_and_answers(client, on, study):
    values = samples(client)
    assert values[("blindsight_maps",)] == 18
    assert with_state(values, "studies") == dict.fromkeys(Study.State.values, 0) | {"open": 1, "closed": 1}
    assert with_state(values, "trials_left") == {"open": 3, "claimed": 3}
    assert values[("blindsight_participants_at_work",)] == 1
    answers = {key[1:]: value for key, value in values.items() if key[0] == "blindsight_answers"}
    assert {key: value for key, value in answers.items() if value} == {
        ("false", "counted"): 2,
        ("true", "undone"): 1,
    }
    assert len(answers) == 10


def test_the_series_are_the_same_whatever_there_is(client, on, request):
    empty = set(samples(client))
    for rows in ("study", "run"):
        request.getfixturevalue(rows)
    Worker.objects.create(name="here:1")
    assert set(samples(client)) - empty == {("blindsight_worker_oldest_heartbeat_seconds",)}


def test_it_never_names_a_study_a_method_a_network_a_person_or_a_host(client, on, study, run):
    Worker.objects.create(name="gpu-host-7:4711")
    text = ask(client).content.decode()
    for secret in (*METHODS, "birds", "full", "tiny", "another", "secret-network", "hammers", "gpu-host"):
        assert secret not in text


def test_it_asks_the_database_as_often_whatever_there_is(client, on, study, run, django_assert_num_queries):
    with django_assert_num_queries(9):
        ask(client)


def test_a_word_instead_of_a_token_is_refused_at_the_start(tmp_path):
    started = start(tmp_path, SECRET_KEY="x" * 50, METRICS="true")
    assert started.returncode != 0
    assert "METRICS is shorter than 32 characters" in started.stderr
