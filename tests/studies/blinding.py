"""Looking for leaks: everything that a browser gets in a session, and what must not stand in it."""

import re

from django.core.files.base import ContentFile

from explain.map_sources import source_of
from explain.models import ExplanationMap
from studies.models import CheckMap, Participant, Study
from studies.trial_types import trial_type_of
from tests import by_sql
from tests.factories import jpeg, stored

BYTES = 12_000  # of a picture of the tests, filled up
MAY_DIFFER = {"Date", "Content-Length", "Set-Cookie"}


class Clock:
    """Each reply takes a second, whatever else the machine is doing: `check_blinding` looks at how long they take."""

    now = 0.0

    def perf_counter(self) -> float:
        self.now += 1.0
        return self.now


def pad(content: bytes) -> ContentFile:
    return ContentFile(content + bytes(BYTES - len(content)), "map.jpg")


def level_pictures(study: Study) -> None:
    """All maps of a study get files of one length, as the real ones have; check maps get files at all."""
    rows = ExplanationMap.objects.filter(itemmap__item__study=study).distinct()
    for row in rows:
        name = stored(pad(row.overlay.read()).read())
        by_sql.change(ExplanationMap.objects.filter(pk=row.pk), overlay=name)
    for row in CheckMap.objects.filter(item__study=study):
        name = stored(pad(jpeg(row.pk)).read())
        by_sql.change(CheckMap.objects.filter(pk=row.pk), file=name)


def telltales(study: Study) -> set[str]:
    """Words that say which arm made a map, or lead to its files."""
    words = {study.protocol_sha256}
    for arm in study.arms.select_related("network"):
        words |= {arm.name, *source_of(arm).telltales(arm)}
    for row in ExplanationMap.objects.filter(itemmap__item__study=study):
        words.add(row.parameters_hash)
        for file in (row.overlay, row.masked, row.heat):
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
