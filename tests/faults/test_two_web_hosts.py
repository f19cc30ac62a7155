"""Two web hosts on one database: a log-in, a limit and a volunteer's answers hold on both, also when one of them dies."""

import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import cycle
from uuid import UUID

import httpx
import pytest
from bs4 import BeautifulSoup
from django.conf import settings as project
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from bench.hosts_inside import Balanced, turns
from studies.models import ApiToken, Response
from tests.explain.maps.test_worker_killed import wait_until
from tests.studies.participation.test_server_killed import (
    Patient,
    Server,
    enough_or_failed,
    free_port,
    has_failed,
    raise_what_failed,
    take_part,
)

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]
PEOPLE, ITEMS, ANSWERS, LIMIT, PATIENCE = 6, 10, 5, 9, 300


class Wanderer(Patient, Balanced):
    """A patient browser whose requests meet one host after the other."""


@pytest.fixture
def hosts(server, tmp_path):
    """The server of the other tests, and a second one with the same settings."""
    server.kill()
    server.environment["API_RATE"] = f"{LIMIT}/day"
    with free_port() as port:
        both = [server, Server(port, server.environment, tmp_path / "second.log")]
        for one in both:
            one.start()
        for one in both:
            wait_until(partial(is_up, one), one.log)
        yield both
        both[1].kill()


def is_up(server) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{server.port}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def test_a_log_in_at_one_host_is_one_at_the_other_and_a_limit_is_one_for_both(hosts, researcher):
    researcher.password = PBKDF2PasswordHasher().encode(
        "correct horse battery", "salt"
    )  # as the hosts read it
    researcher.save()
    token = ApiToken.issue(researcher, name="script", scope="read")[1]
    first, second = (f"http://127.0.0.1:{host.port}" for host in hosts)
    with httpx.Client(follow_redirects=True, verify=False, timeout=60) as browser:
        form = BeautifulSoup(browser.get(f"{first}/accounts/login/").text, "html.parser")
        fields = {field["name"]: field.get("value", "") for field in form.select("form input[name]")}
        browser.post(
            f"{first}/accounts/login/",
            data={**fields, "username": "researcher", "password": "correct horse battery"},
        ).raise_for_status()
        assert "Log out researcher" in browser.get(f"{second}/studies/").text
    addresses = cycle([f"{first}/api/studies/", f"{second}/api/studies/"])
    with httpx.Client(headers={"Authorization": f"Token {token}"}, verify=False, timeout=60) as program:
        codes = [program.get(next(addresses)).status_code for _ in range(LIMIT + 4)]
    assert codes == [200] * LIMIT + [429] * 4


def test_people_whose_requests_meet_both_lose_nothing_when_one_dies(hosts, invite):
    _, join_path = invite(items=ITEMS, responses_per_item=ANSWERS, trials_per_participant=ITEMS)
    acknowledged: list[UUID] = []
    given_up, together = threading.Event(), threading.Barrier(PEOPLE)
    clients = [Wanderer(f"http://127.0.0.1:{hosts[0].port}", n, given_up) for n in range(PEOPLE)]
    for number, client in enumerate(clients):
        client.ports = turns([f"http://127.0.0.1:{host.port}" for host in hosts], number)
    with ThreadPoolExecutor(PEOPLE) as pool:
        people: list[Future] = [
            pool.submit(take_part, client, join_path, number, together, acknowledged)
            for number, client in enumerate(clients)
        ]
        try:
            goal = ITEMS * ANSWERS // 2
            wait_until(partial(enough_or_failed, acknowledged, goal, people), hosts[0].log, PATIENCE)
            hosts[0].kill()
            wait_until(lambda: all(map(Future.done, people)) or has_failed(people), hosts[1].log, PATIENCE)
        finally:
            given_up.set()
            together.abort()
        raise_what_failed(people)
    assert sum(client.in_vain for client in clients) > 0  # people did notice
    stored = list(Response.objects.values_list("answer_id", flat=True))
    assert sorted(stored) == sorted(set(acknowledged))
    counted = Response.objects.filter(status="counted").values_list("trial__item", flat=True)
    assert list(Counter(counted).values()) == [ANSWERS] * ITEMS
    assert project.SESSION_ENGINE == "django.contrib.sessions.backends.db"
