"""An answer is kept and sent until the server says that it is settled: whatever the network, the server or a tab does."""

import re

import pytest

from tests.browser.script_site import Answers

pytestmark = pytest.mark.browser

SCRIPT = """
import { AnswerQueue, newId } from "/static/js/queue.js";
const at = (path, name = "somebody") => new AnswerQueue({
  name, url: new URL(path, location.href).href, csrf: "first",
  onReply: (reply) => replies.push(reply), onState: (state) => states.push(state),
});
Object.assign(window, { replies: [], states: [], newId, at, queue: at("/p/answers/") });
"""
BEFORE = "Math.random = () => 0.5;"  # waits are as long as they are said to be
FULL = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };"
FORBIDDEN = "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } });"


@pytest.fixture
def server(site):
    site.at["/p/answers/"] = server = Answers()
    return server


def begin(site, before=""):
    return site.open("", script=SCRIPT, before=BEFORE + before)


def give(page, *names):
    page.evaluate("(names) => names.forEach((id) => queue.add({ id, kind: 'answer' }))", list(names))


def states(page):
    return page.evaluate("states")


def failed(site, times=1):
    """The page has noticed that a request came to nothing, as often as said since it was opened."""
    site.until(f"states.filter((state) => state === 'waiting').length >= {times}")


def saved(site):
    site.until("states.at(-1) === 'saved'")


def ids(server):
    return [[operation["id"] for operation in operations] for _, _, operations in server.requests]


def test_an_answer_is_sent_at_once_and_forgotten_when_the_server_has_it(site, server):
    page = begin(site)
    give(page, "a")
    saved(site)
    assert server.requests == [("POST", "first", [{"id": "a", "kind": "answer"}])]
    assert states(page) == ["sending", "saved"]
    assert page.evaluate("[queue.waiting, localStorage.length]") == [[], 0]


def test_a_closed_tab_loses_no_answer(site, server):
    server.planned = [503, "held"]
    give(begin(site), "a", "b")
    failed(site)
    page = begin(site)
    assert [operation["id"] for operation in page.evaluate("queue.waiting")] == ["a", "b"]
    page.evaluate("void queue.send()")
    site.until(lambda: len(server.requests) == 2)
    assert ids(server)[1] == ["a", "b"]
    assert page.evaluate("localStorage.length") == 1  # sent is not stored
    server.release()
    saved(site)
    assert page.evaluate("localStorage.length") == 0


def test_answers_of_another_participant_on_this_device_stay_theirs(site, server):
    page = begin(site)
    server.planned = [503]
    give(page, "a")
    failed(site)
    assert page.evaluate("at('/p/answers/', 'another').waiting") == []
    assert page.evaluate("queue.waiting.length") == 1


def test_answers_are_found_again_by_whatever_link_somebody_comes_back(site, server):
    page = begin(site)
    server.planned = [503]
    give(page, "a")
    failed(site)
    assert page.evaluate("at('/p/another-link/answers/').waiting.map(({ id }) => id)") == ["a"]


def test_answers_that_were_kept_by_a_link_before_there_were_names_are_sent(site, server):
    page = begin(
        site,
        before="localStorage.setItem('blindsight http://blindsight.test/p/answers/', JSON.stringify([{ id: 'a' }]));",
    )
    assert page.evaluate("Object.keys(localStorage)") == ["blindsight answers somebody"]
    page.evaluate("void queue.send()")
    saved(site)
    assert ids(server) == [["a"]]


def test_what_is_refused_is_kept_apart_and_an_undo_is_no_answer(site, server):
    page = begin(site)
    server.planned = [{"refused": ["a", "b"]}]
    page.evaluate("queue.keep({ id: 'b', kind: 'undo' })")
    give(page, "a")
    saved(site)
    assert page.evaluate("queue.unsendable.map(({ id }) => id)") == ["a"]
    assert page.evaluate("at('/p/answers/', 'another').unsendable") == []


@pytest.mark.parametrize("storage", [FULL, FORBIDDEN])
def test_without_storage_answers_are_kept_by_the_page(site, server, storage):
    page = begin(site, before=storage)
    server.planned = [503]
    give(page, "a", "b")
    failed(site)
    assert page.evaluate("queue.waiting.length") == 2
    site.pass_time(1000)
    saved(site)
    assert ids(server) == [["a"], ["a", "b"]]
    assert page.evaluate("queue.waiting") == []


def test_an_answer_that_storage_has_no_room_for_is_sent_with_those_that_it_has(site, server):
    page = begin(site)
    server.planned = ["held"]
    give(page, "a")
    page.evaluate(FULL + "0")
    give(page, "b", "c")
    assert page.evaluate("queue.waiting.map((operation) => operation.id)") == ["a", "b", "c"]
    site.until(lambda: server.held)
    server.release()
    saved(site)
    assert ids(server) == [["a"], ["b", "c"]]


def test_what_was_given_later_never_overtakes(site, server):
    """Room in storage comes back between an answer and its undo: the server has to hear of the answer first."""
    page = begin(site)
    server.planned = [503]
    page.evaluate(
        "const real = Storage.prototype.setItem;"
        f"{FULL}"
        "queue.add({ id: 'a' }); Storage.prototype.setItem = real; queue.add({ id: 'undo of a' });"
    )
    failed(site)
    site.pass_time(1000)
    saved(site)
    assert ids(server)[-1] == ["a", "undo of a"]


def test_an_answer_that_waits_is_sent_though_the_sites_data_were_cleared(site, server):
    server.planned = [503]
    page = begin(site)
    give(page, "a")
    failed(site)
    page.evaluate("localStorage.clear()")
    assert page.evaluate("queue.waiting.map((operation) => operation.id)") == ["a"]
    give(page, "b")
    saved(site)
    assert ids(server)[1] == ["a", "b"]


def test_a_tab_knows_when_another_has_had_its_answers_stored(site, server):
    """Otherwise it would say for ever that they wait, and warn whoever closes it."""
    page = begin(site)
    server.planned = [503]
    give(page, "a")
    failed(site)
    other = page.context.new_page()
    other.goto(page.url)
    other.evaluate("void queue.send()")
    saved(site)
    other.close()
    assert page.evaluate("queue.waiting") == []
    before = len(states(page))
    page.evaluate("window.dispatchEvent(new StorageEvent('storage', { key: 'of something else' }))")
    assert len(states(page)) == before


def test_each_failure_doubles_the_wait_up_to_half_a_minute_and_a_success_begins_anew(site, server):
    page = begin(site)
    waits = [1000, 2000, 4000, 8000, 16000, 30000, 30000]
    server.planned = [503] * len(waits)
    give(page, "a")
    for number, wait in enumerate(waits, start=1):
        failed(site, number)
        site.pass_time(wait - 1)
        assert len(server.requests) == number, f"asked again before {wait} ms"
        site.pass_time(1)
        site.until(lambda number=number: len(server.requests) == number + 1)
    saved(site)
    server.planned = [503]
    give(page, "b")
    failed(site, len(waits) + 1)
    site.pass_time(1000)
    saved(site)
    assert ids(server)[-1] == ["b"]


@pytest.mark.parametrize(("chance", "wait"), [(0, 750), (0.9999, 1250)])
def test_browsers_that_failed_together_do_not_ask_again_together(site, server, chance, wait):
    page = begin(site, before=f"Math.random = () => {chance};")
    server.planned = [503]
    give(page, "a")
    failed(site)
    site.pass_time(wait - 1)
    assert len(server.requests) == 1
    site.pass_time(1)
    site.until(lambda: len(server.requests) == 2)


@pytest.mark.parametrize("status", [404, 410])
def test_a_withdrawn_link_is_not_asked_for_ever(site, server, status):
    page = begin(site)
    server.planned = [status]
    give(page, "a")
    site.until("states.at(-1) === 'stopped'")
    give(page, "b")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    site.pass_time(60_000)
    assert len(server.requests) == 1
    assert page.evaluate("queue.waiting.length") == 2


@pytest.mark.parametrize("trouble", [400, 429, 500, 502, 503, "lost", {"settled": None}])
def test_an_answer_is_sent_again_after_trouble_that_may_pass(site, server, trouble):
    """The same one: the server knows it by its id, should it have been stored before the reply was lost."""
    page = begin(site)
    server.planned = [trouble]
    give(page, "a")
    failed(site)
    assert page.evaluate("queue.waiting.length") == 1
    site.pass_time(1000)
    saved(site)
    assert ids(server) == [["a"], ["a"]]


def test_a_reply_that_is_no_json_settles_nothing(site, server):
    """A café's network answers every address with its own page."""
    page = begin(site)
    site.at["/p/answers/"] = "<h1>Welcome to our free network</h1>"
    give(page, "a")
    failed(site)
    site.at["/p/answers/"] = server
    site.pass_time(1000)
    saved(site)
    assert ids(server) == [["a"]]


def test_only_what_the_server_names_is_settled_and_it_is_not_asked_without_a_pause(site, server):
    page = begin(site)
    server.planned = [{"settled": ["somebody's", None]}]
    give(page, "a")
    failed(site)
    site.settle()
    assert len(server.requests) == 1
    assert page.evaluate("queue.waiting.length") == 1
    server.planned = [{"settled": ["a"]}, "held"]
    page.evaluate("queue.add({ id: 'b' })")
    site.pass_time(1000)
    site.until(lambda: len(server.requests) == 3)
    assert ids(server) == [["a"], ["a", "b"], ["b"]]
    assert [operation["id"] for operation in begin(site).evaluate("queue.waiting")] == ["b"]  # in another tab


def test_an_expired_token_is_renewed_and_the_answer_sent_again(site, server):
    page = begin(site)
    server.planned = [403, {"csrf": "second"}]
    give(page, "a")
    failed(site)
    site.pass_time(1000)
    saved(site)
    give(page, "b")
    saved(site)
    assert [(method, token) for method, token, _ in server.requests] == [
        ("POST", "first"),
        ("GET", None),
        ("POST", "second"),
        ("POST", "second"),  # a reply without a token leaves the one that is good
    ]


def test_a_token_that_comes_with_the_next_trials_is_used(site, server):
    page = begin(site)
    server.planned = [{"csrf": "second"}]
    page.evaluate("void queue.send()")
    saved(site)
    give(page, "a")
    saved(site)
    assert [(method, token) for method, token, _ in server.requests] == [("GET", None), ("POST", "second")]


def test_a_withdrawn_link_is_noticed_with_an_expired_token_too(site, server):
    page = begin(site)
    server.planned = [403, 410]
    give(page, "a")
    site.until("states.length >= 2")
    assert states(page)[-1] == "stopped"


def test_the_network_is_back_and_nobody_waits_for_the_next_try(site, server):
    page = begin(site)
    server.planned = ["lost"]
    give(page, "a")
    failed(site)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    saved(site)
    site.pass_time(5000)
    assert len(server.requests) == 2  # and the try that was planned is not made on top


def test_a_request_without_a_reply_is_given_up_after_twenty_seconds(site, server):
    page = begin(site)
    server.planned = ["held"]
    give(page, "a")
    site.until(lambda: server.held)
    site.pass_time(19_999)
    assert states(page) == ["sending"]
    site.pass_time(1)
    failed(site)
    site.pass_time(1000)
    saved(site)
    assert ids(server) == [["a"], ["a"]]


def test_one_request_at_a_time_and_what_came_meanwhile_goes_next(site, server):
    page = begin(site)
    server.planned = ["held"]
    give(page, "a")
    give(page, "b", "c")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    site.settle()
    assert ids(server) == [["a"]]
    server.release()
    saved(site)
    assert ids(server) == [["a"], ["b", "c"]]
    assert [reply["settled"] for reply in page.evaluate("replies")] == [["a"], ["b", "c"]]


UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def test_every_answer_has_a_name_of_its_own_without_https_too(site):
    page = begin(site)
    assert page.evaluate("typeof crypto.randomUUID") == "undefined"
    made = page.evaluate("Array.from({ length: 200 }, newId)")
    assert len(set(made)) == 200
    assert all(UUID4.fullmatch(name) for name in made)
    for byte in (0x00, 0x0A, 0xFF):
        fill = f"crypto.getRandomValues = (bytes) => bytes.fill({byte}); newId()"
        name = page.evaluate(fill)
        assert UUID4.fullmatch(name), name
        assert name[:8] == f"{byte:02x}" * 4
    assert page.evaluate("crypto.randomUUID = () => 'of the browser'; newId()") == "of the browser"
