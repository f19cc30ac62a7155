"""`simulate SLUG --participants 15 --seed 1`: simulated volunteers over the real pages."""

import contextlib
from typing import Any

from django.core.management.base import CommandParser
from tqdm import tqdm

from explain.core.commands import Answer, AnswerCommand
from explain.core.errors import BadInputError
from studies.analysis.answers import SAME_NAME
from studies.models import Study, find_study
from studies.simulation import Preference, in_boxes, local_server, simulate

CHANCES = (
    ("dropout", 0.0, "chance of leaving after an answer"),
    ("attention", 0.95, "chance of answering an attention check right"),
    ("lazy", 0.0, "share of people who always press the first button"),
    ("position-bias", 0.0, "chance that an answer is the first button, whatever is there"),
)


class Command(AnswerCommand):
    help = "Send simulated volunteers through the real pages. Their answers are marked as simulated for good."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="the study; it must be open")
        parser.add_argument("--participants", type=int, default=15)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--prefer",
            default="",
            help="shares of a choice study: ARM=0.5,OTHER=0.3,same=0.2 (default: all alike)",
        )
        parser.add_argument("--mean", type=float, default=0.0, help="mean rating, positive for the first arm")
        parser.add_argument("--spread", type=float, default=1.0, help="spread of one person's ratings")
        parser.add_argument(
            "--rule",
            choices=["shares", "localisation"],
            default="shares",
            help="shares: --prefer or --mean; localisation: people prefer the map with more of itself in the photo's boxes",
        )
        for name, default, help in CHANCES:
            parser.add_argument(f"--{name}", type=float, default=default, help=f"{help} (0 to 1)")
        parser.add_argument("--at-once", type=int, default=4, help="people who take part at the same time")
        parser.add_argument(
            "--base-url", help="where the site runs (default: a server of this command's own)"
        )

    def run(self, *, slug: str, participants: int, seed: int, at_once: int, **options: Any) -> Answer:
        study = find_study(slug)
        if study.state != Study.State.OPEN:
            raise BadInputError(f"{slug}: is {study.state}, not open; open it: manage.py open_study {slug}")
        for name, number in (("--participants", participants), ("--at-once", at_once)):
            if number < 1:
                raise BadInputError(f"{name} {number}: must be 1 or more.")
        chances = {name.replace("-", "_"): options[name.replace("-", "_")] for name, _, _ in CHANCES}
        for name, chance in chances.items():
            if not 0 <= chance <= 1:
                raise BadInputError(f"--{name.replace('_', '-')} {chance}: must be between 0 and 1.")
        located = in_boxes(study) if options["rule"] == "localisation" else None
        preference = Preference(
            shares(study, options["prefer"]),
            options["mean"],
            options["spread"],
            **chances,
            values=located,
            values_are="itself in the photo's boxes; photos without a box do not count",
        )
        stated = preference.in_words(study)
        base_url = options["base_url"]
        server = contextlib.nullcontext(base_url) if base_url else local_server()
        with server as address, tqdm(total=participants, unit="person", desc="simulated") as bar:
            done = simulate(
                study=study,
                participants=participants,
                seed=seed,
                preference=preference,
                base_url=address,
                at_once=at_once,
                report=lambda _answers: bar.update(),
            )
        late = participants - done.let_in
        return Answer(
            data={
                "study": slug,
                "simulated": True,
                "answers": done.answers,
                "people": done.let_in,
                "rule": stated,
            },
            header=["study", "simulated people", "simulated answers"],
            rows=[[slug, done.let_in, done.answers]],
            notes=[f"They followed this rule: {stated}."]
            + ([f"{late} more came when no trial was left and were turned away."] if late else []),
        )


def shares(study: Study, prefer: str) -> dict[str, float]:
    """What `--prefer` says, by arm name and `same`."""
    names = [*study.arms.values_list("name", flat=True), SAME_NAME]
    if not prefer:
        return dict.fromkeys(names, 1.0)
    weights = {}
    for part in prefer.split(","):
        name, _, number = part.partition("=")
        if name.strip() not in names:
            raise BadInputError(
                f"--prefer: there is no arm {name.strip()!r}; the arms are {', '.join(names)}."
            )
        try:
            weights[name.strip()] = float(number)
        except ValueError:
            raise BadInputError(f"--prefer: {part!r} is not NAME=NUMBER.") from None
    if not min(weights.values()) >= 0 or not 0 < sum(weights.values()) < float("inf"):
        raise BadInputError("--prefer: shares must be numbers of 0 or more, and not all 0.")
    return weights
