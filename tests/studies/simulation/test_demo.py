"""`make demo`: every step in order, nothing twice, simulated people marked, and a link by which one takes part oneself."""

import re
import tomllib

import pytest
from django.conf import settings
from django.core.management import call_command
from django.urls import resolve

from studies.lifecycle.opening import open_study
from studies.management import local_site
from studies.management.commands import demo
from studies.management.commands.simulate import shares
from studies.models import Invitation, Study, hash_token
from tests.factories import make_participant, make_study
from tests.studies.management.processes import processes as processes

pytestmark = pytest.mark.django_db
ARMS = {
    "method-choice": {"networks": ("efficientnet-lite0",)},
    "reliability": {"task": "rating", "methods": ("pixel-ablation-cam",), "networks": ("one", "other")},
}


@pytest.fixture
def ran(monkeypatch):
    """The commands that it runs. Those that make a study do so, without maps that take minutes."""
    ran = []

    def run(command, *words, **options):
        ran.append([command, *words])
        if command == "create_study":
            slug = re.search(r"([\w-]+)\.toml", words[0])[1]
            make_study(slug, **ARMS[slug])
        elif command == "open_study":
            open_study(study=Study.objects.get(slug=words[0]))
        elif command == "simulate":
            make_participant(Study.objects.get(slug=words[0]), simulated=True)

    for module in (demo, local_site):
        monkeypatch.setattr(module, "call_command", run)
    return ran


def test_everything_is_done_in_order_and_the_second_time_nothing_is_made_twice(ran, processes, capsys):
    worker = processes()
    call_command("demo", "--no-serve")
    assert [words[0] for words in ran] == [
        "migrate", "collectstatic", "import_images", "add_network", "add_network", "precompute",
        "create_study", "open_study", "simulate", "create_study", "open_study", "simulate", "scores", "scores",
    ]  # fmt: skip
    assert [words[1] for words in ran if words[0] == "scores"] == ["method-choice", "reliability"]
    assert ran[5] == [
        "precompute", "samples", "--networks", "efficientnet-lite0,squeezenet1-1",
        "--methods", "grad-cam,ablation-cam,pixel-ablation-cam",
    ]  # fmt: skip
    printed = capsys.readouterr().err
    assert "$ manage.py import_images samples/photos/manifest.csv --set samples" in printed
    headings = [line for line in printed.splitlines() if line and not line.startswith(("$", " "))]
    assert headings == [
        "Database", "Photos and networks", "Explanation maps, computed by a Celery worker",
        "Study method-choice", "Study reliability", "Scores of method-choice", "Scores of reliability",
        *headings[-2:],
    ]  # fmt: skip
    assert headings[-2].startswith("Ready after")
    assert re.fullmatch(r"Log in: admin / \S{16,}. The site, later: make serve", headings[-1])
    assert len(worker.started) == 1  # a worker, and no site
    ran.clear()
    call_command("demo", "--no-serve")
    assert not {"create_study", "open_study", "simulate"} & {words[0] for words in ran}
    assert {study.participants.count() for study in Study.objects.all()} == {1}


def test_its_commands_fit_the_studies_that_ship():
    """Networks, methods and preferred arms that no protocol has would stop a newcomer half way."""
    networks, methods = set(), set()
    for slug in demo.PEOPLE:
        protocol = tomllib.loads((settings.BASE_DIR / f"docs/protocols/{slug}.toml").read_text())
        assert protocol["slug"] == slug
        networks |= {arm["network"] for arm in protocol["arms"]}
        methods |= {arm["method"] for arm in protocol["arms"]}
    assert networks <= set(demo.NETWORKS)
    assert methods <= set(demo.METHODS.split(","))
    words = demo.PEOPLE["method-choice"].split()
    stated = shares(make_study(**ARMS["method-choice"]), words[words.index("--prefer") + 1])
    assert max(stated, key=stated.get) == "pixel-ablation-cam"


def test_a_study_that_waits_is_opened_and_filled_and_one_with_answers_is_left_alone(ran):
    make_study("reliability", **ARMS["reliability"])
    demo.Command().fill("reliability")
    assert ran == [
        ["open_study", "reliability"],
        ["simulate", "reliability", "--seed", "1", "--participants", "8", "--at-once", "8", "--mean", "0.8"],
    ]
    ran.clear()
    demo.Command().fill("reliability")
    assert ran == []


@pytest.mark.parametrize("password", ["a-new-password", None])
def test_the_site_is_served_until_ctrl_c_with_a_link_to_take_part_oneself(
    ran, processes, capsys, client, password
):
    study = open_study(study=make_study("reliability", **ARMS["reliability"]))
    site = processes(interrupted=True)
    demo.Command().serve(password)
    assert site.done == ["wait", "wait"]
    assert site.started[0][0][1:5] == ["-m", "gunicorn", "config.wsgi", "-b"]
    printed = capsys.readouterr().err
    path = re.search(r"Take part yourself +http://127.0.0.1:8000(\S+)", printed)[1]
    invitation = Invitation.objects.get(token_sha256=hash_token(resolve(path).kwargs["token"]))
    assert (invitation.study, invitation.simulated) == (study, False)
    assert client.get(path).status_code == 200
    assert resolve(re.search(r"Results +http://127.0.0.1:8000(\S+)", printed)[1]).kwargs == {
        "slug": "method-choice"
    }
    login = "admin / a-new-password" if password else "manage.py changepassword admin"
    assert login in printed
