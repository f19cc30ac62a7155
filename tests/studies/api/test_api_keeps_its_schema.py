"""The API is driven from its own OpenAPI schema: no failure of the server, and no answer that the schema does not tell of.

A few examples of each operation here; `make fuzz` tries many more.
"""

import json
import os

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from config.wsgi import application
from studies.access.permissions import Role, give_role
from studies.api.errors import describe_refusals
from studies.api.throttling import SharedRate
from studies.models import ApiToken, Invitation
from tests.factories import make_study, make_trials
from tests.studies.filled import answer, fill, make_participant

pytestmark = pytest.mark.django_db

EXAMPLES = int(os.environ.get("FUZZ", 0)) // 50 or 6
OPERATIONS = 31
SLUGS = ["methods", "reliability", "empty", "draft", "not-mine"]


@pytest.fixture(autouse=True)
def _the_connection_stays():
    """As Django's own test client has it: the end of a request must not close the test's transaction."""
    ends = (request_started, request_finished)
    for end in ends:
        end.disconnect(close_old_connections)
    yield
    for end in ends:
        end.connect(close_old_connections)


@pytest.fixture
def headers(researcher, monkeypatch):
    """One study of each kind, with answers and without, and a token that may change them."""
    monkeypatch.setattr(SharedRate, "THROTTLE_RATES", {"user": "1000000/day"})
    studies = [
        make_study("methods", items=2, state="open"),
        make_study("reliability", task="rating", methods=("grad-cam",), networks=("one", "two"), items=2),
        make_study("empty", items=1, networks=("three",)),
        make_study("draft", items=1, networks=("four",), state="draft"),
    ]
    make_study("not-mine", items=1, networks=("five",))
    for study in studies:
        give_role(study=study, person=researcher, role=Role.RESEARCHER)
        Invitation.issue(study, label="=course A", quota=3)
    make_trials(studies[0], ["0,1,2"])
    fill(studies[0], [[0, 1], [2, -1]])
    fill(studies[0], [[0, 1]], simulated=True)
    answer(make_participant(studies[0]), 0, 0, status="undone", response_ms=900)
    fill(studies[1], [[2, -1], [0, 1]])
    return {"Authorization": f"Token {ApiToken.issue(researcher, name='fuzz', scope='write')[1]}"}


def find(operation, headers):
    """Try one operation. What an example changed is undone before the next."""
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks

    asked = [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    ]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=operation.as_strategy(),
        slug=st.sampled_from([*SLUGS, None]),
        number=st.sampled_from([1, 2, None]),
    )
    def example(case, slug, number):
        for name, value in (("slug", slug), ("number", number), ("invitation", number)):
            if name in case.path_parameters and value is not None:
                case.path_parameters[name] = value
        with transaction.atomic():
            response = case.call(headers=headers)
            transaction.set_rollback(True)
        seen.add(response.status_code)
        case.validate_response(response, checks=asked, headers=headers)

    seen: set[int] = set()
    example()
    return seen


def test_whatever_is_asked_the_answer_is_one_that_the_schema_tells_of(headers):
    import schemathesis  # takes seconds, which no other test needs

    schema = schemathesis.openapi.from_wsgi("/api/schema/?format=json", application, headers=headers)
    seen = {
        f"{operation.ok().method} {operation.ok().path}": find(operation.ok(), headers)
        for operation in schema.get_all_operations()
    }
    assert len(seen) == OPERATIONS
    done = [name for name, statuses in seen.items() if min(statuses) < 300]
    assert len(done) > OPERATIONS / 2, seen  # they were not all refused


def test_the_schema_tells_a_program_which_refusals_to_expect(admin_client):
    """An address that names a thing can find nothing; only what is sent can be in a wrong format."""
    schema = admin_client.get("/api/schema/", headers={"accept": "application/vnd.oai.openapi+json"})
    paths = json.loads(schema.content)["paths"]
    refusals = {f"{method} {path}": set(operation["responses"]) for path, methods in paths.items() for method, operation in methods.items()}  # fmt: skip
    assert len(refusals) == OPERATIONS
    everywhere = {"400", "401", "403", "429", "503"}
    assert all(everywhere <= statuses for statuses in refusals.values())
    named = {name for name in refusals if "{" in name}
    assert {name for name, statuses in refusals.items() if "404" in statuses} == named
    assert 0 < len(named) < OPERATIONS
    sends = {name for name, statuses in refusals.items() if "415" in statuses}
    assert sends
    assert all(not name.startswith("get") for name in sends)
    assert sends == {f"{method} {path}" for path, methods in paths.items() for method, operation in methods.items() if "requestBody" in operation}  # fmt: skip


def test_a_list_that_is_turned_by_a_cursor_can_meet_one_that_leads_nowhere():
    operation = {"parameters": [{"name": "cursor"}], "responses": {}}
    plain = {"responses": {}}
    describe_refusals({"paths": {"/api/list/": {"get": operation}, "/api/whole/": {"get": plain}}})
    assert set(operation["responses"]) - set(plain["responses"]) == {"404"}
