"""From an answer, or an item, back to trial, pictures, maps, weights and code."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from explain.core.commands import Answer, AnswerCommand
from studies.results import AnswerOrigin, Chain, Origin, chain_of_answer, chain_of_item

from .scores import UNBLIND, answered_study


class Command(AnswerCommand):
    help = (
        "Print what an answer rests on: its trial, the pictures that were seen, their raw maps, the networks' weights, and "
        "the code that made them, each with its hash. Or the same of an item with all its answers."
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        group = parser.add_mutually_exclusive_group(required=True)
        group.add_argument("--answer", metavar="UUID", help="column `answer` of answers.csv")
        group.add_argument("--item", type=int, metavar="N", help="number of the item, from 0")
        parser.add_argument("--unblind", **UNBLIND)

    def run(self, *, slug: str, answer: str | None, item: int | None, unblind: bool, **_: Any) -> Answer:
        study = answered_study(slug, unblind)
        chain = chain_of_item(study, item) if item is not None else chain_of_answer(study, answer or "")
        data = asdict(chain)
        for row in data["answers"]:
            row |= {"answer": str(row["answer"]), "answered_at": row["answered_at"].isoformat()}
        return Answer(data=data, text="\n".join(_lines(chain)))


def _lines(chain: Chain) -> Iterator[str]:
    yield f"study {chain.study}"
    yield _pair("protocol, SHA-256", chain.protocol_sha256 or "not frozen yet")
    yield _pair("code version", chain.code_version or "the study is not open yet")
    for answer in chain.answers:
        yield from _of_answer(answer)
    yield f"item {chain.item}: {chain.photo} ({chain.class_name})"
    for origin in chain.maps[:1]:
        yield _pair("photo as imported, SHA-256", origin.source_sha256)
        yield _pair("re-encoded, SHA-256", origin.photo_sha256)
        yield _pair("as shown, SHA-256", origin.photo_shown_sha256 or "no picture yet")
    for place, sha256 in enumerate(chain.checks):
        lies = "elsewhere" if place else "on the object"
        yield _pair(f"check {lies}, SHA-256", sha256 or "no picture yet")
    for origin in chain.maps:
        yield from _of_map(origin)


def _of_answer(answer: AnswerOrigin) -> Iterator[str]:
    yield f"answer {answer.answer}"
    yield _pair("said", answer.said)
    simulated = ", simulated" if answer.simulated else ""
    yield _pair("participant", f"{answer.participant}{simulated}, group {answer.group or '–'}")
    if answer.imported_from:
        yield _pair("imported from", answer.imported_from)
    yield _pair("stored", f"{answer.answered_at:%Y-%m-%d %H:%M:%S} UTC, {answer.status}")
    yield _pair("trial", f"{answer.trial} ({answer.kind}): {' > '.join(answer.order) or 'order not known'}")
    yield _pair(
        "protocol version", f"{answer.protocol_version}, SHA-256 {answer.protocol_sha256 or 'not frozen'}"
    )


def _of_map(origin: Origin) -> Iterator[str]:
    yield f"arm {origin.arm}"
    yield _pair("picture as shown, SHA-256", origin.shown_sha256 or "no picture yet")
    yield _pair("raw map, SHA-256", f"{origin.map_sha256} (map {origin.map})")
    yield _pair("method, target", f"{origin.method}, class {origin.target}")
    yield _pair("parameters, hash", origin.parameters_hash)
    yield _pair("network, layer", f"{origin.network}, {origin.layer}")
    yield _pair("weights, SHA-256", origin.weights_sha256)
    for name, value in origin.manifest.items():
        yield _pair(f"made with {name}", str(value))


def _pair(name: str, value: str) -> str:
    return f"  {name:<28} {value}"
