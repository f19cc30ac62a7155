"""What was given at one link and waits in a browser comes in by whatever link the same person comes back, and by no other's."""

from uuid import uuid4

import pytest

from studies.models import Event, FurtherLink, Participant, Response
from studies.participation.links import queue_name
from tests.studies.participation.test_an_id_is_no_key import Came, answer_to
from tests.studies.participation.test_an_id_is_no_key import opened as opened
from tests.studies.participation.test_an_id_is_no_key import other as other
from tests.studies.participation.test_an_id_is_no_key import owner as owner

pytestmark = pytest.mark.django_db


def counted():
    responses = Response.objects.filter(status="counted").order_by("trial__position")
    return list(responses.values_list("trial__position", "shown_value"))


BEFORE = [(1, 0), (2, 1), (3, 2), (4, 0)]  # what the owner has answered


def waiting(link, position, value=0):
    return answer_to(position, value) | {"link": link}


def test_all_links_of_one_person_find_the_same_queue_and_have_a_name_each(owner, other):
    mine, theirs = owner.hand(), other.hand()
    assert mine["queue"] == theirs["queue"] != ""
    assert mine["link"] != theirs["link"]


def test_a_queue_tells_nothing_of_whose_it_is(owner, opened, another_visitor):
    person = Participant.objects.get()
    second = Came(another_visitor(), opened[1].replace("5f0a8c", "other")).begin()
    names = {owner.hand()["queue"], second.hand()["queue"]}
    assert len(names) == 2
    assert all(len(name) == 32 and person.external_id not in name for name in names)
    assert queue_name(person) in names
    assert owner.token not in "".join(names)


def test_an_answer_keeps_its_trial_though_it_comes_by_a_link_that_counts_otherwise(owner, other):
    reply = other.hand(waiting(owner.hand()["link"], 5, 2))
    assert (len(reply["settled"]), reply["refused"]) == (1, [])
    assert counted() == [*BEFORE, (5, 2)]


def test_so_it_is_the_other_way_round(owner, other):
    owner.hand(waiting(other.hand()["link"], 1, 2))
    assert counted() == [*BEFORE, (5, 2)]


def test_it_counts_once_by_whichever_links_it_comes(owner, other):
    sent = waiting(owner.hand()["link"], 5, 2)
    for came in (other, owner, other):
        assert came.hand(sent)["settled"] == [sent["id"]]
    assert counted() == [*BEFORE, (5, 2)]
    assert Response.objects.count() == 5


def test_an_undo_of_where_they_began_is_theirs_wherever_it_comes_in(owner, other):
    """Without it an answer would count that somebody took back."""
    link, last = owner.hand()["link"], Response.objects.last()
    undo = {"id": str(uuid4()), "kind": "undo", "answer_id": str(last.answer_id)}
    assert other.hand(undo)["refused"] == [undo["id"]]
    assert other.hand(undo | {"link": other.hand()["link"]})["refused"] == [undo["id"]]
    assert counted() == BEFORE
    assert other.hand(undo | {"link": link})["refused"] == []
    assert counted() == BEFORE[:-1]


def test_the_answers_of_somebody_else_are_refused_and_said_to_be(owner, opened, another_visitor):
    """As if their queue had been copied; the name of a queue keeps browsers from it."""
    second = Came(another_visitor(), opened[1].replace("5f0a8c", "other")).begin()
    sent = waiting(owner.hand()["link"], 1)
    reply = second.hand(sent)
    assert (reply["settled"], reply["refused"]) == ([sent["id"]], [sent["id"]])
    assert counted() == BEFORE
    assert Event.objects.filter(kind="refused").count() == 1


def test_an_answer_of_a_link_that_counts_from_elsewhere_by_now_is_refused_not_misplaced(owner, other):
    sent = waiting(other.hand()["link"], 1)
    FurtherLink.objects.update(after=2)
    assert other.hand(sent)["refused"] == [sent["id"]]
    assert counted() == BEFORE


def test_who_has_left_reads_so_by_their_own_link_and_their_queue_asks_no_more(owner):
    sent = waiting(owner.hand()["link"], 5)
    owner.visitor.get(owner.home + "leave/").press("form")
    page = owner.visitor.get(owner.home)
    assert "You have left this study" in page.text
    assert page.soup.select_one("#unsent")["data-queue"] == queue_name(Participant.objects.get())
    reply = owner.client.post(
        owner.home + "answers/", {"operations": [sent]}, content_type="application/json"
    )
    assert reply.status_code == 410
    assert not Response.objects.exists()


@pytest.mark.parametrize("state", ["finished", "void"])
def test_who_comes_back_to_a_page_without_trials_has_what_waits_there_sent(owner, state):
    Participant.objects.update(state=state, completion_code="ABCD")
    place = owner.visitor.get(owner.home).soup.select_one("#unsent")
    assert (place["data-queue"], place["data-url"]) == (owner.hand()["queue"], owner.home + "answers/")
    assert owner.visitor.soup.select_one("script[src*=left-behind]")
