"""What a protocol says to each point of a preregistration, as whole sentences. A protocol and numbers in, text out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from explain.selection import Rule
from studies.protocol import (
    CONSENT,
    AnalysisPlan,
    Protocol,
    QuestionKind,
    Requirements,
    asked_after,
    asked_before,
    bounds_of,
    fill_in,
    plan_in,
    requirements_of,
)
from studies.trial_types import trial_page_of, trial_type_of

from .looks import looks_in_words

TO_FILL_IN = "To fill in: "


@dataclass(frozen=True)
class Known:
    """What stands in no protocol: how many photos it takes, what power it has, and what was collected already."""

    photos: int | None  # None: cannot be counted yet, since set or networks are not here
    photos_from: str
    power: tuple[str, ...]  # sentences; none: it was not simulated
    answers: int  # of real people, so far
    simulated: int
    opened: str  # when, in words; empty: it is not open yet
    code_version: str
    plan_sha256: str


Entry = list[str]
Writer = Callable[[Protocol, Known], Entry]


def entries(protocol: Protocol, known: Known) -> dict[str, Entry]:
    """Every entry by its key (forms.py): sentences, one paragraph each. What begins with TO_FILL_IN no protocol can say."""
    return {key: writer(protocol, known) for key, writer in WRITERS.items()}


def _title(protocol: Protocol, known: Known) -> Entry:
    return [protocol.title]


def _authors(protocol: Protocol, known: Known) -> Entry:
    told = protocol.complete.get(CONSENT, {})
    responsible = ", ".join(told[key] for key in ("responsible", "institution") if told.get(key))
    return [*([f"Responsible: {responsible}."] if responsible else []), f"{TO_FILL_IN}all authors."]


def _description(protocol: Protocol, known: Known) -> Entry:
    kind = trial_type_of(protocol)
    names = ", ".join(arm.name for arm in protocol.arms)
    return [
        f"A blinded user study of explanation maps. People who do not know what made a map {kind.in_words}. "
        f"Compared are: {names}.",
        f"{TO_FILL_IN}why this comparison matters, and what earlier work lets one expect.",
    ]


def _hypotheses(protocol: Protocol, known: Known) -> Entry:
    written = trial_type_of(protocol).plan.hypotheses(_names(protocol), _declared(protocol))
    if not written:
        return ["None is declared: the study is exploratory."]
    direction = f"{TO_FILL_IN}a direction, where one is expected. The tests stay two-sided."
    return [*_numbered("H", written), direction]


def _study_type(protocol: Protocol, known: Known) -> Entry:
    if trial_type_of(protocol).layout.shown(len(protocol.arms)) == 1:
        return [
            "Experiment: each trial shows one map of a photo; which arm’s it is is fixed at random beforehand."
        ]
    return [
        "Experiment: each trial shows maps of the same photo side by side, in an order fixed at random beforehand."
    ]


def _blinding(protocol: Protocol, known: Known) -> Entry:
    return [
        "Participants do not know which method or network made a map: pages, addresses, file names, headers and sizes of "
        "pictures carry no trace of it; `manage.py check_blinding` takes part in the study and looks for one."
    ]


def _further_blinding(protocol: Protocol, known: Known) -> Entry:
    if plan_in(protocol.complete, _names(protocol)).hide_running_results:
        return ["Nobody sees results before the study is closed, the researchers included."]
    return ["None: the researchers can see results while the study runs."]


def _design(protocol: Protocol, known: Known) -> Entry:
    kind, arms = trial_type_of(protocol), len(protocol.arms)
    shown = kind.layout.shown(arms)
    of = f"{shown} of the {arms}" if shown != arms else f"all {arms}"
    question = fill_in(str(protocol.wording.get("question", "")), **{"class": "[class of the photo]"})
    offered = kind.asked.answers_offered(protocol.wording, shown)
    parts = [
        f"{protocol.comparison.name_in_words}: each trial shows {of} arms’ maps of one photo ({protocol.picture}). "
        f"The question is “{question}”{f', with {offered}' if offered else ''}. Nobody is asked about a photo twice"
        f"{f', but for {protocol.repeats_per_participant} repeats at the end, which are in no score' if protocol.repeats_per_participant else ''}.",
        *filter(None, [protocol.comparison.in_words]),
        _photos(protocol.rule, known),
    ]
    if protocol.practice:
        parts.append("Two drawn examples with feedback come first; they are in no score.")
    if protocol.attention_checks:
        parts.append(
            f"Each person meets {protocol.attention_checks} attention checks, whose right answer is known; they are in no score."
        )
    return parts


def _photos(rule: Rule, known: Known) -> str:
    asked = [
        f"classes {', '.join(rule.classes)}" if rule.classes else "",
        f"classes with an F1 of at least {rule.min_f1:g} by every network" if rule.min_f1 is not None else "",
        f"classes among the best {rule.top_share:.0%} of every network by F1".replace("%", " %")
        if rule.top_share is not None
        else "",
        f"the {rule.top_classes} best of them" if rule.top_classes else "",
        "photos that every network gets right" if rule.only_correct else "",
        f"photos that the network gets wrong in a share of {rule.wrong_share:g}, and others that it gets right, drawn by the seed"
        if rule.wrong_share is not None
        else "",
        f"{rule.per_class} photos of each class, drawn by the seed" if rule.per_class else "",
        f"{rule.limit} photos in all, drawn by the seed" if rule.limit else "",
    ]
    rules = "; ".join(part for part in asked if part) or "all photos of the set"
    count = f"{known.photos} photos, from {known.photos_from}" if known.photos is not None else "Photos"
    return f"{count}; chosen by rule: {rules}."


def _randomization(protocol: Protocol, known: Known) -> Entry:
    secret = (
        "the secret of an earlier study that is repeated here"
        if protocol.nonce
        else "a secret that is drawn then, and published when the study closes"
    )
    return [
        f"The places of the maps on screen are balanced over the answers to each photo and fixed for every trial when the study "
        f"opens, from the seed {protocol.seed} and {secret}. "
        "Which photos a person is asked about follows from what is still free when they come.",
        *(
            [
                "Who meets what is given with a person’s first trial: what fewest of their group have, and between equals by the same secret."
            ]
            if protocol.comparison.in_words
            else []
        ),
    ]


def _existing_data(protocol: Protocol, known: Known) -> Entry:
    said = (
        f"At the time of this document {known.answers} {'answer' if known.answers == 1 else 'answers'} of real people are in."
        if known.answers
        else "At the time of this document no real person has answered anything."
    )
    if known.opened:
        said += f" The study was opened on {known.opened}."
    if known.simulated:
        said += f" Simulated answers that are there to try the study out ({known.simulated}) are kept apart and count for nothing."
    return [said]


def _procedures(protocol: Protocol, known: Known) -> Entry:
    eligible = [
        f"“{question['text']}” ({_allowed(question)})"
        for question in protocol.questions
        if question.get("eligible")
    ]
    parts = [
        f"People answer in a browser, after consent. One person answers up to {protocol.trials_per_participant} trials."
    ]
    parts += trial_page_of(protocol).in_words
    if needs := requirements_of(protocol.source):
        parts.append(f"People are asked to use {_devices(needs)}; nobody is refused for another device.")
    if eligible:
        parts.append(f"Eligible by their own answers to: {'; '.join(eligible)}.")
    if payment := protocol.complete.get(CONSENT, {}).get("payment"):
        return [*parts, f"What people get: {payment}", f"{TO_FILL_IN}where and how people are recruited."]
    return [*parts, f"{TO_FILL_IN}where and how people are recruited, and what they are paid."]


def _allowed(question: Mapping[str, Any]) -> str:
    between = " to " if question["kind"] == QuestionKind.NUMBER else " or "
    return between.join(map(str, question["eligible"]))


def _sample(protocol: Protocol, known: Known) -> Entry:
    each = protocol.responses_per_item
    people = (
        f"{protocol.people} people" if protocol.people else "As many people as it takes to give all answers"
    )
    if known.photos is None:
        return [f"{people}; {each} answers to each photo."]
    return [f"{people}; {known.photos} photos × {each} answers = {known.photos * each} answers in all."]


def _rationale(protocol: Protocol, known: Known) -> Entry:
    return [
        *known.power,
        f"{TO_FILL_IN}why {'this effect is the one to look for' if known.power else 'so many'}.",
    ]


def _stopping(protocol: Protocol, known: Known) -> Entry:
    plan = plan_in(protocol.complete, _names(protocol))
    until = "Every required answer is one row that can be answered once: the study is full when all are answered, and takes no more."
    if not plan.looks:
        return [f"{until} Results are judged once, then."]
    return [until, *looks_in_words(plan.looks, bounds_of(plan.looks, len(plan.contrasts)), plan.smallest)]


def _manipulated(protocol: Protocol, known: Known) -> Entry:
    arms = [
        f"{arm.name}: {', '.join(f'{key} = {value}' for key, value in arm.keys.items())}"
        for arm in protocol.arms
    ]
    return ["What made the map:", *_numbered("", arms)]


def _devices(needs: Requirements) -> str:
    """What a study needs of devices, in words.

    >>> _devices(Requirements(min_width=700, keyboard=True))
    'a window of 700 pixels or more and a keyboard'
    """
    words = [
        *([f"a window of {needs.min_width} pixels or more"] if needs.min_width else []),
        *(["a keyboard"] if needs.keyboard else []),
        *(["no phone"] if needs.no_phone else []),
    ]
    return " and ".join(words)


def _measured(protocol: Protocol, known: Known) -> Entry:
    before, after = (
        [question["text"] for question in asked(protocol.questions)] for asked in (asked_before, asked_after)
    )
    return [
        trial_type_of(protocol).plan.measured,
        "The response time runs from the moment when every picture is visible.",
        *([f"Questions about the person: {' · '.join(before)}"] if before else []),
        *([f"Questions after the last photo: {' · '.join(after)}"] if after else []),
    ]


def _indices(protocol: Protocol, known: Known) -> Entry:
    return [trial_type_of(protocol).plan.index]


def _models(protocol: Protocol, known: Known) -> Entry:
    decision = trial_type_of(protocol).plan.primary(
        _names(protocol), _declared(protocol), protocol.complete.get("analysis", {})
    )
    return [*decision, *filter(None, [protocol.comparison.analysed])]


def _transformations(protocol: Protocol, known: Known) -> Entry:
    return ["None of the answers. Intervals are made on a scale that respects the range of the figure."]


def _inference(protocol: Protocol, known: Known) -> Entry:
    plan = plan_in(protocol.complete, _names(protocol))
    contrasts, same = (
        len(plan.contrasts),
        "Interval and p come from one and the same t, so they never disagree.",
    )
    if plan.looks:
        beside = _equivalence(protocol, plan)
        shared = f", shared equally by the {contrasts} declared contrasts" if contrasts > 1 else ""
        return [
            f"A look’s own level decides (see the stopping rule); α is 0.05, two-sided, over all looks{shared}.",
            same,
            *beside,
        ]
    corrected = f"; the p-values of the {contrasts} declared contrasts are corrected by Holm’s method"
    return [f"Two-sided, α = 0.05{corrected if contrasts > 1 else ''}.", same, *_equivalence(protocol, plan)]


def _equivalence(protocol: Protocol, plan: AnalysisPlan) -> Entry:
    """How “no difference that matters” is found, where a smallest effect is declared."""
    kind = trial_type_of(protocol)
    if plan.smallest is None or (kind.asked.declares_contrasts and not plan.contrasts):
        return []
    matters = f"The smallest {kind.asked.smallest_in_words} is {plan.smallest:g}."
    if plan.looks:
        found = "At a look no difference that matters is found where all of the look’s interval lies within it on both sides."
        return [f"{matters} {found}"]
    holm = ", corrected by Holm’s method among each other" if len(plan.contrasts) > 1 else ""
    found = (
        f"No difference that matters is found by two one-sided tests (TOST) of the same t, each at 5 %{holm}"
    )
    return [
        f"{matters} {found}: their p is at most 0.05 where the 90 % interval lies within it on both sides."
    ]


def _exclusion(protocol: Protocol, known: Known) -> Entry:
    plan = plan_in(protocol.complete, _names(protocol))
    rules = plan.rules
    if rules is None:
        return [
            "Nobody is left out by rule. Who withdraws is erased; who is taken out by hand is reported with the reason."
        ]
    said = [
        f"{rules.missed_checks} or more attention checks missed" if rules.missed_checks else "",
        "a practice example wrong every time" if rules.failed_practice else "",
        f"a median response time below {rules.median_ms:g} ms" if rules.median_ms else "",
        f"one place on screen picked in more than {rules.position_share:.0%} of preferences".replace(
            "%", " %"
        )
        if rules.position_share
        else "",
    ]
    has = "; ".join(part for part in said if part)
    if plan.decided_by == "kept":
        return [
            f"Results are given twice, whole: without all answers of a person who has: {has}; which decides. And with everybody, beside it."
        ]
    return [
        f"Results are given twice, whole: with everybody, which decides, and without all answers of a person who has: {has}."
    ]


def _missing(protocol: Protocol, known: Known) -> Entry:
    return [
        "A trial that somebody leaves unanswered goes to the next person. What somebody answered before stopping counts; what "
        "they have withdrawn does not. Nothing is imputed."
    ]


def _exploratory(protocol: Protocol, known: Known) -> Entry:
    return trial_type_of(protocol).plan.exploratory()


def _other(protocol: Protocol, known: Known) -> Entry:
    ethics = protocol.complete.get(CONSENT, {}).get("ethics")
    return [
        *([f"Ethics approval: {ethics}"] if ethics else []),
        f"Platform: Blindsight, code version {known.code_version}.",
        f"SHA-256 of the protocol: {known.plan_sha256}. The study’s report prints the same one if it was opened as it is planned here.",
    ]


WRITERS: dict[str, Writer] = {
    "title": _title,
    "authors": _authors,
    "description": _description,
    "hypotheses": _hypotheses,
    "study_type": _study_type,
    "blinding": _blinding,
    "further_blinding": _further_blinding,
    "design": _design,
    "randomization": _randomization,
    "existing_data": _existing_data,
    "procedures": _procedures,
    "sample": _sample,
    "rationale": _rationale,
    "stopping": _stopping,
    "manipulated": _manipulated,
    "measured": _measured,
    "indices": _indices,
    "models": _models,
    "transformations": _transformations,
    "inference": _inference,
    "exclusion": _exclusion,
    "missing": _missing,
    "exploratory": _exploratory,
    "other": _other,
}


def _names(protocol: Protocol) -> tuple[str, ...]:
    return tuple(arm.name for arm in protocol.arms)


def _declared(protocol: Protocol) -> list[tuple[str, str]]:
    names = _names(protocol)
    return [(names[a], names[b]) for a, b in plan_in(protocol.complete, names).contrasts]


def _numbered(prefix: str, sentences: list[str]) -> list[str]:
    return [f"{prefix}{number}. {sentence}" for number, sentence in enumerate(sentences, start=1)]
