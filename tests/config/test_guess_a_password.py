"""Whoever guesses passwords is stopped, and nobody else: not their victim, and not their neighbours behind one address."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import F
from django.test import Client
from django.urls import reverse

from config.proxy import client_address

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


def log_in(name, password, address, **headers):
    """Whether this leads in: yes, no, or no longer."""
    reply = Client(REMOTE_ADDR=address).post(
        reverse("login"), {"username": name, "password": password}, headers=headers
    )
    return {302: "in", 200: "wrong", 429: "locked out", 403: "locked out"}[reply.status_code]


def guess(name, address, times, **headers):
    return [log_in(name, f"guess {number}", address, **headers) for number in range(times)]


@pytest.fixture
def people(researcher, stranger):
    return researcher, stranger


@pytest.fixture
def minutes_later():
    """A function that moves what is on record of failed log-ins into the past."""

    def later(minutes):
        AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(minutes=minutes))

    return later


def test_guessing_ends_after_ten_tries_even_if_the_next_would_be_right(people):
    tried = guess("researcher", "203.0.113.5", 10)
    assert tried[:9] == ["wrong"] * 9
    assert log_in("researcher", PASSWORD, "203.0.113.5") == "locked out"


def test_a_victim_of_guessing_still_gets_in_from_their_own_address(people):
    guess("researcher", "203.0.113.5", 11)
    assert log_in("researcher", PASSWORD, "198.51.100.7") == "in"


def test_a_neighbour_behind_the_same_address_still_gets_in(people):
    """A university has one address: a colleague's forgotten password must not shut out the whole house."""
    guess("researcher", "203.0.113.5", 11)
    assert log_in("stranger", PASSWORD, "203.0.113.5") == "in"


def test_a_lock_ends_by_itself_after_minutes(people, minutes_later):
    guess("researcher", "203.0.113.5", 11)
    minutes_later(10)
    assert log_in("researcher", PASSWORD, "203.0.113.5") == "locked out"  # which begins it anew
    minutes_later(20)
    assert log_in("researcher", PASSWORD, "203.0.113.5") == "in"


@pytest.mark.parametrize("header", ["x-real-ip", "x-forwarded-for", "forwarded"])
def test_without_a_proxy_no_header_gives_a_guesser_another_address(people, deployed, header):
    deployed(HTTPS="false", ALLOWED_HOSTS="testserver")
    for number in range(10):
        log_in("researcher", "guess", "203.0.113.5", **{header: f"198.51.100.{number}"})
    assert log_in("researcher", PASSWORD, "203.0.113.5", **{header: "198.51.100.77"}) == "locked out"


def test_behind_a_proxy_guesses_count_by_the_address_that_it_saw(people, deployed):
    """Else one guesser would lock a name out for everybody: all come from the proxy's own address."""
    deployed(HTTPS="false", ALLOWED_HOSTS="testserver", BEHIND_PROXY="true")
    guess("researcher", "127.0.0.1", 11, **{"x-real-ip": "203.0.113.5"})
    assert log_in("researcher", PASSWORD, "127.0.0.1", **{"x-real-ip": "203.0.113.5"}) == "locked out"
    assert log_in("researcher", PASSWORD, "127.0.0.1", **{"x-real-ip": "198.51.100.7"}) == "in"


def test_behind_a_proxy_what_a_guesser_writes_into_x_forwarded_for_does_not_count(people, deployed):
    """The proxy only adds to that header; X-Real-IP it sets itself."""
    deployed(HTTPS="false", ALLOWED_HOSTS="testserver", BEHIND_PROXY="true")
    for number in range(10):
        forged = {"x-real-ip": "203.0.113.5", "x-forwarded-for": f"198.51.100.{number}"}
        log_in("researcher", "guess", "127.0.0.1", **forged)
    forged = {"x-real-ip": "203.0.113.5", "x-forwarded-for": "198.51.100.77"}
    assert log_in("researcher", PASSWORD, "127.0.0.1", **forged) == "locked out"


def test_a_program_on_the_proxys_own_machine_has_that_machines_address(rf):
    assert client_address(rf.get("/", REMOTE_ADDR="127.0.0.1")) == "127.0.0.1"
    assert client_address(rf.get("/", REMOTE_ADDR="127.0.0.1", headers={"x-real-ip": ""})) == "127.0.0.1"


@pytest.mark.parametrize("weak", ["Researcher1", "short1!", "password123"])
def test_a_password_that_is_quickly_guessed_is_refused(researcher, weak):
    with pytest.raises(ValidationError):
        validate_password(weak, researcher)
    validate_password(PASSWORD, researcher)
