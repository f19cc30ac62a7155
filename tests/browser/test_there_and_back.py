"""From a recruitment site's link through the study and back to where the protocol sends each end, as a browser goes it."""

import pytest

from studies.models import Invitation, Participant
from studies.participation.sites import ways_back
from studies.protocol import ENDS
from tests.browser.conftest import answer, begin
from tests.studies.participation.test_ways_back import QUESTIONS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PROLIFIC = "https://app.prolific.com"
WAYS = {
    end: {"url": f"{PROLIFIC}/submissions/complete?cc=C-{end}&pid={{PROLIFIC_PID}}&s={{SESSION_ID}}"}
    for end in ENDS
}


@pytest.fixture
def page(new_page):
    page = new_page()
    for site in (PROLIFIC, "https://school.sona-systems.com"):
        page.context.route(f"{site}/**", lambda route: route.fulfill(body="Welcome back."))
    return page


def agree(page, url):
    page.goto(url)
    page.check("input[name=consent]")
    page.click("button.primary")


def finish(page, url):
    begin(page, url)
    answer(page, 0)


def decline(page, url):
    page.goto(url)
    page.click("button[name=decline]")


def be_too_young(page, url):
    agree(page, url)
    page.fill("[name=age]", "17")
    page.click("button.primary")


def come_too_late(page, url):
    Invitation.objects.update(quota=0)
    page.goto(url)


def withdraw(page, url):
    finish(page, url)
    page.click("a[href$='/leave/']")
    page.click("button.primary")


WALKS = {
    "finished": finish,
    "screened": be_too_young,
    "declined": decline,
    "full": come_too_late,
    "failed_checks": finish,
    "withdrew": withdraw,
}
LEFT = {"finished": "finished", "screened": "screened", "failed_checks": "finished", "withdrew": "withdrawn"}


@pytest.mark.parametrize("end", ENDS)
def test_prolific_gets_everybody_back_by_the_way_of_their_end(page, invited, monkeypatch, end):
    asked = {"questions": QUESTIONS} if end == "screened" else {}
    if end == "failed_checks":
        asked = {"protocol": {"exclusions": {"missed_checks": 1}}}
        monkeypatch.setattr(ways_back, "checks_by_person", lambda _study, keys: ({keys[0]: 1}, {keys[0]: 2}))
    protocol = {**asked.pop("protocol", {}), "recruitment": {"ways_back": WAYS}}
    _, url = invited(items=1, protocol=protocol, **asked)
    WALKS[end](page, f"{url}?PROLIFIC_PID=5f%2B0a&STUDY_ID=S1&SESSION_ID=s9")
    page.click("#way-back")
    page.wait_for_url(f"{PROLIFIC}/**")
    assert page.url == f"{PROLIFIC}/submissions/complete?cc=C-{end}&pid=5f%2B0a&s=s9"
    assert list(Participant.objects.values_list("state", flat=True)) == ([LEFT[end]] if end in LEFT else [])


def test_sona_gets_its_code_back(page, invited):
    credit = "https://school.sona-systems.com/webstudy_credit.aspx?experiment_id=7&survey_code="
    ways = {"finished": {"url": f"{credit}{{survey_code}}"}}
    study, url = invited(items=1, protocol={"recruitment": {"ways_back": ways}})
    finish(page, f"{url}?survey_code=4711")
    page.click("#way-back")
    page.wait_for_url(f"{credit}4711")
    assert study.participants.get().external == {"survey_code": "4711"}


def test_a_parameter_of_a_sites_own_goes_there_and_back(page, invited):
    back = f"{PROLIFIC}/lab?who={{lab_id}}&room={{room}}"
    recruitment = {"person": "lab_id", "parameters": ["room"], "ways_back": {"finished": {"url": back}}}
    _, url = invited(items=1, protocol={"recruitment": recruitment})
    finish(page, f"{url}?lab_id=L7&room=3%264&other=1")
    page.click("#way-back")
    page.wait_for_url(f"{PROLIFIC}/lab?who=L7&room=3%264")
