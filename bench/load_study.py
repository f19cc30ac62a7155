"""The study that the load is put on: small real pictures, an open study, and people who are past the instructions.

    python -m bench.load_study --people 1000        (DATABASE_URL and DATA_DIR say where; prints JSON)

Beside it a second study of the same size, for the floor (load_floor.py), which touches no row of the first.
"""

import argparse
import json
import os
import sys

import django

ITEMS, ANSWERS, EACH = 250, 120, 50  # photos, answers to each, photos for one person


def prepare(people: int) -> dict:
    """Fill an empty database; the tokens of the people's links, and what the floor needs to know."""
    from django.core.management import call_command

    from studies.lifecycle.opening import open_study
    from tests.factories import make_study

    call_command("migrate", verbosity=0)
    size = {"items": ITEMS, "responses_per_item": ANSWERS, "trials_per_participant": EACH}
    study = open_study(study=make_study("load", **size))
    tokens = taking_part(study, people)
    return {
        "study": study.pk,
        "participant": study.participants.order_by("pk").values_list("pk", flat=True)[0],
        "tokens": tokens,
    }


def taking_part(study, count: int) -> list[str]:
    """The tokens of so many people who are past the instructions."""
    from django.utils import timezone

    from studies.models import Invitation, Participant, hash_token

    invitation, _ = Invitation.issue(study, simulated=True)
    tokens = [f"volunteer-{number}-{os.urandom(16).hex()}" for number in range(count)]
    Participant.objects.bulk_create(
        Participant(
            study=study,
            invitation=invitation,
            number=number,
            token_sha256=hash_token(token),
            simulated=True,
            instructed_at=timezone.now(),
        )
        for number, token in enumerate(tokens, start=1)
    )
    return tokens


def prepare_floor(study: int) -> int:
    """Open trials once more, in a study of their own; its id."""
    from studies.models import Study, Trial

    floor = Study.objects.create(slug="floor", title="Floor", state=Study.State.OPEN)
    trials = Trial.objects.filter(study=study).order_by("id").values_list("item_id", "order")
    Trial.objects.bulk_create(
        (Trial(study=floor, item_id=item, order=order) for item, order in trials), batch_size=2000
    )
    return floor.pk


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.load_study", description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, required=True)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    made = prepare(options.people)
    json.dump({**made, "floor": prepare_floor(made["study"])}, sys.stdout)


if __name__ == "__main__":
    main()
