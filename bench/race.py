"""Many volunteers at once: every item gets exactly its answers. `python -m bench.race --clients 64 --runs 20`, with `--task pair --arms 14`
of another trial type.

Uses a test database on whatever DATABASE_URL names, made for the purpose and dropped at the end. Exits with 1 if any
run breaks a promise.
"""

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import numpy as np

QUOTA = 60
ABANDONED = 0.2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--items", type=int, default=250)
    parser.add_argument("--responses", type=int, default=18)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--task", default="choice", help="a trial type whose first map can be picked")
    parser.add_argument("--arms", type=int, default=3)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection

    if connection.vendor == "sqlite":  # a file: threads share an in-memory database badly
        settings.DATABASES["default"]["TEST"]["NAME"] = str(settings.DATA_DIR / "race.sqlite3")
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        good = [one_run(number, options) for number in range(options.runs)]
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
    print(f"{sum(good)} of {len(good)} runs kept every promise")
    sys.exit(not all(good))


def make_study(number: int, options):
    """A study without pictures: nothing here looks at them."""
    from explain.models import Image, ImageSet, Network
    from studies.models import Arm, Item, Study
    from studies.trials.allocation import lay_out_trials

    photos = ImageSet.objects.create(name=f"race-{number}")
    blank = {"class_name": "x", "class_index": 1, "width": 1, "height": 1, "content_sha256": ""}
    images = Image.objects.bulk_create(
        Image(image_set=photos, original_name=str(index), source_sha256=f"{index:064d}", **blank)
        for index in range(options.items)
    )
    network = Network.objects.create(name=f"race-{number}", load="none", layer="none", weights_sha256="")
    study = Study.objects.create(
        slug=f"race-{number}",
        title="Race",
        task=options.task,
        responses_per_item=options.responses,
        trials_per_participant=QUOTA,
        seed=number,
    )
    for index in range(options.arms):
        name = f"arm-{index}"
        Arm.objects.create(study=study, index=index, name=name, network=network, method=name)
    Item.objects.bulk_create(
        Item(study=study, index=index, image=image) for index, image in enumerate(images)
    )
    lay_out_trials(study)
    study.state = Study.State.OPEN
    study.save()
    return study


def invite(study, people: int, start: int = 1):
    from studies.models import Invitation, Participant

    invitation, _ = Invitation.issue(study)
    return Participant.objects.bulk_create(
        Participant(study=study, invitation=invitation, number=number, token_sha256=f"{study.slug} {number}")
        for number in range(start, start + people)
    )


def take_part(participant) -> int:
    """Claim and answer until nothing is left; one claim in five is abandoned, and its lease is over at once."""
    from django.db import connections

    from studies.trials.allocation import answer_trial, claim_trials

    random, given = np.random.default_rng([participant.study_id, participant.number]), 0
    try:
        while claimed := claim_trials(participant=participant, count=5):
            for trial in claimed:
                if random.random() < ABANDONED:
                    run_out(participant, pk=trial.pk)
                else:
                    answer_trial(
                        participant=participant, position=trial.position, shown_value=0, answer_id=uuid4()
                    )
                    given += 1
        run_out(participant)  # an answer renewed what was abandoned before it
        return given
    finally:
        connections.close_all()


def run_out(participant, **which) -> None:
    from django.utils import timezone

    from studies.models import Trial

    mine = Trial.objects.filter(participant=participant, state="claimed", **which)
    mine.update(lease_until=timezone.now() - timedelta(seconds=1))


def one_run(number: int, options) -> bool:
    from django.db import connection

    study = make_study(number, options)
    people = invite(study, 2 * options.items * options.responses // QUOTA + 2 * options.responses)
    began = time.perf_counter()
    with ThreadPoolExecutor(options.clients) as pool:
        given = sum(pool.map(take_part, people))
        # Whoever walks away last leaves trials that everyone present has met: they need someone new.
        while study.trials.exclude(state="answered").exists():
            people += invite(study, 1, start=len(people) + 1)
            given += take_part(people[-1])
    seconds = time.perf_counter() - began
    broken = [promise for promise, kept in promises(study, options).items() if not kept]
    print(
        f"run {number}: {connection.vendor}, {options.clients} clients, {len(people)} people, {given} answers "
        f"in {seconds:.0f} s ({given / seconds:.0f}/s): {'; '.join(broken) or 'every promise kept'}",
        flush=True,
    )
    return not broken


def promises(study, options) -> dict[str, bool]:
    from studies.models import Event, Response, Trial

    answers = Response.objects.filter(trial__study=study)
    counted = answers.filter(status="counted").order_by()
    per_item = Counter(counted.values_list("trial__item", flat=True))
    met = Counter(Trial.objects.filter(study=study).values_list("participant", "item"))
    met.update(
        (event.participant_id, event.data["item"]) for event in study.events.filter(kind=Event.Kind.LAPSED)
    )
    answered = list(study.trials.filter(state="answered"))
    cells = Counter((arm, place) for trial in answered for place, arm in enumerate(trial.arms))
    whole = len(answered) % len({trial.order for trial in answered}) == 0
    return {
        f"exactly {options.responses} answers an item": len(per_item) == options.items
        and set(per_item.values()) == {options.responses},
        "nobody answered an item twice": max(
            Counter(answers.values_list("participant", "trial__item")).values()
        )
        == 1,
        "nobody met an item twice": max(met.values()) == 1,
        "every arm stood in every place equally often": max(cells.values()) - min(cells.values())
        <= (not whole),
    }


if __name__ == "__main__":
    main()
