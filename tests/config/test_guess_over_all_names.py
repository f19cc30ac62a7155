"""Whoever goes through a list of names is stopped by their address, and a house that shares it is not shut out for long."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.core.management import CommandError, call_command
from django.db.models import F
from django.utils import timezone

from config.proxy import client_address, direct_address
from tests.config.test_guess_a_password import PASSWORD, guess, log_in

pytestmark = pytest.mark.django_db
HOUSE, ELSEWHERE = "203.0.113.5", "198.51.100.7"


@pytest.fixture
def people(researcher, stranger):
    return researcher, stranger


def spray(address, names, **headers):
    """One password for each of so many names, as somebody does who has a list."""
    return [log_in(f"name-{number}", "Spring2026!", address, **headers) for number in range(names)]


def later(minutes):
    for table in (AccessAttempt, AccessFailureLog):
        table.objects.update(attempt_time=F("attempt_time") - timedelta(minutes=minutes))


def test_fifty_failures_over_all_names_stop_an_address_even_if_the_next_would_be_right(people):
    assert spray(HOUSE, 50) == ["wrong"] * 50
    assert log_in("researcher", PASSWORD, HOUSE) == "locked out"
    assert log_in("somebody-else", "guess", HOUSE) == "locked out"


def test_everybody_elsewhere_gets_in_meanwhile(people):
    spray(HOUSE, 51)
    assert log_in("researcher", PASSWORD, ELSEWHERE) == "in"


def test_whoever_has_logged_in_from_there_before_gets_in_meanwhile(people):
    assert log_in("researcher", PASSWORD, HOUSE) == "in"
    spray(HOUSE, 51)
    assert log_in("researcher", PASSWORD, HOUSE) == "in"
    assert log_in("stranger", PASSWORD, HOUSE) == "locked out"


def test_their_own_name_is_still_stopped_after_ten_tries(people):
    assert log_in("researcher", PASSWORD, HOUSE) == "in"
    spray(HOUSE, 51)
    assert guess("researcher", HOUSE, 10)[-1] == "locked out"
    assert log_in("researcher", PASSWORD, HOUSE) == "locked out"


def test_what_is_said_to_a_guesser_does_not_tell_which_names_are_known_there(people):
    assert log_in("researcher", PASSWORD, HOUSE) == "in"
    spray(HOUSE, 51)
    assert log_in("researcher", "guess", HOUSE) == log_in("nobody", "guess", HOUSE) == "locked out"


def test_it_ends_a_quarter_of_an_hour_after_the_last_guess_however_often_it_was_tried_meanwhile(people):
    spray(HOUSE, 50)
    later(10)
    assert [log_in("stranger", PASSWORD, HOUSE) for _ in range(20)] == ["locked out"] * 20
    assert log_in("researcher", PASSWORD, HOUSE) == "locked out"
    later(5)
    assert log_in("stranger", PASSWORD, HOUSE) == "in"
    assert log_in("researcher", PASSWORD, HOUSE) == "in"


def test_a_class_that_mistypes_stays_below_it(people):
    for number in range(16):
        guess(f"name-{number}", HOUSE, 3)
    assert log_in("stranger", PASSWORD, HOUSE) == "in"


def test_tries_at_one_name_that_is_locked_do_not_lock_the_house(people):
    guess("researcher", HOUSE, 80)
    assert log_in("stranger", PASSWORD, HOUSE) == "in"


@pytest.mark.parametrize("address_of", [client_address, direct_address])
def test_an_ipv6_customer_has_one_address(rf, address_of):
    first, second = ("2001:db8:7:1::5", "2001:db8:7:1:a:b:c:d")
    assert address_of(rf.get("/", REMOTE_ADDR=first)) == address_of(rf.get("/", REMOTE_ADDR=second))
    assert address_of(rf.get("/", REMOTE_ADDR="2001:db8:7:2::5")) != address_of(
        rf.get("/", REMOTE_ADDR=first)
    )
    assert address_of(rf.get("/", REMOTE_ADDR="::ffff:203.0.113.5")) == "203.0.113.5"
    assert address_of(rf.get("/", REMOTE_ADDR="no address")) == "no address"


def test_an_ipv6_customer_is_stopped_over_all_addresses(people):
    for number in range(50):
        log_in(f"name-{number}", "guess", f"2001:db8:7:1::{number:x}")
    assert log_in("researcher", PASSWORD, "2001:db8:7:1:ffff::1") == "locked out"
    assert log_in("researcher", PASSWORD, "2001:db8:7:2::1") == "in"


# How long addresses are kept


def kept() -> int:
    return sum(table.objects.count() for table in (AccessAttempt, AccessFailureLog, AccessLog))


def age(days):
    for table in (AccessAttempt, AccessFailureLog, AccessLog):
        table.objects.update(attempt_time=timezone.now() - timedelta(days=days))


def test_each_log_in_forgets_those_of_more_than_thirty_days_ago(people, settings):
    assert settings.LOGIN_DAYS == 30
    log_in("researcher", PASSWORD, HOUSE)
    log_in("stranger", "guess", HOUSE)
    assert kept() == 3
    age(29)
    log_in("researcher", PASSWORD, ELSEWHERE)
    assert AccessLog.objects.count() == 2
    assert AccessFailureLog.objects.count() == 1
    age(31)
    log_in("researcher", PASSWORD, ELSEWHERE)
    assert kept() == 1


def test_a_command_forgets_them_where_nobody_logs_in(people, capsys):
    log_in("researcher", PASSWORD, HOUSE)
    log_in("stranger", "guess", HOUSE)
    call_command("forget_logins")
    assert kept() == 3
    age(31)
    call_command("forget_logins", json=True)
    assert kept() == 0
    assert '"deleted": 3' in capsys.readouterr().out


def test_all_can_be_forgotten_and_nonsense_is_refused(people):
    log_in("researcher", PASSWORD, HOUSE)
    with pytest.raises(CommandError, match="must be 0 or more"):
        call_command("forget_logins", days=-1)
    call_command("forget_logins", days=0)
    assert kept() == 0
