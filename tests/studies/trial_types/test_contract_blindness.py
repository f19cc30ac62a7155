"""Who takes part in a study of a registered trial type gets nothing that tells the arm, or what would be right."""

import json
import re
from collections import defaultdict

import pytest
from bs4 import BeautifulSoup
from django.utils import timezone

from studies.participation import submissions
from studies.simulation import blinding_audit
from tests.factories import BYTES, make_participant
from tests.studies.blinding import (
    MAY_DIFFER,
    Clock,
    crawl,
    is_picture,
    picture_checks,
    telltales,
    without_positions,
    without_seals,
)
from tests.studies.conftest import Visitor
from tests.studies.trial_types.contract import asked as asked
from tests.studies.trial_types.contract import (
    buttons_of,
    is_composed,
    opened,
    opened_with_everything,
    shown_by,
)

pytestmark = pytest.mark.django_db
IN_JSON = {
    *("trials", "done", "total", "last", "break_every", "version"),  # what a script goes on by
    *("settled", "refused", "elsewhere", "csrf", "queue", "link"),
}


@pytest.fixture
def study(asked):
    study, join = opened_with_everything(asked, networks=("resnetty",))
    picture_checks(study)
    return study, join


@pytest.fixture
def session(visitor, study):
    return crawl(visitor, study[1])


def test_nothing_that_somebody_gets_names_an_arm_a_method_a_network_or_a_file(session, study):
    session.press("main form")  # leaves
    replies = [reply for reply in session.seen if reply[2]]
    places = {address.rstrip("/").split("/")[-1] for address, _, _ in replies}
    assert places >= {"instructions", "practice", "trial", "answers", "break", "thanks", "leave"}
    assert any(is_picture(address) for address, _, _ in replies)
    words = {word.lower() for word in telltales(study[0])}
    for address, headers, body in session.seen:
        said = f"{address} {headers}"
        if not is_picture(address):
            said += body.decode()
        assert not [word for word in words if word in without_seals(said).lower()], address


def test_a_page_is_the_same_text_whatever_order_stands_there_and_for_checks_and_repeats_too(session, study):
    kinds = study[0].trials.filter(state="answered").values_list("kind", flat=True)
    assert set(kinds) == {"main", "check", "repeat"}
    pages = [body for address, _, body in session.seen if address.endswith("/trial/") and body]
    assert len(pages) == len(kinds) == 6
    texts = defaultdict(set)  # by how many pictures there are
    for body in pages:
        if study[0].items.exclude(prediction=None).exists():  # a network says what it says of each photo
            body = body.replace(b"dam", b"hammer")
        texts[body.count(b'class="picture"')].add(without_positions(body))
    assert [len(of_a_size) for of_a_size in texts.values()] == [1] * len(texts)


def test_scripts_get_words_and_addresses_of_a_trial_and_nothing_else(session, study):
    trials = {trial.position: trial for trial in study[0].trials.filter(state="answered")}
    replies = [json.loads(body) for address, _, body in session.seen if address.endswith("/answers/")]
    assert {position for reply in replies for position in (t["position"] for t in reply["trials"])} == set(
        trials
    )
    for reply in replies:
        assert set(reply) == IN_JSON
        for shown in reply["trials"]:
            assert set(shown) == {"position", "title", "question", "pictures"}
            assert len(shown["pictures"]) == len(trials[shown["position"]].arms) + 1
            assert all(re.fullmatch(r"/picture/[\w-]{128}", address) for address in shown["pictures"])
    stood = {
        (address, shown["position"], slot)
        for reply in replies
        for shown in reply["trials"]
        for slot, address in enumerate(shown["pictures"])
    }
    assert len({address for address, *_ in stood}) == len(stood)  # one place alone has an address


def test_every_picture_has_the_same_headers_and_every_map_the_same_length(session, study):
    pictures = {address: (headers, body) for address, headers, body in session.seen if is_picture(address)}
    assert len(pictures) > 6
    headers = {
        tuple(sorted((k, v) for k, v in h.items() if k not in MAY_DIFFER)) for h, _ in pictures.values()
    }
    assert len(headers) == 1
    assert {len(body) for _, body in pictures.values()} == {BYTES}


def test_a_practice_example_is_the_same_page_wherever_the_map_on_the_object_is(client, asked, monkeypatch):
    study, _ = opened(asked, practice=True)
    pages, pictures = set(), []
    for side in (0, 1):
        monkeypatch.setattr("studies.participation.practice_views.right_side", lambda *_, side=side: side)
        make_participant(study, side + 1, instructed_at=timezone.now())
        visitor = Visitor(client).get(f"/p/token-{side + 1}-of-{study.slug}/")
        assert visitor.path.endswith("/practice/")
        body = visitor.response.content.decode().replace(visitor.home, "")
        pictures.append([img["src"] for img in visitor.soup.select("main img")])
        for address in pictures[-1]:
            body = body.replace(address, "")
        if asked.asked.network_speaks:  # of what is drawn it says another thing where the map is elsewhere
            body = body.replace("cup", "tree")
        pages.add(re.sub(r'csrfmiddlewaretoken" value="[^"]*"', "", body))
    assert len(pages) == 1
    photo, *maps = pictures[0]
    other_photo, *other_maps = pictures[1]
    assert other_photo == photo
    assert len(maps) == len(other_maps) == min(2, max(shown_by(asked), asked.asked.panels))
    if len(maps) == 1:  # the one on the object, or the one beside it
        assert other_maps != maps
    else:
        assert other_maps == maps[::-1]


def test_the_audit_goes_through_a_whole_study_and_finds_no_leak(study, monkeypatch):
    monkeypatch.setattr(blinding_audit, "time", Clock())
    monkeypatch.setattr(blinding_audit, "DRAWS", 19)
    row, _ = study
    session = blinding_audit.crawl(row)
    assert session.replies[-1].address.endswith("/thanks/")
    maps = {
        (item, arm)
        for item, order in row.trials.values_list("item", "order")
        for arm in map(int, order.split(","))
    }
    assert {(shown.item, shown.arm) for shown in session.shown if shown.arm != blinding_audit.OF_NONE} == maps
    assert {
        check.name: check.leaks for check in blinding_audit.check_blinding(study=row) if check.leaks
    } == {}


def test_the_audit_answers_by_a_button_that_stands_on_the_page(asked, study, monkeypatch):
    pressed = []
    answer = submissions.answer
    monkeypatch.setattr(
        submissions,
        "answer",
        lambda seat, row, said: pressed.append(said["value"]) or answer(seat, row, said),
    )
    replies = blinding_audit.crawl(study[0]).replies
    pages = [BeautifulSoup(reply.body, "html.parser") for reply in replies if b'id="answer"' in reply.body]
    assert len(pages) == len(pressed) == 6
    if is_composed(asked):
        assert pressed == [str(asked.people.first_of(shown_by(asked)))] * 6
        assert int(pressed[0]) in buttons_of(asked)
    else:
        assert pressed == [page.select_one("#answer button[name=value]")["value"] for page in pages]
