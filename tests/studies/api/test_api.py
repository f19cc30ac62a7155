"""A researcher's own program reads studies, scores and answers."""

import json

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from studies.models import ApiToken, Invitation, Study
from tests.factories import make_study, make_trials
from tests.studies.filled import answer, fill, make_participant

pytestmark = pytest.mark.django_db

ADDRESSES = [
    "/api/studies/methods/",
    "/api/studies/methods/scores/",
    "/api/studies/methods/answers/",
]


@pytest.fixture
def study(researcher):
    study = make_study("methods", items=2)
    study.researchers.add(researcher)
    person = make_participant(study, label="course A")
    answer(person, 0, 2, order="2,0,1", response_ms=1500)
    answer(person, 1, -1)
    fill(study, [[0, 1]], simulated=True)
    return study


def client_with(user, scope):
    token = ApiToken.issue(user, name="script", scope=scope)[1]
    return APIClient(headers={"authorization": f"Token {token}"})


@pytest.fixture
def program(researcher):
    """Not logged in: a token is all it has."""
    return client_with(researcher, "write")


@pytest.mark.parametrize("address", [*ADDRESSES, "/api/studies/", "/api/schema/"])
def test_nobody_reads_without_a_token(client, study, address):
    response = client.get(address)
    assert response.status_code == 401
    assert "methods" not in response.content.decode()


def test_the_page_about_the_api_asks_for_a_login(client):
    assert client.get("/api/docs/").url == "/accounts/login/?next=/api/docs/"


@pytest.mark.parametrize("address", ADDRESSES)
def test_other_peoples_studies_do_not_exist(study, stranger, address):
    program = client_with(stranger, "write")
    assert program.get(address).status_code == 404
    assert program.get("/api/studies/").json()["results"] == []


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_token_or_a_session_opens_ones_own_studies(program, client, researcher, study, address):
    assert program.get(address).status_code == 200
    client.force_login(researcher)
    assert client.get(address).status_code == 200


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_what_is_read_cannot_be_written(program, study, method):
    for address in ADDRESSES:
        assert getattr(program, method)(address, {"state": "closed"}).status_code == 405
    assert Study.objects.get(slug="methods").state == "ready"


def test_a_study_is_described_with_arms_and_progress(program, study):
    make_trials(study, ["0,1,2"])
    described = program.get("/api/studies/methods/").json()
    assert described["arms"][2] == {
        "index": 2,
        "name": "pixel-ablation-cam",
        "network": "tiny",
        "method": "pixel-ablation-cam",
    }
    assert described["items"] == 2
    assert described["progress"] == {
        "needed": 6,
        "answered": 4,
        "claimed": 0,
        "open": 2,
        "real": 2,
        "simulated": 2,
    }
    assert program.get("/api/studies/").json()["results"] == [described]


def test_no_secret_of_a_participant_or_invitation_is_given(program, study):
    text = "".join(program.get(address).content.decode() for address in ADDRESSES)
    for person in study.participants.all():
        assert person.token_sha256 not in text
    for invitation in Invitation.objects.all():
        assert invitation.token_sha256 not in text


@pytest.mark.parametrize("who", ["real", "simulated", "all"])
def test_scores_are_those_of_the_command(program, study, who, capsys):
    call_command("scores", "methods", "--json", "--who", who)
    assert program.get(f"/api/studies/methods/scores/?who={who}").json() == json.loads(
        capsys.readouterr().out
    )


def test_answers_name_arms_and_say_whether_they_are_simulated(program, study):
    rows = program.get("/api/studies/methods/answers/").json()["results"]
    assert len(rows) == 4
    first = rows[0]
    assert (first["item"], first["photo"], first["class"]) == (0, "hammer-0.jpg", "hammer")
    assert first["order"] == ["pixel-ablation-cam", "grad-cam", "ablation-cam"]
    assert (first["choice"], first["shown_value"], first["response_ms"]) == ("pixel-ablation-cam", 0, 1500)
    assert (first["group"], first["participant"], first["imported_from"]) == ("course A", 1, "")
    assert [row["choice"] for row in rows] == ["pixel-ablation-cam", "same", "grad-cam", "ablation-cam"]
    assert [row["simulated"] for row in rows] == [False, False, True, True]


def test_an_answer_collected_elsewhere_is_given_without_an_order(program, study):
    response = answer(make_participant(study, external={"imported": "old.csv"}), 0, 1, shown_value=None)
    study.trials.filter(pk=response.trial_id).update(order="")
    row = program.get("/api/studies/methods/answers/").json()["results"][-1]
    assert (row["answer"], row["choice"], row["order"]) == (str(response.answer_id), "ablation-cam", [])
    assert (row["shown_value"], row["imported_from"]) == (None, "old.csv")


def test_answers_are_filtered_and_paged(program, study):
    answer(make_participant(study), 0, 0, status="undone")
    assert len(program.get("/api/studies/methods/answers/?who=simulated").json()["results"]) == 2
    assert len(program.get("/api/studies/methods/answers/?status=undone").json()["results"]) == 1
    seen, address = [], "/api/studies/methods/answers/?page_size=2"
    while address:
        page = program.get(address).json()
        seen += [row["answer"] for row in page["results"]]
        address = page["next"]
    assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize("query", ["scores/?who=robots", "answers/?who=robots", "answers/?status=lost"])
def test_a_wrong_parameter_is_named(program, study, query):
    response = program.get(f"/api/studies/methods/{query}")
    assert response.status_code == 400
    assert "not one of" in response.content.decode()


def test_queries_do_not_grow_with_answers(program, study, django_assert_num_queries):
    fill(study, [[0, 0]] * 5)
    make_study("second", networks=("second",)).researchers.add(study.researchers.get())
    for address, queries in (("/api/studies/", 9), ("/api/studies/methods/answers/", 6)):
        with django_assert_num_queries(queries):
            assert program.get(address).status_code == 200


def test_the_schema_tells_a_program_what_it_can_be_refused_and_that_an_interval_has_two_ends(program):
    schema = json.loads(
        program.get("/api/schema/", headers={"accept": "application/vnd.oai.openapi+json"}).content
    )
    refused = {
        f"{method} {path}": {int(status) for status in operation["responses"]} & {400, 401, 403, 404, 415}
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    }
    always = {400, 401, 403}
    assert refused["get /api/studies/{slug}/scores/"] == {*always, 404}
    assert refused["get /api/studies/"] == always  # a list of which there is always a page
    assert refused["post /api/studies/{slug}/close/"] == {*always, 404}  # nothing is sent
    assert refused["post /api/studies/{slug}/invitations/"] == {*always, 404, 415}
    ends = [
        (name, field, each.get("minItems"), each.get("maxItems"))
        for name, described in schema["components"]["schemas"].items()
        for field, each in described.get("properties", {}).items()
        if field == "interval"
    ]
    assert len(ends) > 2
    assert {(least, most) for *_, least, most in ends} == {(2, 2)}, ends


def test_the_schema_is_valid_and_the_page_loads_without_inline_code(client, researcher, study, tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))
    client.force_login(researcher)
    html = client.get("/api/docs/").content.decode()
    assert "<style" not in html
    assert "style=" not in html
    assert html.count("<script src=") == html.count("<script") == 2
    script = client.get("/api/docs/?script=")
    assert script["Content-Type"].startswith("application/javascript")
    assert "SwaggerUIBundle" in script.content.decode()
