"""Who opens a general link again in the same browser goes on where they were; a second person is one who says so."""

import pytest
from django.core import signing
from django.urls import reverse

from studies.models import FurtherLink, Invitation, Participant, hash_token
from studies.participation.arrivals import Arrival
from tests.studies.participation.test_ways_back import QUESTIONS, going_back, led_to

pytestmark = pytest.mark.django_db
ASKED = "Somebody has begun here before"


@pytest.fixture
def opened(invite):
    return invite(items=6, trials_per_participant=6, protocol=going_back())


@pytest.fixture
def owner(opened, visitor):
    """Somebody who has come by the general link and answered two photos."""
    visitor.start(opened[1]).answer(0).answer(1)
    visitor.own = visitor.home
    return visitor


def go_on(visitor):
    return visitor.press("main form", go_on="1")


def somebody_else(visitor):
    link = visitor.soup.select_one("a#somebody-else")
    path = visitor.path.split("?")[0] + link["href"]
    visitor.get(path).path = path
    return visitor


def test_a_first_visit_offers_nothing_and_keeps_nothing_on_the_device(opened, visitor):
    study, join = opened
    visitor.get(join)
    assert visitor.soup.select_one("[name=consent]")
    assert f"visit_{study.slug}" not in visitor.client.cookies


def test_who_comes_again_goes_on_where_they_were(opened, owner):
    owner.get(opened[1])
    assert ASKED in owner.text
    assert owner.soup.select_one("[name=consent]") is None
    assert go_on(owner).home == owner.own
    assert "3 of 6" in owner.text
    assert Participant.objects.count() == 1


def test_by_another_invitation_of_the_study_too(opened, owner):
    _, token = Invitation.issue(opened[0], label="another")
    assert ASKED in owner.get(reverse("join", args=[token])).text
    assert go_on(owner).home == owner.own


def test_somebody_else_begins_for_themselves_and_is_the_one_who_is_offered_then(opened, owner):
    somebody_else(owner.get(opened[1])).press().press().answer(2)
    second = owner.home
    assert second != owner.own
    assert Participant.objects.count() == 2
    assert go_on(owner.get(opened[1])).home == second
    assert owner.get(owner.own).on_trial  # the first one's link is as good as before


def test_further_parameters_stay_for_somebody_else(invite, visitor):
    study, join = invite(protocol={"recruitment": {"parameters": ["room"]}})
    visitor.get(join + "?room=3").path = join + "?room=3"
    visitor.press()
    visitor.get(join + "?room=4").path = join
    somebody_else(visitor).press()
    assert [person.external for person in study.participants.order_by("number")] == [
        {"room": "3"},
        {"room": "4"},
    ]


def test_a_page_that_is_sent_twice_is_one_person(opened, visitor):
    """As by a double click; the second press may leave before the cookie of the first is there."""
    visitor.get(opened[1])
    field = visitor.soup.select_one("input[name=visit]")["value"]
    sent = [visitor.client.post(opened[1], {"consent": "on", "visit": field}) for _ in range(2)]
    visitor.client.cookies.clear()
    sent.append(visitor.client.post(opened[1], {"consent": "on", "visit": field}))
    assert len({response.headers["Location"] for response in sent}) == 1
    assert (Participant.objects.count(), FurtherLink.objects.count()) == (1, 0)


def test_so_it_is_for_who_takes_the_last_place(invite, visitor):
    _, join = invite(invitation={"quota": 1})
    field = visitor.get(join).soup.select_one("input[name=visit]")["value"]
    sent = [visitor.client.post(join, {"consent": "on", "visit": field}) for _ in range(2)]
    assert [response.status_code for response in sent] == [302, 302]


def test_two_tabs_make_one_person(opened, visitor, another_visitor):
    """Both show the consent page; the second is agreed to after the first one led in."""
    other_tab = another_visitor()
    other_tab.client = visitor.client
    other_tab.get(opened[1])
    visitor.start(opened[1])
    assert ASKED in other_tab.press().text
    assert Participant.objects.count() == 1
    assert go_on(other_tab).home == visitor.home


@pytest.mark.parametrize("state", ["active", "finished", "screened", "void", "withdrawn"])
def test_the_offer_tells_nothing_of_what_became_of_them(opened, owner, state):
    before = _without_tokens(owner.get(opened[1]))
    if state == "withdrawn":
        owner.get(owner.own + "leave/").press("form")
    else:
        Participant.objects.update(state=state, completion_code="ABCD-EFGH-JKMN")
    assert _without_tokens(owner.get(opened[1])) == before


def _without_tokens(visitor):
    assert ASKED in visitor.text
    for field in visitor.soup.select("[name=csrfmiddlewaretoken]"):
        field.decompose()
    return str(visitor.soup)


@pytest.mark.parametrize(
    ("state", "end"), [("finished", "finished"), ("screened", "screened"), ("void", "finished")]
)
def test_who_is_through_gets_what_the_protocol_says_and_no_new_start(opened, owner, state, end):
    Participant.objects.update(state=state, completion_code="ABCD-EFGH-JKMN")
    go_on(owner.get(opened[1]))
    assert led_to(owner) == (f"https://site.example/{end}?pid=", f"C-{end}")
    assert Participant.objects.count() == 1


def test_who_has_left_gets_what_the_protocol_says(opened, owner):
    owner.get(owner.own + "leave/").press("form")
    go_on(owner.get(opened[1]))
    assert "You have left this study" in owner.text
    assert led_to(owner) == ("https://site.example/withdrew?pid=", "C-withdrew")
    assert Participant.objects.count() == 1


def test_who_has_left_and_comes_again_with_their_id_gets_it_with_what_came_in(opened, visitor):
    came = opened[1] + "?PROLIFIC_PID=p1"
    visitor.get(came).path = came
    visitor.press()
    visitor.get(visitor.home + "leave/").press("form")
    visitor.get(came)
    assert "You have left this study" in visitor.text
    assert led_to(visitor) == ("https://site.example/withdrew?pid=p1", "C-withdrew")
    assert visitor.client.post(came, {"consent": "on"}).status_code == 200
    assert Participant.objects.count() == 1


def test_another_id_on_that_device_is_another_person(opened, visitor):
    """A laboratory has one computer for all who come."""
    for number, pid in enumerate(("p1", "p2"), start=1):
        came = f"{opened[1]}?PROLIFIC_PID={pid}"
        visitor.get(came).path = came
        assert visitor.soup.select_one("[name=consent]")
        visitor.press()
        assert Participant.objects.count() == number
        visitor.get(visitor.home + "leave/").press("form")


def test_who_came_with_an_id_and_opens_the_general_link_goes_on(opened, visitor):
    came = opened[1] + "?PROLIFIC_PID=p1"
    visitor.get(came).path = came
    home = visitor.press().home
    assert go_on(visitor.get(opened[1])).home == home


@pytest.mark.parametrize("closed", ["closed", "paused"])
def test_the_offer_is_made_when_nobody_else_can_come_in(opened, owner, closed):
    study, join = opened
    study.state = closed
    study.save()
    assert go_on(owner.get(join)).home == owner.own
    assert "[name=consent]" not in str(somebody_else(owner.get(join)).soup)
    assert owner.soup.select_one("[name=consent]") is None


def test_it_is_no_way_to_others(opened, owner, another_visitor, invite):
    """Without the cookie of that device, or with one of another study or of nobody's making, there is no offer."""
    study, join = opened
    name = f"visit_{study.slug}"
    real = owner.client.cookies[name].value
    _, other_join = invite(slug="other", networks=("other",))
    other = another_visitor()
    other.start(other_join)
    forged = real[:-1] + ("A" if real[-1] != "A" else "B")
    for cookie in ("", "x", forged, other.client.cookies["visit_other"].value):
        stranger = another_visitor()
        stranger.client.cookies[name] = cookie
        assert ASKED not in stranger.get(join).text
        assert stranger.client.post(join, {"go_on": "1"}).status_code == 200
        stranger.client.post(join, {"consent": "on"})
    assert Participant.objects.filter(study=study).count() == 5
    owner.get(owner.own)
    assert owner.on_trial


def test_the_cookie_says_no_id_and_no_number_and_is_for_invitations_alone(opened, visitor):
    study, join = opened
    came = join + "?PROLIFIC_PID=5f0a8c"
    visitor.get(came).path = came
    visitor.press()
    cookie = visitor.client.cookies[f"visit_{study.slug}"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/join/")
    said = signing.loads(cookie.value, salt=f"studies.participation.arrivals:{study.slug}")
    assert "5f0a8c" not in str(said)
    assert len(said) == 3


def test_a_secret_that_is_in_a_cookie_is_in_no_page(opened, owner):
    study, join = opened
    secret = signing.loads(
        owner.client.cookies[f"visit_{study.slug}"].value, salt=f"studies.participation.arrivals:{study.slug}"
    )[0]
    field = somebody_else(owner.get(join)).soup.select_one("input[name=visit]")["value"]
    assert secret not in str(signing.loads(field, salt=f"studies.participation.arrivals.form:{study.slug}"))


def test_who_declines_on_a_device_on_which_somebody_takes_part_takes_nothing_from_them(opened, owner):
    _, join = opened
    somebody_else(owner.get(join)).press("form.v-agree", decline="1")
    assert "You do not take part" in owner.text
    assert go_on(owner.get(join)).home == owner.own


def test_links_of_before_names_on_a_device_keep_working(opened, visitor):
    """They were made of the device's secret and a number; the cookie had no third part."""
    study, join = opened
    came = join + "?PROLIFIC_PID=p1"
    visitor.get(came).path = came
    visitor.press()
    salt, name = f"studies.participation.arrivals:{study.slug}", f"visit_{study.slug}"
    device = signing.loads(visitor.client.cookies[name].value, salt=salt)[0]
    visitor.client.cookies[name] = signing.dumps([device, ""], salt=salt)
    old = Arrival(device=device).token_before(study, 1)
    Participant.objects.update(token_sha256=hash_token(old))
    visitor.get(came).path = came
    assert visitor.press().home == f"/p/{old}/"
    assert not FurtherLink.objects.exists()


def test_who_was_not_eligible_is_told_so_again(invite, visitor):
    _, join = invite(protocol=going_back(), questions=QUESTIONS)
    visitor.get(join).press().press(age="17")
    go_on(visitor.get(join))
    assert "cannot take part" in visitor.text
    assert led_to(visitor) == ("https://site.example/screened?pid=", "C-screened")


# Trying a study out, and taking part in earnest

ID = "?PROLIFIC_PID=5f0a"


def came(visitor, join, query=""):
    visitor.get(join + query).path = join + query
    return visitor.press()


@pytest.fixture
def tried(invite, visitor):
    """A study, its invitation, and one for trying it out."""
    study, join = invite(items=4, responses_per_item=3, protocol={"recruitment": {}})
    _, token = Invitation.issue(study, simulated=True)
    return study, join, reverse("join", args=[token])


@pytest.mark.parametrize("first", ["tried out", "in earnest"])
@pytest.mark.parametrize("device", ["the same", "another"])
def test_an_id_by_which_somebody_tried_it_out_is_another_person_in_earnest(
    tried, visitor, another_visitor, first, device
):
    """Their real answers would be simulated ones, and be deleted with the test people."""
    study, join, trying = tried
    ways = [(trying, True), (join, False)] if first == "tried out" else [(join, False), (trying, True)]
    came(visitor, ways[0][0], ID)
    second = visitor if device == "the same" else another_visitor()
    came(second, ways[1][0], ID).press().answer(0)
    people = study.participants.order_by("number")
    assert list(people.values_list("simulated", flat=True)) == [simulated for _, simulated in ways]
    assert [person.responses.count() for person in people] == [0, 1]
    assert people.get(simulated=False).external_id == "prolific:5f0a"
    own = second.home
    assert came(second, ways[1][0], ID).home == own  # and who comes again is who they were
    assert study.participants.count() == 2


def test_who_tried_it_out_on_a_device_is_not_offered_to_go_on_as_that_in_earnest(tried, visitor):
    study, join, trying = tried
    came(visitor, trying)
    assert ASKED in visitor.get(trying).text
    assert ASKED not in visitor.get(join).text
    came(visitor, join)
    assert ASKED in visitor.get(join).text
    assert ASKED not in visitor.get(trying).text
    assert list(study.participants.order_by("number").values_list("simulated", flat=True)) == [True, False]
