"""More answers for each photo of an opened study: laid out beside what is there, in balance, on record, and never fewer."""

import copy
import io
import json
import subprocess
import sys
from collections import Counter
from itertools import permutations

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from explain.models import ImageSet
from studies.exports.departures import declaration_of
from studies.lifecycle import opening
from studies.lifecycle.growth import GrowthError, grow
from studies.lifecycle.opening import new_nonce, open_study
from studies.lifecycle.readiness import create_study
from studies.lifecycle.revisions import RevisionError, find_version, revise, reworded
from studies.lifecycle.seal import broken_seal
from studies.lifecycle.transitions import change_state
from studies.models import Response, Study
from studies.protocol import ProtocolError, check_protocol
from studies.results import part_of
from studies.results.participant_flow import flow_of
from studies.simulation import check_blinding
from tests import by_sql
from tests.factories import CONSENT, make_image, make_map, make_network, make_participant
from tests.studies.taking_part import answer_all

pytestmark = pytest.mark.django_db
ARMS = ("grad-cam", "ablation-cam", "layer-cam")
PROTOCOL = {
    "consent": CONSENT,
    "version": 1,
    "slug": "small",
    "title": "A small study",
    "task": "choice",
    "photos": {"set": "birds"},
    "arms": [{"network": "tiny", "method": method} for method in ARMS],
    "design": {"seed": 3, "responses_per_item": 2, "trials_per_participant": 12},
    "recruitment": {"people": 4},
}
LOOKS = {"analysis": {"contrasts": [["grad-cam", "layer-cam"]]}, "looks": {"after": [0.5, 1.0]}}


@pytest.fixture(autouse=True)
def birds(monkeypatch):
    monkeypatch.setattr(opening, "new_nonce", new_nonce)  # as in real life: another one for each study
    image_set, network = ImageSet.objects.create(name="birds"), make_network()
    for number in range(7):
        image = make_image(image_set, number, ("hen", "robin")[number % 2], 8 + 7 * (number % 2))
        for method in ARMS:
            make_map(image, network, method)


def made(**changes) -> Study:
    return open_study(study=create_study(protocol=check_protocol(copy.deepcopy(PROTOCOL) | changes)))


def paused(study: Study) -> Study:
    return change_state(study=study, to=Study.State.PAUSED)


def grown(study: Study, to: int, **fields) -> Study:
    grow(study=paused(study), responses_per_item=to, why="Too wide", **fields)
    return change_state(study=Study.objects.get(pk=study.pk), to=Study.State.OPEN)


def laid_out(study: Study) -> list[tuple[int, str]]:
    return list(study.trials.filter(kind="main").order_by("pk").values_list("item__index", "order"))


def cells(orders: list[str]) -> Counter:
    return Counter((arm, place) for order in orders for place, arm in enumerate(order.split(",")))


def run(*args, **options) -> str:
    out = io.StringIO()
    call_command(*args, stdout=out, **options)
    return out.getvalue()


def test_new_trials_come_beside_what_is_there_and_people_are_given_them():
    study = made()
    for number in (1, 2):
        answer_all(make_participant(study, number))
    before = laid_out(study)
    assert not study.trials.filter(state="open").exists()
    study = grown(study, 4)
    assert study.responses_per_item == 4
    assert laid_out(study)[:14] == before
    assert Counter(item for item, _ in laid_out(study)) == dict.fromkeys(range(7), 4)
    for number in (3, 4):
        answer_all(make_participant(study, number))
    assert Response.objects.filter(status="counted").count() == 28
    assert Counter(Response.objects.values_list("version", flat=True)) == {1: 14, 2: 14}


def test_over_the_grown_study_every_arm_stands_in_every_place_equally_often_and_no_photo_repeats_an_order_early():
    study = grown(grown(made(), 3), 4)
    counts = cells([order for _, order in laid_out(study)])
    assert max(counts.values()) - min(counts[f"{arm}", place] for arm in range(3) for place in range(3)) <= 1
    orders = Counter(laid_out(study))
    assert len({order for _, order in orders}) == len(list(permutations(range(3))))
    assert max(orders.values()) == 1


def test_the_seal_is_whole_and_the_old_version_is_kept():
    study = made()
    first = study.protocol_sha256
    study = grown(study, 3)
    assert broken_seal(study) is None
    assert broken_seal(Study.objects.get(), with_pictures=True) is None
    assert study.version == 2
    assert list(study.versions.values_list("number", "sha256", "why")) == [
        (1, first, ""),
        (2, study.protocol_sha256, "Too wide"),
    ]
    assert find_version(study, 1)["design"]["responses_per_item"] == 2
    assert find_version(study)["design"]["grown_from"] == [2]


def test_wording_that_changes_afterwards_leaves_it_as_large():
    study = grown(made(), 3)
    source = reworded(study, wording={**study.wording, "question": "Which shows the {class}?"})
    revise(study=paused(study), source=source, why="Clearer")
    study = Study.objects.get()
    assert (study.responses_per_item, study.stages) == (3, (2, 3))
    assert broken_seal(study) is None


@pytest.mark.parametrize("each", [-1, 0, 1, 2])
def test_it_never_shrinks(each):
    study, before = paused(made()), laid_out(Study.objects.get())
    with pytest.raises(GrowthError, match=rf"is 2 now and would be {each}; a study only grows\. Ask for 3"):
        grow(study=study, responses_per_item=each, why="Enough")
    assert laid_out(study) == before


def test_a_study_that_plans_looks_does_not_grow():
    study = paused(made(**LOOKS, recruitment={"people": 60}))
    with pytest.raises(GrowthError, match="plans looks, whose levels are made for 2 answers"):
        grow(study=study, responses_per_item=3, why="Too wide")
    assert Study.objects.get().version == 1
    assert len(laid_out(study)) == 14


def test_only_while_it_is_paused_and_with_a_reason():
    study = made()
    with pytest.raises(RevisionError, match="is open; its protocol changes while it is paused only"):
        grow(study=study, responses_per_item=3, why="Too wide")
    with pytest.raises(RevisionError, match="why: is missing"):
        grow(study=paused(study), responses_per_item=3, why=" ")
    assert len(laid_out(study)) == 14


def test_no_photo_gets_more_answers_than_people_are_planned_and_people_only_grow():
    study = paused(made())
    with pytest.raises(ProtocolError, match="responses_per_item: is 5, more than the 4 people planned"):
        grow(study=study, responses_per_item=5, why="Too wide")
    with pytest.raises(GrowthError, match="people: 4 are planned and would be 3"):
        grow(study=study, responses_per_item=3, why="Too wide", people=3)
    grow(study=study, responses_per_item=5, why="Too wide", people=6)
    assert find_version(Study.objects.get())["recruitment"]["people"] == 6


def test_the_file_of_a_closed_study_lays_the_same_trials_out_again_with_the_same_hash():
    study = change_state(study=grown(grown(made(), 3), 4), to=Study.State.CLOSED)
    before, sha256, protocol = laid_out(study), study.protocol_sha256, find_version(study)
    by_sql.remove_study(study)
    again = open_study(study=create_study(protocol=check_protocol(protocol)))
    assert (laid_out(again), again.protocol_sha256) == (before, sha256)


def test_the_export_says_that_it_grew_and_all_orders_are_recomputed_from_it(tmp_path, settings):
    study = made()
    for number in (1, 2):
        answer_all(make_participant(study, number))
    study = grown(grown(study, 3), 4)
    for number in (3, 4):
        answer_all(make_participant(study, number))
    change_state(study=study, to=Study.State.CLOSED)
    run("export", "small", to=tmp_path, format="csv")
    assert check_protocol_file(tmp_path / "protocol.toml").grown_from == (2, 3)
    script = settings.BASE_DIR / "docs/recompute_orders.py"
    done = subprocess.run([sys.executable, "-I", script, tmp_path, "--json"], capture_output=True, text=True)
    assert json.loads(done.stdout) == {"trials": 28, "answers": 28, "in the recomputed order": 28}


def check_protocol_file(path):
    from studies.protocol import read_protocol

    return read_protocol(path)


@pytest.mark.parametrize("hidden", [False, True])
def test_record_and_report_say_when_it_grew_from_how_many_to_how_many_and_what_could_be_known(
    hidden, admin_user
):
    study = made(analysis={"hide_running_results": hidden})
    answer_all(make_participant(study, 1))
    study = grown(study, 3, user=admin_user)
    event = study.events.get(kind="grown")
    assert event.user == admin_user
    assert event.data == {
        "from": 2,
        "to": 3,
        "trials": 7,
        "version": 2,
        "sha256": study.protocol_sha256,
        "why": "Too wide",
    }
    part = part_of(study)
    (departure,) = [
        line for line in declaration_of(study, part, flow_of(study, part)).departures if "grown" in line
    ]
    assert (
        " from 2 to 3 answers for each photo (version 2), after 7 answers of real people: Too wide."
        in departure
    )
    assert ("Results could be seen by then" in departure) == (not hidden)


def test_the_audit_of_blinding_knows_that_it_grew():
    study = grown(made(), 3)
    checks = {check.name: check.leaks for check in check_blinding(study=study, seed=1)}
    assert checks["reckoning"] == []


def test_by_command_page_and_program(client, admin_user, admin_client):
    study = made()
    with pytest.raises(CommandError, match="is open; its protocol changes while it is paused only"):
        run("grow_study", "small", responses_per_item=3, why="Too wide")
    page = admin_client.get(reverse("study-grow", args=["small"]), follow=True).content.decode()
    assert "A study grows while it is paused only" in page
    paused(study)
    printed = json.loads(run("grow_study", "small", "--json", responses_per_item=3, why="Too wide"))
    assert (printed["from"], printed["to"], printed["trials"], printed["version"]) == (2, 3, 7, 2)
    address = reverse("study-grow", args=["small"])
    assert "Each photo needs 3 answers now" in admin_client.get(address).content.decode()
    wrong = admin_client.post(address, {"responses_per_item": 3, "people": 4, "why": "More"}).content.decode()
    assert "a study only grows" in wrong
    done = admin_client.post(address, {"responses_per_item": 4, "people": 4, "why": "More"}, follow=True)
    assert "4 answers are asked for each photo now, by version 3" in done.content.decode()
    client.force_login(admin_user)
    refused = client.post(
        "/api/studies/small/grow/", {"responses_per_item": 4, "why": "x"}, "application/json"
    )
    assert refused.status_code == 400
    reply = client.post(
        "/api/studies/small/grow/",
        {"responses_per_item": 5, "why": "More", "people": 9},
        "application/json",
    )
    assert (reply.status_code, reply.json()["number"]) == (200, 4)
    assert Study.objects.get().stages == (2, 3, 4, 5)


@pytest.mark.parametrize("stages", [[2], [3], [1, 1], [0], ["a"]])
def test_what_a_protocol_says_of_its_growth_must_rise(stages):
    source = copy.deepcopy(PROTOCOL)
    source["design"]["grown_from"] = stages
    with pytest.raises(ProtocolError, match=r"design\.grown_from: "):
        check_protocol(source)
