"""“Something is wrong” on every page of a volunteer: kept for those who run the study, in limits, and erased with its writer."""

import pytest
from django.urls import reverse

from studies.models import Event, Participant
from studies.participation import complaints
from studies.trials.allocation import withdraw
from tests.studies.people import client_of as client_of

pytestmark = pytest.mark.django_db


def written():
    return list(Event.objects.filter(kind="wrote").order_by("id"))


def at(visitor):
    (link,) = visitor.soup.select('a[href$="/wrong/"]')
    return link["href"]


def test_every_page_of_a_volunteer_leads_to_it(visitor, invite):
    question = {"key": "age", "text": "Age?", "kind": "number", "required": True, "eligible": [18, 99]}
    _, join = invite(
        questions=[question, {**question, "key": "last", "when": "after", "eligible": []}],
        break_every=2,
        responses_per_item=1,
    )
    assert at(visitor.get(join)) == f"{join}wrong/"
    seen = set()
    visitor.press()
    for _ in range(12):
        seen.add(visitor.path.rsplit("/", 2)[-2])
        assert at(visitor) == f"{visitor.home}wrong/"
        if visitor.on_trial:
            visitor.answer(0)
        elif visitor.soup.select_one("form[data-next]"):
            visitor.press(age="34", last="3")
    assert {"about-you", "instructions", "trial", "break", "afterwards", "thanks"} <= seen
    assert at(visitor.get(visitor.home + "leave/"))


def test_what_somebody_writes_is_theirs_and_its_page_leads_back(visitor, invite):
    study, join = invite()
    visitor.start(join)
    home = visitor.home
    visitor.get(home + "wrong/").press("form.v-questions", text="  The map\nis black. ")
    assert "Those who run the study can read it now" in visitor.text
    (event,) = written()
    assert (event.study, event.participant, event.user) == (study, Participant.objects.get(), None)
    assert event.data == {"text": "The map\nis black."}
    visitor.get(visitor.soup.select_one(".actions a")["href"])
    assert visitor.on_trial


def test_who_has_not_agreed_writes_as_nobody(visitor, invite):
    study, join = invite()
    visitor.get(join + "wrong/").press("form.v-questions", text="I cannot tick the box.")
    (event,) = written()
    assert (event.study, event.participant) == (study, None)
    assert not Participant.objects.exists()
    assert visitor.soup.select_one(".actions a")["href"] == join


@pytest.mark.parametrize(
    ("text", "says"), [("", "Please write what is wrong."), ("x" * 1001, "no more than 1,000")]
)
def test_nothing_and_too_much_is_said_and_not_kept(visitor, invite, text, says):
    _, join = invite()
    visitor.start(join).get(visitor.home + "wrong/").press("form.v-questions", text=text)
    assert says in visitor.text
    assert written() == []


def test_one_person_writes_so_much_an_hour_and_in_all_and_others_can_still(
    client, visitor, another_visitor, invite, monkeypatch
):
    monkeypatch.setattr(complaints, "OF_ONE", 7)
    _, join = invite()
    visitor.start(join)
    address = visitor.home + "wrong/"
    codes = [client.post(address, {"text": f"{number}"}).status_code for number in range(7)]
    assert codes == [200] * 5 + [429] * 2

    hour_later = complaints.clock.now() + complaints.timedelta(minutes=61)
    monkeypatch.setattr(complaints.clock, "now", lambda: hour_later)
    assert [client.post(address, {"text": "again"}).status_code for _ in range(3)] == [200, 200, 429]
    other = another_visitor().start(join)
    assert other.client.post(other.home + "wrong/", {"text": "x"}).status_code == 200


def test_those_who_have_not_agreed_write_so_much_an_hour_together(client, invite, monkeypatch):
    monkeypatch.setattr(complaints, "OF_NOBODY_AN_HOUR", 2)
    _, join = invite()
    codes = [client.post(join + "wrong/", {"text": "x"}).status_code for _ in range(3)]
    assert codes == [200, 200, 429]


def test_it_is_erased_with_who_wrote_it_and_nothing_is_taken_afterwards(client, visitor, invite):
    _, join = invite()
    visitor.start(join)
    address = visitor.home + "wrong/"
    client.post(address, {"text": "I am Anna Meier"})
    withdraw(participant=Participant.objects.get())
    assert written() == []
    page = client.post(address, {"text": "I am Anna Meier"}).content.decode()
    assert written() == []
    assert "You have left" in page
    assert "wrong/" not in page


def test_who_may_not_take_part_can_still_write(client, visitor, invite):
    _, join = invite(
        questions=[{"key": "age", "text": "Age?", "kind": "number", "required": True, "eligible": [18, 99]}]
    )
    visitor.get(join).press().press(age="3")
    client.post(at(visitor), {"text": "I am 33"})
    assert [event.data["text"] for event in written()] == ["I am 33"]


def test_members_of_the_study_read_it_on_the_page_of_progress_as_text(admin_client, client, visitor, invite):
    study, join = invite()
    visitor.start(join)
    client.post(visitor.home + "wrong/", {"text": "<b>black</b>\nmaps"})
    client.post(join + "wrong/", {"text": "no box"})
    page = admin_client.get(reverse("study-watch", args=[study.slug])).content.decode()
    assert "&lt;b&gt;black&lt;/b&gt;<br>maps" in page
    assert "before the consent" in page
    assert page.index("no box") < page.index("black")
