"""What somebody hears who does not see the page: what axe, which looks at one state of a page, cannot know."""

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from tests.studies.people import client_of
from tests.studies.people import world as world
from tests.studies.setup.test_questions_and_recruitment import QUESTIONS

pytestmark = pytest.mark.django_db
POINTERS = ("for", "aria-describedby", "aria-labelledby", "aria-controls", "list")


def check_references(soup):
    """Labels, descriptions and errors belong to something that is there, once."""
    ids = [element["id"] for element in soup.select("[id]")]
    assert len(ids) == len(set(ids)), sorted(name for name in ids if ids.count(name) > 1)
    for pointer in POINTERS:
        for element in soup.select(f"[{pointer}]"):
            for name in element[pointer].split():
                assert name in ids, f"{pointer}={name} of {element.name} leads nowhere"
    for field in soup.select("input:not([type=hidden]), select, textarea"):
        named = field.get("aria-label") or field.find_parent("label")
        assert named or soup.select_one(f"label[for='{field.get('id')}']"), f"{field} has no label"


def wrong_fields(soup):
    """name -> what is said of it, of each field that is marked as wrong."""
    return {
        field["name"]: " ".join(soup.find(id=name).get_text(" ", strip=True) for name in described_by.split())
        for field in soup.select("[aria-invalid=true]")
        if (described_by := field.get("aria-describedby", ""))
    }


def test_who_forgot_to_tick_the_box_hears_it_at_the_box(visitor, invite):
    _, join = invite()
    box = visitor.get(join).soup.select_one("[name=consent]")
    assert box.has_attr("required")
    assert not box.has_attr("aria-invalid")
    check_references(visitor.soup)
    visitor.response = visitor.client.post(join, {})
    soup = BeautifulSoup(visitor.response.content, "html.parser")
    assert list(wrong_fields(soup)) == ["consent"]
    assert "Please tick the box" in wrong_fields(soup)["consent"]


def test_who_only_looks_at_a_task_at_mturk_can_tick_and_send_nothing(visitor, invite):
    _, join = invite()
    visitor.get(join + "?assignmentId=ASSIGNMENT_ID_NOT_AVAILABLE")
    assert visitor.soup.select_one("[name=consent]").has_attr("disabled")
    assert visitor.soup.select_one("form button").has_attr("disabled")
    assert "Accept the task first" in visitor.text


def test_a_question_that_was_answered_wrongly_says_so_at_its_field(visitor, invite):
    _, join = invite(questions=QUESTIONS)
    visitor.get(join).press()
    assert wrong_fields(visitor.soup) == {}
    check_references(visitor.soup)
    visitor.press(age="old", knows="No")
    assert list(wrong_fields(visitor.soup)) == ["age"]
    assert "whole number" in wrong_fields(visitor.soup)["age"]
    check_references(visitor.soup)
    assert visitor.soup.select_one("[name=age]")["value"] == "old"  # what was typed is still there


@pytest.mark.parametrize("task", ["choice", "rating"])
def test_a_trial_says_what_is_new_and_names_its_answers(visitor, invite, task):
    _, join = invite(task=task, **({"networks": ("one",)} if task == "choice" else {}))
    visitor.start(join)
    soup = visitor.soup
    check_references(soup)
    # The class and the question change from trial to trial without a new page: that is read out, politely.
    spoken = soup.select_one("[aria-live=polite]")
    assert spoken.select_one("#named").get_text(strip=True) == "hammer"
    assert spoken.select_one("#question").get_text(strip=True)
    assert soup.select_one("#status")["role"] == "status"
    assert soup.select_one("#progress")["aria-label"]
    answers = soup.select_one("[role=group][aria-labelledby=question]")
    buttons = answers.select("button[name=value]")
    values = ["0", "1", "2", "-1"] if task == "choice" else ["-2", "-1", "0", "1", "2"]
    assert [button["value"] for button in buttons] == values
    assert all(button.get_text(strip=True) for button in buttons)
    # Nothing that a picture is called tells which arm made it.
    shown = {picture["alt"] for picture in soup.select(".maps img")}
    assert shown == ({"Map"} if task == "choice" else {"Map A", "Map B"})
    assert soup.select_one("#photo")["alt"] == "The photo"
    for mark in soup.select("kbd, .map:not(button) .letter"):
        assert mark["aria-hidden"] == "true", mark


def test_what_needs_scripts_is_hidden_without_them(visitor, invite):
    _, join = invite()
    visitor.start(join)
    assert visitor.soup.select_one("#view").has_attr("hidden")
    assert visitor.soup.select_one("#view-photo")["aria-pressed"] == "false"
    assert visitor.soup.select_one("#view-photo")["type"] == "button"  # else it would send the answer's form


def test_undo_is_offered_for_the_last_answer_and_only_where_there_is_one(visitor, invite):
    _, join = invite()
    visitor.start(join)
    assert visitor.soup.select_one("#undo").has_attr("hidden")
    assert visitor.soup.select_one("#status").get_text(strip=True) == ""
    answer_id = visitor.soup.select_one("#answer [name=answer_id]")["value"]
    visitor.answer(0)
    form = visitor.soup.select_one("#undo")
    assert not form.has_attr("hidden")
    assert form.select_one("[name=answer_id]")["value"] == answer_id
    assert visitor.soup.select_one("#answer [name=answer_id]")["value"] != answer_id
    assert visitor.soup.select_one("#status").get_text(strip=True) == "Answer saved"


def test_practice_says_aloud_whether_it_was_right(visitor, invite):
    _, join = invite(practice=True)
    visitor.start(join)
    assert visitor.soup.select_one("[role=status]") is None
    for where, tone, words in (("b", "warn", "Look again: map"), ("a", "good", "Yes: map")):
        picture = visitor.soup.select_one(f".maps img[src$='-{where}.svg']")
        letter = visitor.soup.select_one(".maps button:has(img[src$='-a.svg']) .letter").get_text()
        visitor.press(value=picture.find_parent("button")["value"])
        note = visitor.soup.select_one("[role=status]")
        assert tone in note["class"]
        assert note.get_text(strip=True).startswith(f"{words} {letter} marks the")
        visitor.get(visitor.path)


def test_a_page_is_in_the_language_and_the_direction_of_its_study_but_maps_stand_as_they_are_numbered(
    visitor, invite
):
    """Mirrored with the page, the first map would stand last, and answers would go to the wrong arm."""
    _, join = invite(language="ar")
    visitor.start(join)
    html = visitor.soup.html
    assert (html["lang"], html["dir"]) == ("ar", "rtl")
    maps = visitor.soup.select_one(".maps")
    assert maps["dir"] == "ltr"
    assert [button["value"] for button in maps.select("button")] == ["0", "1", "2", "-1"]
    assert maps.select_one(".same")["dir"] == "rtl"
    assert visitor.soup.select_one("bdi#named") is not None  # names that are in another writing stay whole


@pytest.mark.parametrize("language", ["en", "de", "pt-br", "ar"])
def test_a_volunteers_page_says_which_language_it_is_read_in(visitor, invite, language):
    _, join = invite(language=language)
    for _ in range(2):
        html = (visitor.press() if visitor.__dict__.get("path") else visitor.get(join)).soup.html
        assert html["lang"] == language
        assert html["dir"] == ("rtl" if language == "ar" else "ltr")


def test_pages_of_staff_refer_to_what_is_there(world):
    study, people = world
    client = client_of("researcher", people, study)
    for name in ("study", "study-watch", "study-items", "study-record", "study-access", "study-protocol"):
        soup = BeautifulSoup(client.get(reverse(name, args=[study.slug])).content, "html.parser")
        assert soup.html["lang"] == "en-gb"
        check_references(soup)
    address = reverse("study-items", args=[study.slug])
    soup = BeautifulSoup(client.get(address, {"answer": "nobody's"}).content, "html.parser")
    assert "no answer “nobody's”" in wrong_fields(soup)["answer"]


def test_who_takes_answers_out_without_a_reason_hears_it_at_the_field(world):
    study, people = world
    address = reverse("study-void", args=[study.slug, 1])
    client = client_of("researcher", people, study)
    soup = BeautifulSoup(client.get(address).content, "html.parser")
    assert soup.select_one("[name=reason]").has_attr("required")
    assert wrong_fields(soup) == {}
    soup = BeautifulSoup(client.post(address, {"reason": " "}).content, "html.parser")
    assert "Say why" in wrong_fields(soup)["reason"]
    check_references(soup)


def test_a_message_to_staff_is_read_out(world):
    study, people = world
    client = client_of("researcher", people, study)
    reply = client.post(reverse("study-revoke", args=[study.slug, study.invitations.first().pk]), follow=True)
    soup = BeautifulSoup(reply.content, "html.parser")
    assert soup.select_one(".note[role=status]").get_text(strip=True)
