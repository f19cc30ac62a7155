"""A study as one TOML file: read and checked in full before anything is made. docs/protocols/ has examples.

version = 1
slug = "method-choice"
title = "What does the computer look at?"
task = "choice"                   # or "rating": two arms, five buttons

[photos]                          # all optional but set; what each does is in explain/choosing.py
set = "samples"
classes = ["hammer", "dam"]       # class titles
min_f1 = 0.94                     # classes whose F1 is at least this for every network
top_share = 0.01                  # classes among the best hundredth of every network by F1
top_classes = 5                   # the best five of the classes left
only_correct = false              # only photos that every network gets right
per_class = 50                    # photos of each class; drawn by the seed
limit = 40                        # photos in all; drawn by the seed

[[arms]]                          # two or more; a rating study has exactly two
network = "efficientnet-lite0"
method = "grad-cam"
name = "Grad-CAM"                 # optional; never shown to volunteers

[design]
responses_per_item = 4
trials_per_participant = 14
repeats_per_participant = 2       # optional: at the end, the first photos once more
attention_checks = 2              # optional, for each person: one map plainly on the object; needs boxes
practice = true                   # optional: two drawn examples with feedback first
break_every = 40                  # optional
seed = 1
picture = "overlay"               # or "masked", "heat"

[wording]                         # optional: question, instructions, consent, thanks;
question = "Which map best matches the {class}?"       # same (choice); labels, five of them (rating)

[recruitment]                     # optional
people = 15                       # how many are planned
completion_url = "https://…"      # where a recruitment site wants people back; {code} is filled in

[analysis] and [exclusions]       # optional: what is fixed about the analysis before there is data; see plan.py
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from explain.choosing import Rule
from explain.errors import BadInputError

from .models import Study
from .plan import check_plan
from .wording import default_wording, unknown_places

_REQUIRED = object()


class ProtocolError(BadInputError):
    """A protocol that cannot be used. Each line names the key, what is wrong with it, and what is allowed."""


@dataclass(frozen=True)
class ArmPlan:
    network: str
    method: str
    name: str


@dataclass(frozen=True)
class Protocol:
    """A checked protocol. `source` is the file as it was read."""

    slug: str
    title: str
    task: str
    photo_set: str
    rule: Rule
    arms: list[ArmPlan]
    responses_per_item: int
    trials_per_participant: int
    repeats_per_participant: int
    attention_checks: int
    break_every: int
    practice: bool
    questions: list[dict[str, Any]]
    completion_url: str
    people: int | None
    seed: int
    picture: str
    wording: dict[str, str | list[str]]
    source: dict[str, Any] = field(repr=False)


def read_protocol(path: Path) -> Protocol:
    """Read and check a protocol file.

    Raises:
        ProtocolError: the file cannot be read, is no TOML, or breaks the schema; all faults at once, one a line.
    """
    try:
        source = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ProtocolError(
            f"{path}: cannot be read ({error.strerror}); give the path of a study.toml."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProtocolError(f"{path}: is no valid TOML ({error}).") from error
    return check_protocol(source)


def check_protocol(source: dict[str, Any]) -> Protocol:
    """Check a protocol that was read from TOML; all faults are reported at once."""
    reader = Reader(source)
    reader.one_of("version", [1])
    photos, design = reader.table("photos"), reader.table("design")
    task = reader.one_of("task", Study.Task.values)
    seed = design.number("seed", least=0, most=2**63 - 1)
    picture = design.one_of("picture", Study.Picture.values, default=Study.Picture.OVERLAY)
    recruitment = reader.table("recruitment", required=False)
    each = design.number("responses_per_item", least=1, most=1000, default=4)
    protocol = Protocol(
        slug=reader.slug("slug"),
        title=reader.text("title", longest=200),
        task=task,
        photo_set=photos.slug("set"),
        rule=_rule(photos, seed),
        arms=_arms(reader, task),
        responses_per_item=each,
        trials_per_participant=design.number("trials_per_participant", least=1, most=10_000, default=50),
        repeats_per_participant=design.number("repeats_per_participant", least=0, most=1000, default=0),
        attention_checks=design.number("attention_checks", least=0, most=100, default=0),
        break_every=design.number("break_every", least=0, most=1000, default=0),
        practice=design.flag("practice"),
        questions=_questions(reader),
        completion_url=_completion_url(recruitment),
        people=_people(recruitment, design, each),
        seed=seed,
        picture=picture,
        wording=_wording(reader, task, picture),
        source=source,
    )
    if protocol.attention_checks > protocol.trials_per_participant // 2:
        design.fault("attention_checks", "is more than half of trials_per_participant; ask for fewer")
    check_plan(reader, [arm.name for arm in protocol.arms])
    reader.finish()
    return protocol


def _rule(photos: "Reader", seed: int) -> Rule:
    return Rule(
        classes=tuple(photos.texts("classes")),
        min_f1=photos.share("min_f1", whole=True),
        top_share=photos.share("top_share", whole=True),
        top_classes=photos.number("top_classes", least=1, default=None),
        only_correct=photos.flag("only_correct"),
        per_class=photos.number("per_class", least=1, default=None),
        limit=photos.number("limit", least=1, default=None),
        seed=seed,
    )


def _arms(reader: "Reader", task: str) -> list[ArmPlan]:
    before = len(reader.faults)
    tables = reader.tables("arms")
    if len(reader.faults) > before:
        return []
    rows = [(table.slug("network"), table.text("method", longest=60)) for table in tables]
    names = [table.text("name", longest=100, default="") for table in tables]
    one_network = len({network for network, _ in rows}) == 1
    one_method = len({method for _, method in rows}) == 1
    arms = []
    for (network, method), name in zip(rows, names, strict=True):
        short = method if one_network else network if one_method else f"{network} {method}"
        arms.append(ArmPlan(network, method, name or short))
    if len(set(rows)) < len(rows):
        reader.fault("arms", "has the same network and method twice; each arm must be another pair")
    elif len({arm.name for arm in arms}) < len(arms):
        reader.fault("arms.name", "is the same for two arms; give each a name of its own")
    if task == Study.Task.RATING and len(arms) != 2:
        reader.fault("arms", f"has {len(arms)} entries; a rating study compares exactly two")
    elif not 2 <= len(arms) <= 8:
        reader.fault("arms", f"has {len(arms)} entries; a choice study compares 2 to 8")
    return arms


def _questions(reader: "Reader") -> list[dict[str, Any]]:
    questions = []
    for table in reader.tables("questions", required=False):
        question: dict[str, Any] = {
            "key": table.slug("key"),
            "text": table.text("text", longest=500),
            "kind": table.one_of("kind", ["choice", "number", "text"], default="choice"),
            "required": table.flag("required", default=True),
        }
        if question["kind"] == "choice":
            question["options"] = table.texts("options")
            question["eligible"] = table.texts("eligible")
            if len(question["options"]) < 2:
                table.fault("options", "must be a list of two texts or more")
            if unknown := set(question["eligible"]) - set(question["options"]):
                table.fault("eligible", f"has {min(unknown)!r}, which is not one of the options")
        elif question["kind"] == "number":
            question["eligible"] = table.range("eligible")
        questions.append(question)
    keys = [question["key"] for question in questions]
    if len(set(keys)) < len(keys):
        reader.fault("questions.key", "is the same for two questions; give each a key of its own")
    return questions


def _people(table: "Reader", design: "Reader", each: int) -> int | None:
    """How many people are planned; no photo can have more answers than there are people."""
    people = table.number("people", least=2, most=100_000, default=None)
    if people and each > people:
        design.fault(
            "responses_per_item", f"is {each}, more than the {people} people planned; nobody is asked twice"
        )
    return people


def _completion_url(table: "Reader") -> str:
    url = table.text("completion_url", longest=500, default="")
    if url and not url.startswith("https://"):
        table.fault("completion_url", f"is {url!r}; it must begin with https://")
    return url


def _wording(reader: "Reader", task: str, picture: str) -> dict[str, str | list[str]]:
    if task not in Study.Task.values or picture not in Study.Picture.values:
        return {}
    wording = default_wording(task, picture)
    table = reader.table("wording", required=False)
    for key, default in wording.items():
        if isinstance(default, list):
            wording[key] = table.texts(key) or default
            if len(wording[key]) != len(default):
                table.fault(
                    key, f"has {len(wording[key])} entries; it must be {len(default)}, from left to right"
                )
        else:
            wording[key] = table.text(key, longest=10_000, default=default)
            for place in sorted(unknown_places(key, str(wording[key]))):
                table.fault(key, f"has a place {{{place}}} that nothing is put in for")
    return wording


class Reader:
    """Takes keys out of a TOML table and notes every fault, so that all are reported at once."""

    def __init__(self, values: dict[str, Any], path: str = "", faults: list[str] | None = None):
        self.values, self.path = values, path
        self.faults: list[str] = [] if faults is None else faults
        self.known: set[str] = set()
        self.inner: list[Reader] = []

    def fault(self, key: str, what: str) -> None:
        self.faults.append(f"{self.path}{key}: {what}.")

    def _take(self, key: str, default: Any, kind: type, allowed: str) -> Any:
        """The value of a key if it is of the kind; else its default, with a fault where that is due."""
        self.known.add(key)
        value = self.values.get(key, default)
        if value is _REQUIRED:
            self.fault(key, f"is missing; it must be {allowed}")
        elif value is not default and (
            not isinstance(value, kind) or isinstance(value, bool) != (kind is bool)
        ):
            self.fault(key, f"is {value!r}; it must be {allowed}")
        else:
            return value
        return kind() if default in (_REQUIRED, None) else default

    def text(self, key: str, *, longest: int, default: Any = _REQUIRED) -> str:
        value = self._take(key, default, str, "a text")
        if value != default and not 0 < len(value.strip()) <= longest and key in self.values:
            self.fault(key, f"has {len(value.strip())} characters; it must have 1 to {longest}")
        return value.strip()

    def slug(self, key: str) -> str:
        allowed = "letters a-z, digits, - and _, 100 at most"
        value = self._take(key, _REQUIRED, str, allowed)
        if value and not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", value):
            self.fault(key, f"is {value!r}; it must be {allowed}")
        return value

    def one_of(self, key: str, choices: Sequence[Any], default: Any = _REQUIRED) -> Any:
        allowed = " or ".join(repr(choice) for choice in choices)
        value = self._take(key, default, type(choices[0]), allowed)
        if value not in choices and isinstance(self.values.get(key), type(choices[0])):
            self.fault(key, f"is {value!r}; it must be {allowed}")
        return value

    def number(self, key: str, *, least: int, most: int = 10**9, default: Any = _REQUIRED) -> Any:
        allowed = f"a whole number from {least} to {most}"
        value = self._take(key, default, int, allowed)
        if (
            key in self.values
            and value is not default
            and isinstance(value, int)
            and not least <= value <= most
        ):
            self.fault(key, f"is {value}; it must be {allowed}")
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        return self._take(key, default, bool, "true or false")

    def share(self, key: str, *, whole: bool = False) -> float | None:
        """A number between 0 and 1, or None; 1 itself only if `whole`."""
        allowed = "a number above 0, at most 1" if whole else "a number between 0 and 1"
        value = self._take(key, None, int if type(self.values.get(key)) is int else float, allowed)
        if type(self.values.get(key)) in (int, float) and not (0 < value < 1 or (whole and value == 1)):
            self.fault(key, f"is {value}; it must be {allowed}")
        return value or None

    def pairs(self, key: str, names: Sequence[str]) -> list[list[str]]:
        """Pairs of two different names out of those there are."""
        found = self._take(key, [], list, "a list of pairs")
        for pair in found:
            if not (isinstance(pair, list) and len(pair) == 2 and len(set(map(str, pair))) == 2):
                self.fault(key, f"has {pair!r}; each entry must be two different names")
            elif unknown := [name for name in pair if name not in names]:
                self.fault(key, f"names {unknown[0]!r}; there is {', '.join(names)}")
        return found

    def range(self, key: str) -> list[int]:
        values = self._take(key, [], list, "two whole numbers, the least and the most")
        if values and not (len(values) == 2 and all(type(value) is int for value in values)):
            self.fault(key, f"is {values!r}; it must be two whole numbers, the least and the most")
        return values

    def texts(self, key: str) -> list[str]:
        values = self._take(key, [], list, "a list of texts")
        if not all(isinstance(value, str) and value.strip() for value in values):
            self.fault(key, f"is {values!r}; it must be a list of texts")
            return []
        return values

    def table(self, key: str, required: bool = True) -> "Reader":
        before = len(self.faults)
        values = self._take(key, _REQUIRED if required else {}, dict, f"a table [{self.path}{key}]")
        if len(self.faults) == before:
            return self._enter(values, f"{key}.")
        return Reader({}, faults=[])  # one fault says enough

    def tables(self, key: str, required: bool = True) -> list["Reader"]:
        values = self._take(key, _REQUIRED if required else [], list, f"tables [[{key}]]")
        if not all(isinstance(value, dict) for value in values):
            self.fault(key, f"is {values!r}; it must be tables [[{key}]]")
            return []
        return [self._enter(value, f"{key}[{number}].") for number, value in enumerate(values, start=1)]

    def _enter(self, values: dict[str, Any], path: str) -> "Reader":
        inner = Reader(values, self.path + path, self.faults)
        self.inner.append(inner)
        return inner

    def finish(self) -> None:
        """Report unknown keys too, and raise if there was any fault."""
        self._note_unknown()
        if self.faults:
            raise ProtocolError(*self.faults)

    def _note_unknown(self) -> None:
        for key in sorted(set(self.values) - self.known):
            self.fault(key, f"is unknown; known keys are {', '.join(sorted(self.known))}")
        for inner in self.inner:
            inner._note_unknown()
