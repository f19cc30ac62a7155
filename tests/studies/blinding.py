"""Looking for leaks: everything that a browser gets in a session, and what must not stand in it."""

import hashlib
import re

from explain.map_sources import source_of
from studies.models import CheckMap, Item, ItemMap, Participant, Study
from studies.trial_types import trial_type_of
from tests import by_sql
from tests.factories import stored, webp

MAY_DIFFER = {"Date", "Content-Length", "Set-Cookie"}


class Clock:
    """Each reply takes a second, whatever else the machine is doing: `check_blinding` looks at how long they take."""

    now = 0.0

    def perf_counter(self) -> float:
        self.now += 1.0
        return self.now


def show(row: Item | ItemMap, content: bytes, name: str = "picture.webp") -> str:
    """Have a study show this in place of a picture, opened or not; the name of its file."""
    picture, sha256 = stored(content, name), hashlib.sha256(content).hexdigest()
    rows = type(row).objects.filter(pk=row.pk)
    by_sql.change(rows, picture=picture, picture_sha256=sha256)
    row.refresh_from_db()
    return picture


def picture_checks(study: Study) -> None:
    """The check maps of a study get files."""
    for row in CheckMap.objects.filter(item__study=study):
        by_sql.change(CheckMap.objects.filter(pk=row.pk), file=stored(webp(row.pk), "map.webp"))


def telltales(study: Study) -> set[str]:
    """Words that say which arm made a map, or lead to its files."""
    words = {study.protocol_sha256}
    for arm in study.arms.select_related("network"):
        words |= {arm.name, *source_of(arm).telltales(arm)}
    for row in ItemMap.objects.filter(item__study=study).select_related("map"):
        words.add(row.map.parameters_hash)
        for file in (row.picture, row.map.overlay, row.map.masked, row.map.heat):
            words |= {file.name, file.name.split("/")[-1].split(".")[0]}
    words |= set(study.items.values_list("image__content_sha256", flat=True))
    return words - {""}


def without_seals(text: str) -> str:
    """A text without the random characters of addresses, among which any short word may come up by chance."""
    return re.sub(r"(/picture/)[\w-]+", r"\1", text)


def is_picture(address: str) -> bool:
    return address.startswith("/picture/")


class Crawl:
    """All replies to one volunteer: `seen` is (address, headers, body) of each, `pictures` the bodies by position and slot."""

    def __init__(self, visitor):
        self.visitor = visitor
        self.seen = []
        self.pictures = {}

    def note(self):
        """Keep the page that the visitor is on, the addresses on the way there, and its pictures."""
        response = self.visitor.response
        for address, _ in response.redirect_chain:
            self.seen.append((address, {}, b""))
        self.seen.append((self.visitor.path, dict(response.headers), response.content))
        if self.visitor.on_trial:
            position = int(self.visitor.soup.select_one("#answer [name=position]")["value"])
            for slot, picture in enumerate(self.visitor.soup.select("main img")):
                self.fetch(picture["src"])
                self.pictures[position, slot] = self.seen[-1][2]

    def fetch(self, address):
        reply = self.visitor.client.get(address)
        self.seen.append((address, dict(reply.headers), reply.content))

    def look_at(self, path):
        self.visitor.get(path)
        self.note()

    def press(self, selector):
        """Send a form of the page, by its first answer where it has any."""
        soup = self.visitor.soup
        button, composed = (
            soup.select_one(f"{selector} button[name=value]"),
            soup.select_one(f"{selector} [name^=part-]"),
        )
        fields = {"value": button["value"]} if button else {}
        if composed:  # no button is an answer
            people = trial_type_of(Participant.objects.get().study).people
            fields = {"value": people.first_of(len(soup.select(f"{selector} .map")))}
        self.visitor.press(selector, **fields)
        self.note()


def crawl(visitor, join) -> Crawl:
    """A session from the invitation to the code, by the first answer every time; then what can be read again."""
    crawl = Crawl(visitor)
    crawl.look_at(join)
    while visitor.soup.select_one("form#answer, form[data-next]"):
        if visitor.on_trial:
            crawl.fetch(visitor.home + "answers/")
        crawl.press("form#answer" if visitor.on_trial else "form[data-next]")
    for place in ("instructions/", "leave/"):
        crawl.look_at(visitor.home + place)
    return crawl


def without_positions(body: bytes) -> str:
    """A trial page without its tokens and ids, and without what says how far somebody is."""
    text = re.sub(r'(csrfmiddlewaretoken|answer_id)" value="[^"]*"', "", body.decode())
    text = re.sub(r'<script id="block".*?</script>|<p id="status".*?</p>|<form id="undo"[^>]*>', "", text)
    text = re.sub(r"/picture/[\w-]{128}|\d+ of \d+", "", text)
    return re.sub(r'(name="position"|<progress[^>]*?) (max="\d+" )?value="\d+"', "", text)
