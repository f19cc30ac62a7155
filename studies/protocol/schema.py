"""A study as one TOML file: read and checked in full before anything is made. docs/protocols/ has examples.

version = 1
slug = "method-choice"
title = "Judging explanation pictures"
language = "en"                   # optional; of volunteers' pages: de, fr, es, hi, pt-br, zh-hans, ar
task = "…"                        # what each trial asks: the name of a trial type (studies/trial_types)

[photos]                          # all optional but set; what each does is in explain/selection/rules.py
set = "samples"
classes = ["hammer", "dam"]       # class titles
min_f1 = 0.94                     # classes whose F1 is at least this for every network
top_share = 0.01                  # classes among the best hundredth of every network by F1
top_classes = 5                   # the best five of the classes left
only_correct = false              # only photos that every network gets right
wrong_share = 0.5                 # of the photos, so many that the network gets wrong; drawn by the seed
per_class = 50                    # photos of each class; drawn by the seed
limit = 40                        # photos in all; drawn by the seed

[[arms]]                          # two or more; how many, its trial type says. Keys: explain/map_sources/
network = "efficientnet-lite0"
method = "grad-cam"               # or one's own, a package's, captum:NAME: docs/bring-your-own.md
parameters = {}                   # optional, of the method: { window = 16 }
name = "Grad-CAM"                 # optional; never shown to volunteers

[design]
responses_per_item = 4
grown_from = [3]                  # of a study that grew after its opening: answers for each photo before, stage by stage
comparison = "between"            # optional, of types whose trials show one map: each person meets one arm alone; or "blocks",
                                  # arm after arm; else "within": all of them mixed
trials_per_participant = 14
repeats_per_participant = 2       # optional: at the end, the first photos once more
attention_checks = 2              # optional, for each person: one map plainly on the object; needs boxes
practice = true                   # optional: two drawn examples with feedback first
break_every = 40                  # optional
shuffle_questions = false         # optional: [[trial_questions]] in another order in each trial
seed = 1
nonce = "…"                       # optional, 64 hexadecimal digits: to repeat a closed study, whose protocol names it; else
                                  # one is drawn at opening and kept secret until the study is closed
picture = "overlay"               # or "masked", "heat"
cells = 7                         # optional: finer maps are averaged to so many cells a side of what people see (trial_page.py)
sign = "positive"                 # of methods whose maps have values below zero, for all arms: or "absolute", "as-is"

[wording]                         # optional: question, instructions, consent, thanks;
question = "Which map best matches the {class}?"       # and the keys of its trial type
same = "I see no difference"                           # of choices and pairs; of pairs, same = "" offers no such answer

[wording.titles.de]               # optional, for each language: what volunteers read for a class, where it is not its title
hammer = "Hammer"

[consent]                         # who answers for the study, and what else people are told before they agree; see consent.py
responsible = "…"                 # with institution and contact, needed before real people may take part

[requirements]                    # optional: what devices need; see requirements.py
no_phone = true

[[questions]]                     # optional: about the people, asked once
key = "age"
text = "How old are you?"
kind = "number"                   # the others, and what goes with them: questions.py
when = "before"                   # the first photo; or "after" the last one

[[trial_questions]]               # optional, of trial types that ask several questions of each map: trial_questions.py
key = "understand"

[trial]                           # optional: how sure people are, times, zoom: studies/trial_types/trial_page.py
confidence = "5-points"

[verify]                          # a table of the trial type's name, where it has one (docs/protocols.md)
steps = 4

[recruitment]                     # optional
people = 15                       # how many are planned; how they come from a site and go back there: recruitment.py
completion_url = "https://…"      # where a recruitment site wants people back; {code} is filled in

[analysis], [looks], [exclusions] # optional: what is fixed about the analysis before there is data; see analysis_plan.py
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import tomli_w

from explain import map_sources
from explain.cam.names import SIGNS
from explain.map_sources import Keys, MapSource, source_of
from explain.models import MapPicture
from explain.selection import Rule
from studies.core import languages
from studies.trial_types import (
    ASKS,
    OPTIONS,
    SHUFFLED,
    TRIAL_PAGE,
    Asked,
    Comparison,
    trial_type,
    trial_type_in,
    trial_types,
)

from .analysis_plan import check_plan, read_comparison
from .consent import read_consent
from .faults import Code, Fault
from .parser import NONCE, ProtocolError, Reader
from .questions import read_questions
from .recruitment import read_prolific_key, read_recruitment
from .requirements import read_requirements
from .titles import TITLES, read_titles
from .toml_file import MAX_BYTES, read_toml, too_large
from .trial_page import check_endless, options_of_page, options_of_type, read_cells
from .trial_questions import KEY as TRIAL_QUESTIONS
from .trial_questions import read_trial_questions
from .wording import default_wording, unknown_places


@dataclass(frozen=True)
class ArmPlan:
    """An arm of a protocol: the keys that name its source of maps, and what it is called."""

    keys: dict[str, str]
    name: str

    @property
    def source(self) -> MapSource:
        return source_of(self.keys)


@dataclass(frozen=True)
class Protocol:
    """A checked protocol. `source` is the file as it was read; `complete` the same in full, with every default."""

    slug: str
    title: str
    language: str
    task: str
    photo_set: str
    rule: Rule
    arms: list[ArmPlan]
    responses_per_item: int
    comparison: Comparison
    grown_from: tuple[int, ...]
    trials_per_participant: int
    repeats_per_participant: int
    attention_checks: int
    break_every: int
    practice: bool
    questions: list[dict[str, Any]]
    completion_url: str
    prolific_key: str
    prolific_study: str
    people: int | None
    seed: int
    nonce: str
    picture: str
    wording: dict[
        str, Any
    ]  # texts, lists of texts; `titles` by language and class, and what is asked of maps (ASKS), where there are any
    source: dict[str, Any] = field(repr=False)
    complete: dict[str, Any] = field(repr=False, default_factory=dict)


def read_protocol(path: Path) -> Protocol:
    """Read and check a protocol file.

    Raises:
        ProtocolError: the file cannot be read, is no TOML, or breaks the schema; all faults at once, one a line.
    """
    return check_protocol(read_toml(path))


def check_protocol(source: dict[str, Any]) -> Protocol:
    """Check a protocol that was read from TOML; all faults are reported at once."""
    reader = Reader(source)
    reader.one_of("version", [1])
    photos, design = reader.table("photos"), reader.table("design")
    task = reader.one_of("task", [entry.name for entry in trial_types()])
    asked = trial_type_in(source).asked
    language = reader.one_of("language", languages.codes(), default=languages.DEFAULT)
    seed = design.number("seed", least=0, most=2**63 - 1)
    picture = design.one_of("picture", MapPicture.values, default=MapPicture.OVERLAY)
    recruitment = reader.table("recruitment", required=False)
    each = design.number("responses_per_item", least=1, most=1000, default=4)
    protocol = Protocol(
        slug=reader.slug("slug"),
        title=reader.text("title", longest=200),
        language=language,
        task=task,
        photo_set=photos.slug("set"),
        rule=_rule(photos, seed),
        arms=(arms := _arms(reader, asked, design.one_of("sign", SIGNS, default=""))),
        responses_per_item=each,
        comparison=read_comparison(design, trial_type_in(source), len(arms), each),
        grown_from=_grown_from(design, each),
        trials_per_participant=design.number("trials_per_participant", least=1, most=10_000, default=50),
        repeats_per_participant=design.number("repeats_per_participant", least=0, most=1000, default=0),
        attention_checks=design.number("attention_checks", least=0, most=100, default=0),
        break_every=design.number("break_every", least=0, most=1000, default=0),
        practice=design.flag("practice"),
        questions=read_questions(reader),
        completion_url=read_recruitment(recruitment),
        people=_people(recruitment, design, each),
        prolific_key=read_prolific_key(recruitment),
        prolific_study=recruitment.text("prolific_study", longest=100, default=""),
        seed=seed,
        nonce=design.digits("nonce", NONCE),
        picture=picture,
        wording=_wording(reader, task, picture, language)
        | _asks(reader, design, asked, language)
        | options_of_type(reader, task, asked, [arm.name for arm in arms]),
        source=source,
    )
    protocol.wording.update(options_of_page(reader, protocol.wording, language))
    read_cells(design, [arm.name for arm in protocol.arms if not arm.source.is_drawn])
    read_consent(reader)
    read_requirements(reader)
    if protocol.attention_checks > protocol.trials_per_participant // 2:
        design.fault(Code.MOST_CHECKS, "attention_checks")
    check_plan(
        reader,
        [arm.name for arm in protocol.arms],
        checks=protocol.attention_checks,
        practice=protocol.practice,
        people=protocol.people,
        each=protocol.trials_per_participant,
    )
    check_endless(reader, protocol.wording, [arm.name for arm in protocol.arms])
    reader.finish()
    return replace(protocol, complete=_complete(reader, protocol))


def _complete(reader: Reader, protocol: Protocol) -> dict[str, Any]:
    """The protocol in full: read again, it is the same protocol even if defaults have changed since."""
    wording = {
        key: text
        for key, text in protocol.wording.items()
        if key not in (ASKS, OPTIONS, SHUFFLED, TRIAL_PAGE)
    }
    asks = {TRIAL_QUESTIONS: protocol.wording[ASKS]} if ASKS in protocol.wording else {}
    return reader.completed() | {
        "arms": [{**arm.keys, "name": arm.name} for arm in protocol.arms],
        **asks,
        "wording": wording,
    }


def in_full(source: dict[str, Any], words: dict[str, Any] | None = None) -> dict[str, Any]:
    """A protocol with every default; one that fails its checks comes back as it is.

    Args:
        words: the wording that its study got when it was made. It goes before today's default words, which are others
            after an update.
    """
    own, words = source.get("wording", {}), dict(words or {})
    words.pop(SHUFFLED, None)  # as `design` has it
    asks = {TRIAL_QUESTIONS: words.pop(ASKS)} if ASKS in words else {}
    if TRIAL_PAGE in words:
        asks[TRIAL_PAGE] = words.pop(TRIAL_PAGE)
    if OPTIONS in words:
        asks[str(source.get("task"))] = words.pop(OPTIONS)
    spelt_out = {**source, **asks, "wording": {**words, **own}} if words and isinstance(own, dict) else source
    try:
        return check_protocol(spelt_out).complete
    except ProtocolError:
        return source


def to_toml(source: dict[str, Any]) -> str:
    """A protocol as a file that read_protocol() reads."""
    return tomli_w.dumps(source, multiline_strings=True)


def faults_of_length(source: dict[str, Any]) -> list[Fault]:
    """That a protocol is longer than a file of one may be, with its defaults: its file could not be read again."""
    content = to_toml(in_full(source)).encode()
    return [too_large(f"{source.get('slug', 'study')}.toml")] if len(content) > MAX_BYTES else []


def _rule(photos: Reader, seed: int) -> Rule:
    wrong_share = photos.share("wrong_share")
    if wrong_share is not None:
        for other in ("only_correct", "per_class"):
            if photos.values.get(other):
                photos.fault(Code.NOT_WITH, "wrong_share", other=other)
    return Rule(
        wrong_share=wrong_share,
        classes=tuple(photos.texts("classes")),
        min_f1=photos.share("min_f1", whole=True),
        top_share=photos.share("top_share", whole=True),
        top_classes=photos.number("top_classes", least=1, default=None),
        only_correct=photos.flag("only_correct"),
        per_class=photos.number("per_class", least=1, default=None),
        limit=photos.number("limit", least=1, default=None),
        seed=seed,
    )


def _arms(reader: Reader, asked: Asked, sign: str) -> list[ArmPlan]:
    before = len(reader.faults)
    tables = reader.tables("arms")
    if len(reader.faults) > before:
        return []
    rows = [source_of(table.values).read(table) for table in tables]
    rows = _by_one_sign(reader, rows, sign)
    own_names = [table.text("name", longest=100, default="") for table in tables]
    names = _names(rows, own_names)
    arms = [ArmPlan(keys, name) for keys, name in zip(rows, names, strict=True)]
    if twice := next((keys for keys in rows if rows.count(keys) > 1), None):
        reader.fault(Code.SAME_ARM, "arms", keys=source_of(twice).keys)
    elif len({arm.name for arm in arms}) < len(arms):
        reader.fault(Code.SAME_NAME, "arms", "name")
    if not asked.can_compare(len(arms)):
        _wrong_number_of_arms(reader, len(arms))
    return arms


def _by_one_sign(reader: Reader, rows: list[dict[str, str]], sign: str) -> list[dict[str, str]]:
    """The arms' keys with the study's rule of sign: what of maps with values below zero is shown is the same for all."""
    rows = [source_of(keys).with_sign(keys, sign) if sign else keys for keys in rows]
    signs = {source_of(keys).sign_of(keys) for keys in rows} - {""}
    if len(signs | ({sign} if sign else set())) > 1 and signs:
        reader.fault(Code.SIGNS_DIFFER, "arms", signs=tuple(sorted(signs | ({sign} if sign else set()))))
    return rows


def _wrong_number_of_arms(reader: Reader, count: int) -> None:
    entry = trial_type_in(reader.values)
    least, most = entry.asked.fewest_arms, entry.asked.most_arms
    if least == most:
        reader.fault(Code.ARMS_EXACTLY, "arms", count=count, task=entry.name, wanted=least)
    else:
        reader.fault(Code.ARMS_BETWEEN, "arms", count=count, task=entry.name, least=least, most=most)


def names_of_arms(arms: list[dict[str, Any]]) -> list[str]:
    """What the arms of a protocol are called, whether it is whole yet or not."""
    return _names(arms, [arm.get("name", "") for arm in arms])


def _names(arms: Sequence[Keys], own_names: list[str]) -> list[str]:
    """Each arm's own name, or else a name made of what differs between the arms."""
    return [name or usual for name, usual in zip(own_names, map_sources.names_of(arms), strict=True)]


def _grown_from(design: Reader, each: int) -> tuple[int, ...]:
    """How many answers each photo needed before the study grew, as often as it did. Repeated with its nonce, it has the same orders."""
    stages = design.numbers("grown_from", least=1, most=1000)
    if any(later <= earlier for earlier, later in pairwise([*stages, each])):
        design.fault(Code.NOT_GROWING, "grown_from", value=stages, each=each)
    return tuple(stages)


def _people(table: Reader, design: Reader, each: int) -> int | None:
    """How many people are planned; no photo can have more answers than there are people."""
    people = table.number("people", least=2, most=100_000, default=None)
    if people and each > people:
        design.fault(Code.MORE_THAN_PEOPLE, "responses_per_item", value=each, people=people)
    return people


def _asks(reader: Reader, design: Reader, asked: Asked, language: str) -> dict[str, Any]:
    """What is asked of each map, and whether in an order that changes; nothing of a type that asks no questions of a protocol's."""
    if asked.asks is None:
        return {}
    questions = read_trial_questions(
        reader, asked, language if language in languages.codes() else languages.DEFAULT
    )
    return {ASKS: questions} | ({SHUFFLED: True} if design.flag("shuffle_questions") else {})


def _wording(reader: Reader, task: str, picture: str, language: str) -> dict[str, Any]:
    table = reader.table("wording", required=False)
    if task not in {entry.name for entry in trial_types()} or picture not in MapPicture.values:
        table.taken = dict(table.values)  # one fault says enough
        return {}
    wording: dict[str, Any] = default_wording(
        task, picture, language if language in languages.codes() else languages.DEFAULT
    )
    may_be_empty = trial_type(task).asked.may_be_empty
    for key, default in wording.items():
        if isinstance(default, list):
            wording[key] = table.texts(key) or default
            if len(wording[key]) != len(default):
                table.fault(Code.LABELS, key, count=len(wording[key]), wanted=len(default))
        else:
            wording[key] = table.text(key, longest=10_000, default=default, empty=key in may_be_empty)
            for place in sorted(unknown_places(key, str(wording[key]), task)):
                table.fault(Code.NO_SUCH_PLACE, key, place=place)
    titles = read_titles(table)
    return wording | {TITLES: titles} if titles else wording
