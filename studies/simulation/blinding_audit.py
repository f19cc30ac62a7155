"""Take part in a study as volunteers do, look at every byte that comes, and say what could tell an arm.

The crawl runs inside a transaction that is rolled back: it answers trials as a volunteer would and leaves no trace.
"""

import io
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from bs4 import BeautifulSoup, Tag
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import reverse
from PIL import Image

from explain.cam.rendering import encoding
from explain.core.errors import BadInputError
from explain.map_sources import source_of
from studies.analysis.blindness import as_good_by_chance, by_turn, guess_arms, unequal_positions
from studies.models import Event, Invitation, ItemMap, Participant, Response, Study, Trial, hash_token
from studies.results import hash_of_picture
from studies.trial_types import Comparison, comparison_of, trial_type_of
from studies.trials import maps_shown

from .picture_audit import drawn_elsewhere, photos_looked_at, telling_pictures
from .truth_audit import TrialPage, pages_of, truth_leaks

PICTURE = re.compile(r"/picture/([\w-]+)")
TELLING = {"etag", "last-modified", "content-disposition", "content-location"}
MAY_DIFFER = {"date", "content-length"}
VOLUNTEERS = 3
VOLUNTEERS_BETWEEN = (
    12  # where each meets one arm alone: so many that whose is whose can be exchanged in enough ways
)
DRAWS = 1999
SEEDS = 10**6  # of those below this, set-up draws one
LEAST_GUESSES = 60  # seeds tried of the largest studies
ROWS = 2_000_000  # trials laid out in all, where more seeds than the least are tried
OF_NONE = -1
ENDS = 4  # characters at the beginning and at the end of an address that the classifier looks at
ALARM = 0.002  # one false alarm in 500 checks


@dataclass(frozen=True)
class Place:
    """Where a picture stood: in the trial at a position of somebody's, which their token tells; slot 0 is the photo."""

    token: str
    position: int
    slot: int


@dataclass(frozen=True)
class Reply:
    """What a browser got for an address. Of a picture of a trial, where it stood."""

    address: str
    headers: dict[str, str]
    body: bytes
    seconds: float
    place: Place | None = None


@dataclass(frozen=True)
class Shown:
    """A map as it reached the browser, and the arm that nobody should be able to tell; of an attention check OF_NONE."""

    reply: Reply
    item: int
    arm: int
    place: Place


@dataclass
class Session:
    replies: list[Reply] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    pages: list[TrialPage] = field(default_factory=list)  # of main trials that show what a network says


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. `leaks` is empty where nothing can be told."""

    name: str
    looked_at: str
    leaks: list[str]


def check_blinding(*, study: Study, seed: int = 0) -> list[Check]:
    """Crawl a study as volunteers and look for whatever could tell an arm.

    Raises:
        BadInputError: the study has no trials, so there is nothing to look at.
    """
    if not study.trials.exclude(order="").exists():
        raise BadInputError(
            f"{study.slug}: has no trials yet; open it first: manage.py open_study {study.slug}"
        )
    session = crawl(study)
    checks = [
        _names(study, session),
        _headers(session),
        _addresses(session),
        _encoding(session),
        _sizes(study, session),
        _orders(study),
        _reckoning(study, seed),
        _guessing(study, session, seed),
    ]
    if drawn_elsewhere(study):
        words = f"{photos_looked_at(study)} photos of {study.arms.count()} arms"
        checks.append(Check("pictures", words, telling_pictures(study)))
    if session.pages:  # only trials that show what a network says have a truth
        checks.append(Check("truth", f"{len(session.pages)} pages", truth_leaks(study, session.pages, seed)))
    return checks


def crawl(study: Study) -> Session:
    """All replies to a few volunteers who take part to the end, as if nobody had answered yet."""
    session = Session()
    first = str(trial_type_of(study).people.first_of(maps_shown(study)))
    with transaction.atomic():
        Response.objects.filter(trial__study=study).update(status=Response.Status.VOID)
        study.trials.exclude(order="").update(
            state=Trial.State.OPEN, participant=None, position=None, lease_until=None
        )
        study.trials.exclude(kind=Trial.Kind.MAIN).update(state=Trial.State.VOID)
        crawled = Study.objects.filter(pk=study.pk)
        crawled.change_what_is_frozen(state=Study.State.OPEN, questions=[], break_every=0)
        volunteers = VOLUNTEERS_BETWEEN if _is_between(study) else VOLUNTEERS
        for _ in range(min(volunteers, study.responses_per_item)):
            _, token = Invitation.issue(study, label="check_blinding", simulated=True)
            session.replies += _take_part(reverse("join", args=[token]), first)
        session.shown = list(_shown(session.replies))
        session.pages = list(pages_of(session.replies))
        transaction.set_rollback(True)
    return session


def _is_between(study: Study) -> bool:
    return comparison_of(study) == Comparison.BETWEEN


def _take_part(join: str, first: str) -> Iterator[Reply]:
    """Every reply of one session, from the invitation to the code, pictures and JSON included.

    It presses the first button of each page, or sends `first` where an answer is put together of fields.
    """
    browser = Client(SERVER_NAME=_host(), SERVER_PORT="443" if settings.SECURE_SSL_REDIRECT else "80")

    def get(address: str, data: dict | None = None, place: Place | None = None) -> Reply:
        began = time.perf_counter()
        secure = settings.SECURE_SSL_REDIRECT
        call = browser.get if data is None else browser.post
        response = call(address, data, secure=secure)
        seconds = time.perf_counter() - began
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(address, headers, response.content, seconds, place)

    page = get(join)
    while True:
        yield page
        if target := page.headers.get("location"):
            page = get(target)
            continue
        soup = BeautifulSoup(page.body, "html.parser")
        form = soup.select_one("form#answer") or soup.select_one("form[data-next]")
        if form is None:
            return
        data = {str(part["name"]): str(part.get("value", "on")) for part in form.select("input[name]")}
        if form.get("id") == "answer":
            token, position = page.address.split("/")[2], int(data["position"])
            for slot, picture in enumerate(soup.select("main img[src]")):
                yield get(str(picture["src"]), place=Place(token, position, slot))
            yield get(page.address.replace("/trial/", "/answers/"))
            data |= first_answer(form, first)
        page = get(page.address, data)


def first_answer(form: Tag, first: str) -> dict[str, str]:
    """The first button of a trial; where it has questions, the first answer to each; `first` where presses make one answer."""
    if button := form.select_one("button[name=value], [name=confidence]"):
        return {str(button["name"]): str(button.get("min", button.get("value")))}
    answers: dict[str, str] = {}
    for part in form.select("[data-part] input[type=radio], [data-part] input[type=number]"):
        answers.setdefault(str(part["name"]), str(part.get("min", part.get("value"))))
    return answers or {"value": first}


def _host() -> str:
    """A host name that this site answers to."""
    return next((host.lstrip(".") for host in settings.ALLOWED_HOSTS if "*" not in host), "localhost")


def _shown(replies: list[Reply]) -> Iterator[Shown]:
    """The maps among the replies, with the arms that stood there."""
    trials: dict[str, dict[int, Trial]] = {}
    for reply in replies:
        place = reply.place
        if place is None or place.slot == 0:
            continue
        if place.token not in trials:
            participant = Participant.objects.get(token_sha256=hash_token(place.token))
            trials[place.token] = {trial.position or 0: trial for trial in participant.trials.all()}
        trial = trials[place.token][place.position]
        arm = OF_NONE if trial.kind == Trial.Kind.CHECK else trial.arms[place.slot - 1]
        yield Shown(reply, trial.item_id, arm, place)


def _names(study: Study, session: Session) -> Check:
    """Names, files and hashes that say which network or method it is, in pages, headers and addresses."""
    words = set()
    for arm in study.arms.select_related("network", "map_set__network"):
        words |= {arm.name, *source_of(arm).telltales(arm)}
    for item_map in ItemMap.objects.filter(item__study=study).select_related("map").defer("map__values"):
        words.add(item_map.map.parameters_hash)
        for file in (item_map.picture, item_map.map.overlay, item_map.map.masked, item_map.map.heat):
            name = str(file.name)
            words |= {name, name.rsplit("/", 1)[-1].rsplit(".", 1)[0]}
        words.add(hash_of_picture(item_map.picture))
    words.add(study.protocol_sha256)
    words.add(study.nonce)
    long = sorted((word for word in words if len(word) > 3), key=len, reverse=True)
    pattern = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, long))})(?![\w-])", re.IGNORECASE)
    leaks = set()
    for reply in session.replies:
        text = f"{reply.address} {reply.headers}"
        if not reply.headers.get("content-type", "").startswith("image/"):
            text += reply.body.decode("utf-8", "replace")
        leaks |= {f"{_named(reply)} holds {word!r}" for word in pattern.findall(text)}
    return Check("names", f"{len(session.replies)} replies", sorted(leaks))


def _named(reply: Reply) -> str:
    """What a reply is called in a finding: its address without a token, or where a picture stood."""
    if reply.place:
        return f"picture {reply.place.slot} of the trial at {reply.place.position}"
    return re.sub(r"/(p|join)/[\w-]+/", r"/\1/…/", reply.address)


def _headers(session: Session) -> Check:
    """Headers that depend on the file, and headers that differ between pictures."""
    leaks = {
        f"{_named(shown.reply)} has {name}"
        for shown in session.shown
        for name in TELLING & set(shown.reply.headers)
    }
    values = defaultdict(set)
    for shown in session.shown:
        for name in set(shown.reply.headers) - MAY_DIFFER:
            values[name].add(shown.reply.headers[name])
    leaks |= {f"{name} differs between pictures" for name, variants in values.items() if len(variants) > 1}
    return Check("headers", f"{len(session.shown)} maps", sorted(leaks))


def _addresses(session: Session) -> Check:
    """Addresses of pictures are sealed and equally long, and none comes twice."""
    addresses = [reply.address for reply in session.replies if reply.place]
    leaks = {f"a picture's address is {address}" for address in addresses if not PICTURE.fullmatch(address)}
    lengths = sorted({*map(len, addresses)})
    if len(lengths) > 1:
        leaks.add(f"addresses of pictures have {len(lengths)} lengths: {', '.join(map(str, lengths))}")
    # The same picture has another address for everybody, and whenever it is handed out: else equal ones were known by it.
    twice = sum(times > 1 for times in Counter(addresses).values())
    if twice:
        leaks.add(f"{twice} addresses of pictures came more than once")
    return Check("addresses", f"{len(addresses)} pictures", sorted(leaks))


def _encoding(session: Session) -> Check:
    """Format, dimensions, colour mode, quantisation, what the file is made of, and metadata are the same for every map."""
    traits: dict[str, dict[object, int]] = defaultdict(dict)
    lost = []
    for shown in session.shown:
        if not shown.reply.headers["content-type"].startswith("image/"):
            said = shown.reply.body.decode("utf-8", "replace")[:80]
            lost.append(f"{_named(shown.reply)} is no picture: {said}")
            continue
        with Image.open(io.BytesIO(shown.reply.body)) as image:
            properties = {
                "format": image.format,
                "dimensions": image.size,
                "mode": image.mode,
                "quantisation": str(getattr(image, "quantization", "")),
                "chunks": getattr(encoding.layout(shown.reply.body), "chunks", ()),
                "metadata": tuple(sorted(image.info)),
                "EXIF": tuple(sorted(image.getexif())),
            }
        for name, value in properties.items():
            traits[name].setdefault(value, shown.arm)
    leaks = [f"{name}: {len(values)} kinds" for name, values in traits.items() if len(values) > 1]
    if any(value for value in traits["EXIF"]):
        leaks.append("EXIF is present")
    return Check("encoding", f"{len(session.shown)} maps", [*leaks, *sorted(set(lost))])


def _sizes(study: Study, session: Session) -> Check:
    """All pictures of a study have one length, or of JPEGs the maps of a photo; of a map that nobody was shown, the stored file."""
    sizes: dict[int, set[int]] = defaultdict(set)
    arms: dict[int, set[int]] = defaultdict(set)
    all_sizes = {len(reply.body) for reply in session.replies if reply.place and encoding.layout(reply.body)}
    for shown in session.shown:
        sizes[shown.item].add(len(shown.reply.body))
        if shown.arm != OF_NONE:
            arms[shown.item].add(shown.arm)
    some = [item for item, shown_arms in arms.items() if len(shown_arms) < study.arms.count()]
    for item_map in ItemMap.objects.filter(item__in=some).select_related("arm"):
        if item_map.arm.index not in arms[item_map.item_id]:
            sizes[item_map.item_id].add(item_map.picture.size)
    leaks = [f"pictures have {len(all_sizes)} sizes"] if len(all_sizes) > 1 else []
    if unequal := sum(len(lengths) > 1 for lengths in sizes.values()):
        leaks = [f"the maps of {unequal} of {len(sizes)} photos differ in size"]
    return Check("sizes", f"{len(sizes)} photos", leaks)


def _orders(study: Study) -> Check:
    """Every arm stands in every position equally often."""
    trials = study.trials.filter(kind=Trial.Kind.MAIN).exclude(order="")
    orders = [trial.arms for trial in trials]
    p = unequal_positions(orders)
    leaks = [f"arms stand in some positions more often than in others (p = {p:.2g})"] if p < ALARM else []
    return Check("orders", f"{len(orders)} trials", leaks)


def _reckoning(study: Study, seed: int) -> Check:
    """Orders worked out from the published protocol must fit no better than those of any other seed.

    Who reads the protocol knows the arms, the number of photos, the answers for each and the seed; only the nonce is secret.
    They lay the trials out as the study did, and are right where the same order comes at the same turn of the same photo.
    """
    rows = study.trials.filter(kind=Trial.Kind.MAIN).exclude(order="").order_by("pk")
    items, each, arms = study.items.count(), study.stages[0], study.arms.count()
    # Trials that were made again for answers taken out, or when the study grew, come after all others.
    actual = list(rows.values_list("item__index", "order")[: items * each])
    turns = by_turn(actual)

    def hits(guess: int) -> int:
        laid_out = trial_type_of(study).layout.rows(arms=arms, items=items, stages=(each,), seed=guess)
        reckoned = by_turn((item, ",".join(map(str, order))) for item, order in laid_out)
        return sum(reckoned.get(turn) == order for turn, order in turns.items())

    random = np.random.default_rng(seed)
    guesses = random.integers(0, SEEDS, size=min(DRAWS, max(LEAST_GUESSES, ROWS // max(1, len(actual)))))
    others = np.array([hits(int(guess)) for guess in guesses])
    published = hits(study.seed)
    p = as_good_by_chance(published, others)
    result = f"{published} of {len(actual)}, by chance {others.mean():.0f} (p = {p:.2g})"
    leaks = [f"the order of trials follows from the protocol: {result}"] if p < ALARM else []
    if study.events.filter(kind=Event.Kind.OPENED, data__has_key="nonce").exists():
        leaks.append("its protocol named the nonce, so whoever has read it can work out every order")
    return Check("reckoning", f"the protocol's seed and {len(others):,} others: {result}", leaks)


def _guessing(study: Study, session: Session, seed: int) -> Check:
    """A classifier must not do better than chance: neither on sizes, headers and times, nor on what addresses look like."""
    shown = [picture for picture in session.shown if picture.arm != OF_NONE]
    measured = [
        [
            len(s.reply.body),
            len(s.reply.address),
            sum(map(len, s.reply.headers.values())),
            s.reply.seconds,
            s.place.slot,
        ]
        for s in shown
    ]
    looks = [
        [ord(sign) for sign in (_seal_of(s)[:ENDS] + _seal_of(s)[-ENDS:]).ljust(2 * ENDS)] for s in shown
    ]
    arms, items = np.array([s.arm for s in shown]), np.array([s.item for s in shown])
    trials = None
    if _is_between(study):  # what differs from one session to the next, as its time, says nothing of an arm
        trials = np.array([s.place.token for s in shown])
    elif maps_shown(study) < study.arms.count():
        trials = np.array([f"{s.place.token} {s.place.position}" for s in shown])
    results, leaks = [], []
    for by, features in (("bytes and time", measured), ("address", looks)):
        guess = guess_arms(
            np.array(features, dtype=float), arms, items, draws=DRAWS, seed=seed, trials=trials
        )
        results.append(
            f"by {by} right {guess.accuracy:.0%} of the time, by chance {guess.chance:.0%} (p = {guess.p:.2g})"
        )
        if guess.p < ALARM:
            leaks.append(f"a classifier tells the arm: {results[-1]}")
    return Check("guessing", "; ".join(results), leaks)


def _seal_of(shown: Shown) -> str:
    return shown.reply.address.rpartition("/")[2]
