"""What to type at each recruitment site is this study's own, and what is missing here is named."""

import xml.etree.ElementTree as ET

import pytest
from django.urls import reverse

from studies.inviting.site_lists import Asked, site_lists
from studies.models import Invitation, Study
from studies.participation.sites.recruitment_sites import read_parameters
from tests.factories import make_study

LINK = "https://study.example.org/join/abc/"


def asked(recruitment=None, **fields):
    protocol = {"recruitment": recruitment or {}, **fields.pop("protocol", {})}
    usual = {"link": LINK, "title": "Photos", "minutes": 6, "people": 12, "quota": None}
    return Asked(**{**usual, **fields}, protocol=protocol)


def listed(key, study):
    return next(site for site in site_lists(study) if site.key == key)


def ends(*names, url="https://app.prolific.com/submissions/complete?cc=A", code=""):
    way = {key: value for key, value in (("url", url), ("code", code)) if value}
    return {"ways_back": dict.fromkeys(names, way)}


def values(site):
    return [step.value for step in site.steps if step.value]


def said(site):
    return " ".join(site.missing)


def test_every_site_that_links_are_read_of_has_a_list():
    assert [site.key for site in site_lists(asked())] == ["prolific", "mturk", "sona", "cloudresearch"]


@pytest.mark.parametrize(("key", "place"), [("prolific", "{{%PROLIFIC_PID%}}"), ("sona", "%SURVEY_CODE%")])
def test_the_address_says_who_comes_once_the_site_has_filled_it_in(key, place):
    address = next(value for value in values(listed(key, asked())) if value.startswith(LINK + "?"))
    query = dict(part.split("=", 1) for part in address.partition("?")[2].replace(place, "p1").split("&"))
    assert read_parameters(query, {})[0] == f"{key}:p1"


def test_mturks_question_is_xml_with_the_link_in_it():
    question = next(value for value in values(listed("mturk", asked(link=LINK + "?a=1&b=2"))) if "<" in value)
    assert ET.fromstring(question)[0].text == LINK + "?a=1&b=2"


def test_figures_are_the_studys():
    assert {"6", "12", "Photos"} <= {*values(listed("prolific", asked()))}
    assert str(3 * 6 * 60) in values(listed("mturk", asked()))
    unknown = listed("prolific", asked(minutes=0, people=0))
    assert "0" not in values(unknown)


@pytest.mark.parametrize("key", ["prolific", "sona", "cloudresearch"])
def test_the_way_back_is_missed_where_the_protocol_has_none(key):
    assert "No way back for who is through" in said(listed(key, asked()))


def test_a_way_back_that_is_there_is_not_missed_and_its_code_is_shown():
    everything = ends("finished", "declined", "full", code="C1A2")
    site = listed("prolific", asked(everything))
    assert site.missing == []
    assert "C1A2" in values(site)


def test_the_other_name_of_the_way_back_counts_as_one():
    site = listed("prolific", asked(completion_url="https://app.prolific.com/submissions/complete?cc=A"))
    assert "who is through" not in said(site)


def test_a_way_back_to_another_site_is_named():
    assert "leads to app.prolific.com, not to Sona" in said(listed("sona", asked(ends("finished"))))
    lookalike = ends("finished", url="https://notprolific.com/x")
    assert "leads to notprolific.com" in said(listed("prolific", asked(lookalike)))


def test_sona_has_to_be_told_who_is_through():
    way = "https://example.sona-systems.com/webstudy_credit.aspx?survey_code="
    assert "no {survey_code}" in said(listed("sona", asked(ends("finished", url=way + "XXXX"))))
    assert listed("sona", asked(ends("finished", url=way + "{survey_code}"))).missing == []


def test_only_ends_that_people_can_come_to_are_missed():
    complete = ends("finished", "declined", "full")
    assert listed("prolific", asked(complete)).missing == []
    eligible = ({"key": "age", "kind": "number", "eligible": [18, 99]},)
    assert "not eligible" in said(listed("prolific", asked(complete, questions=eligible)))
    harmless = ({"key": "age", "kind": "number", "eligible": None},)
    assert listed("prolific", asked(complete, questions=harmless)).missing == []


def test_who_fails_the_checks_goes_where_all_go_who_are_through():
    rule = {"protocol": {"exclusions": {"missed_checks": 2}}, "attention_checks": 3}
    assert listed("prolific", asked(ends("finished", "declined", "full"), **rule)).missing == []
    assert "attention checks" in said(listed("prolific", asked(ends("declined", "full"), **rule)))


def test_mturks_frame_has_to_be_allowed():
    complete = ends("declined", "full")
    assert "frame" in said(listed("mturk", asked(complete)))
    assert listed("mturk", asked({**complete, "frame": "mturk"})).missing == []


def test_signed_links_have_to_be_switched_on_there_too():
    signed = [step.what for step in listed("prolific", asked({"prolific_key": "{}"})).steps]
    plain = [step.what for step in listed("prolific", asked()).steps]
    assert any("secured URLs" in what for what in signed)
    assert not any("secured URLs" in what for what in plain)


def test_a_link_that_no_site_takes_is_named():
    for site in site_lists(asked(link="http://127.0.0.1:8000/join/abc/")):
        assert "HTTPS" in said(site)
    for site in site_lists(asked(quota=5)):
        assert "lets in 5" in said(site)
    assert not any("lets in" in said(site) for site in site_lists(asked(quota=12)))


@pytest.mark.django_db
def test_the_page_has_them_for_a_link_that_all_share_and_for_no_other(client, admin_user):
    client.force_login(admin_user)
    study = make_study("methods", state=Study.State.OPEN)
    for fields, shown in (({}, True), ({"personal": True, "quota": 1}, False), ({"simulated": True}, False)):
        invitation, token = Invitation.issue(study, **fields)
        html = client.get(reverse("study-invitation", args=["methods", invitation.pk])).content.decode()
        assert ("{{%PROLIFIC_PID%}}" in html) is shown
        assert (f"http://testserver/join/{token}/?survey_code=%SURVEY_CODE%" in html) is shown
