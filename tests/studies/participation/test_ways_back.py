"""Where somebody goes from each end, and with which code."""

import re

import pytest

from studies.models import Participant
from studies.participation.sites import ways_back
from studies.participation.sites.ways_back import WayBack, way_back
from studies.protocol import ENDS, ProtocolError, check_protocol
from studies.trials.allocation import void_participant
from tests.factories import make_study
from tests.studies.protocol.test_read_protocol import changed

pytestmark = pytest.mark.django_db
CAME = "?PROLIFIC_PID=p%26q&SESSION_ID=s1"
QUESTIONS = [
    {"key": "age", "text": "How old are you?", "kind": "number", "required": True, "eligible": [18, 99]}
]
WAYS = {end: {"url": f"https://site.example/{end}?pid={{PROLIFIC_PID}}", "code": f"C-{end}"} for end in ENDS}


def going_back(**recruitment):
    return {"recruitment": {"ways_back": WAYS, **recruitment}}


def come(visitor, join, came=CAME):
    visitor.get(join + came)
    visitor.path = join + came
    return visitor


def finish(visitor, join, came=CAME):
    come(visitor, join, came).press().press()
    while visitor.on_trial:
        visitor.answer(0)
    return visitor


def led_to(visitor):
    """The address and the code that a page shows."""
    link, code = visitor.soup.select_one("a#way-back"), visitor.soup.select_one("#code")
    return link and link["href"], code and code.text


def expected(end):
    return f"https://site.example/{end}?pid=p%26q", f"C-{end}"


# Each end has its own


def test_who_is_through(visitor, invite):
    _, join = invite(protocol=going_back())
    assert led_to(finish(visitor, join)) == expected("finished")
    assert Participant.objects.get().completion_code not in visitor.response.content.decode()


def test_who_does_not_agree(visitor, invite):
    study, join = invite(protocol=going_back())
    come(visitor, join).press("form.v-agree", decline="1")
    assert "You do not take part" in visitor.text
    assert led_to(visitor) == expected("declined")
    assert not study.participants.exists()
    assert not visitor.client.cookies[f"visit_{study.slug}"].value


def test_who_looks_on_without_agreeing_any_more_stays_who_they_were(visitor, invite):
    study, join = invite(protocol=going_back())
    come(visitor, join).press()
    before = visitor.client.cookies[f"visit_{study.slug}"].value
    visitor.client.post(join + CAME, {"decline": "1"})
    assert visitor.client.cookies[f"visit_{study.slug}"].value == before


def test_who_is_not_eligible_now_and_when_they_come_again(visitor, invite):
    _, join = invite(protocol=going_back(), questions=QUESTIONS)
    come(visitor, join).press().press(age="17")
    assert led_to(visitor) == expected("screened")
    assert led_to(visitor.get(visitor.home + "trial/")) == expected("screened")


@pytest.mark.parametrize("invitation", [{"quota": 1}, None])
def test_who_comes_when_no_place_is_left(visitor, another_visitor, invite, invitation):
    study, join = invite(invitation=invitation, protocol=going_back(), items=1, responses_per_item=1)
    if invitation:
        come(another_visitor(), join, "?PROLIFIC_PID=other").press()
    else:
        finish(another_visitor(), join, "?PROLIFIC_PID=other")
    assert led_to(come(visitor, join)) == expected("full")
    assert study.participants.count() == 1


def test_who_comes_when_it_is_over(visitor, invite):
    study, join = invite(protocol=going_back())
    study.state = "closed"
    study.save()
    assert led_to(come(visitor, join)) == expected("full")


def test_who_is_told_to_come_later_is_not_sent_away(visitor, invite):
    study, join = invite(protocol=going_back())
    study.state = "paused"
    study.save()
    assert led_to(come(visitor, join)) == (None, None)


def test_who_withdraws_needs_nothing_that_is_erased(visitor, invite):
    _, join = invite(protocol=going_back())
    come(visitor, join).press()
    visitor.get(visitor.home + "leave/").press("form")
    assert Participant.objects.get().external == {}
    assert led_to(visitor) == expected("withdrew")


def test_who_missed_the_checks_and_is_not_told_that(visitor, invite, monkeypatch):
    _, join = invite(protocol=going_back() | {"exclusions": {"missed_checks": 1}})
    finish(visitor, join)
    whole, key = visitor.text, Participant.objects.get().pk
    monkeypatch.setattr(ways_back, "checks_by_person", lambda *_: ({key: 1}, {key: 2}))
    visitor.get(visitor.home + "thanks/")
    assert led_to(visitor) == expected("failed_checks")
    assert visitor.text.replace("C-failed_checks", "") == whole.replace("C-finished", "")


def test_who_was_taken_out_goes_as_all_who_are_through(visitor, invite):
    _, join = invite(protocol=going_back())
    come(visitor, join).press().press()
    void_participant(participant=Participant.objects.get(), reason="a test")
    assert led_to(visitor.get(visitor.home + "thanks/")) == expected("finished")


# Which code, and what is filled in


def back(end="finished", url="", code="", completion_url="", external=None, **recruitment):
    way = {key: value for key, value in (("url", url), ("code", code)) if value}
    study = make_study(
        completion_url=completion_url, protocol={"recruitment": {"ways_back": {end: way}, **recruitment}}
    )
    return way_back(study, end, external, "OWN")


@pytest.mark.parametrize(
    ("said", "url", "code"),
    [
        ({}, "", "OWN"),
        ({"url": "https://a.b/?cc=C1"}, "https://a.b/?cc=C1", ""),
        ({"completion_url": "https://a.b/?cc=C1"}, "https://a.b/?cc=C1", ""),
        ({"url": "https://a.b/?cc={code}"}, "https://a.b/?cc=OWN", "OWN"),
        ({"url": "https://a.b/?cc={code}", "code": "C 1"}, "https://a.b/?cc=C%201", "C 1"),
        ({"code": "C1"}, "", "C1"),
        ({"url": "https://a.b/", "external": {"assignmentId": "A", "turkSubmitTo": "https://www.mturk.com"}},
         "https://a.b/", "OWN"),
    ],
)  # fmt: skip
def test_a_code_of_ones_own_is_shown_where_the_site_has_none(said, url, code):
    way = back(**said)
    assert (way.url, way.code) == (url, code)


def test_what_did_not_come_in_is_left_empty_and_what_did_is_written_as_an_address_writes_it():
    way = back(url="https://a.b/{x}/{y}?z={PROLIFIC_PID}", external={"x": "ä/&?#", "PROLIFIC_PID": "1"})
    assert way.url == "https://a.b/%C3%A4%2F%26%3F%23/?z=1"


def test_a_value_cannot_bring_a_place_of_its_own():
    assert back(url="https://a.b/?x={x}", external={"x": "{code}"}).url == "https://a.b/?x=%7Bcode%7D"


def test_who_missed_the_checks_goes_as_all_others_where_nothing_else_is_said():
    study = make_study(protocol={"recruitment": {"ways_back": {"finished": {"code": "C1"}}}})
    assert way_back(study, "failed_checks", own_code="OWN").code == "C1"
    assert way_back(study, "screened") == WayBack()


# What links bring


def test_a_parameter_of_ones_own_is_kept_and_handed_back(visitor, invite):
    study, join = invite(
        protocol={
            "recruitment": {
                "parameters": ["room"],
                "person": "lab_id",
                "ways_back": {"finished": {"url": "https://lab.example/?who={lab_id}&room={room}"}},
            }
        }
    )
    finish(visitor, join, "?lab_id=L7&room=3&evil=1")
    person = study.participants.get()
    assert (person.external_id, person.external) == ("site:L7", {"lab_id": "L7", "room": "3"})
    assert led_to(visitor) == ("https://lab.example/?who=L7&room=3", None)


@pytest.mark.parametrize(
    ("came", "external_id"),
    [("?survey_code=4711", "sona:4711"), ("?participantId=P&assignmentId=A&projectId=R", "cloudresearch:P")],
)
def test_sona_and_cloudresearch_say_who_somebody_is_and_get_it_back(visitor, invite, came, external_id):
    name, value = re.match(r"\?(\w+)=(\w+)", came).groups()
    url = f"https://school.example/credit?id={{{name}}}"
    study, join = invite(protocol={"recruitment": {"ways_back": {"finished": {"url": url}}}})
    finish(visitor, join, came)
    assert study.participants.get().external_id == external_id
    assert led_to(visitor)[0] == f"https://school.example/credit?id={value}"


def test_a_parameter_without_a_person_makes_nobody_known(visitor, invite):
    study, join = invite(protocol={"recruitment": {"parameters": ["room"]}})
    come(visitor, join, "?room=3").press()
    person = study.participants.get()
    assert (person.external_id, person.external) == ("", {"room": "3"})


def test_a_place_for_a_parameter_of_ones_own_that_was_not_filled_in_lets_nobody_in(visitor, invite):
    study, join = invite(protocol={"recruitment": {"person": "lab_id"}})
    assert "not complete" in come(visitor, join, "?lab_id={{id}}").text
    assert not study.participants.exists()


# By oneself, after some seconds


def test_somebody_goes_by_themselves_only_where_the_protocol_says_so(visitor, invite):
    _, join = invite(protocol=going_back(return_after=10))
    finish(visitor, join)
    note = visitor.soup.select_one("#return")
    assert (note["data-seconds"], note.has_attr("hidden")) == ("10", True)
    assert visitor.soup.select_one("script[src*=go-back]")
    assert note.select_one("button").text == "Stay on this page"


def test_nobody_goes_by_themselves_otherwise(visitor, invite):
    _, join = invite(protocol=going_back())
    finish(visitor, join)
    assert not visitor.soup.select("#return, script[src*=go-back]")


# What a protocol may say


def fault_of(**recruitment):
    with pytest.raises(ProtocolError) as error:
        check_protocol(changed(**{f"recruitment__{key}": value for key, value in recruitment.items()}))
    return str(error.value)


@pytest.mark.parametrize("end", ENDS)
def test_a_place_that_nothing_is_put_in_for_is_refused_at_once(end):
    told = fault_of(ways_back={end: {"url": "https://a.b/?x={PROLIFIC_ID}"}})
    assert told == (
        f"recruitment.ways_back.{end}.url: has a place {{PROLIFIC_ID}} that nothing is put in for."
    )


def test_so_it_is_in_the_older_key_and_for_what_a_site_writes_otherwise():
    assert "a place {cod}" in fault_of(completion_url="https://a.b/{cod}")
    assert "a place {%PROLIFIC_PID%}" in fault_of(completion_url="https://a.b/{{%PROLIFIC_PID%}}")


@pytest.mark.parametrize("end", ["screened", "declined", "full", "withdrew"])
def test_a_code_is_put_in_only_where_there_is_one(end):
    url = "https://a.b/?cc={code}"
    assert "a place {code}" in fault_of(ways_back={end: {"url": url}})
    check_protocol(changed(recruitment__ways_back={end: {"url": url, "code": "C1"}}))


def test_each_parameter_that_may_come_in_is_a_place():
    url = "https://a.b/?" + "&".join(
        f"{{{name}}}"
        for name in ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID", "workerId", "survey_code", "mine", "me")
    )
    check_protocol(
        changed(
            recruitment__ways_back={"declined": {"url": url}},
            recruitment__parameters=["mine"],
            recruitment__person="me",
        )
    )


@pytest.mark.parametrize(
    ("recruitment", "told"),
    [
        ({"ways_back": {"fin": {}}}, "ways_back.fin: is unknown; known keys are declined, failed_checks, finished"),
        ({"ways_back": {"full": {"url": "http://a.b"}}}, "full.url: is 'http://a.b'; it must begin with https://"),
        ({"completion_url": "https://a.b", "ways_back": {"finished": {"url": "https://a.b"}}}, "leave one of them out"),
        ({"parameters": ["a b"]}, "names 'a b'"),
        ({"parameters": ["code"]}, "names 'code'"),
        ({"person": "<x>"}, "names '<x>'"),
        ({"parameters": [f"p{n}" for n in range(11)]}, "has 11 entries; it must be 10 at most"),
        ({"return_after": 2}, "from 3 to 600"),
        ({"frame": "prolific"}, "it must be 'mturk'"),
    ],
)  # fmt: skip
def test_what_it_may_not_say_is_a_sentence(recruitment, told):
    assert told in fault_of(**recruitment)


def test_what_is_not_said_is_not_written_into_the_complete_protocol():
    """So that the hash of a protocol of before stays what it was."""
    assert "recruitment" not in check_protocol(changed()).complete
