"""How long the pages of a large study take on the server: `python -m bench.pages` (10,000 items, 100,000 answers).

A database of its own, made and dropped; rows are written straight in.
"""

import argparse
import os
import statistics
import sys
import time
import uuid
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("SECRET_KEY", "bench-only-" + "0" * 50)
os.environ.setdefault("HTTPS", "false")
ITEMS, EACH, PEOPLE = 10_000, 10, 500
TIMES = 5
BOUND = 300  # milliseconds
METHODS = ("grad-cam", "ablation-cam", "pixel-ablation-cam")


def fill(items=ITEMS, each=EACH, people=PEOPLE):
    """An open choice study of three arms, and a draft of it. Pictures are named, not stored: no page here reads one.

    `each` answers to every item, by `people` in turn: at least as many as `each`.
    """
    from explain.models import ImageSet, Network
    from studies.models import Study

    image_set = ImageSet.objects.create(name="large")
    network = Network.objects.create(
        name="n",
        load="torchvision:resnet50",
        layer="layer4",
        weights_sha256="0" * 64,
        class_names=[str(number) for number in range(1000)],
    )
    images = add_photos(image_set, items)
    add_predictions(images, network)
    maps = {method: add_maps(images, network, method) for method in METHODS}
    study = add_study(network, images, maps, each)
    add_answers(add_trials(study, add_people(study, people), each))
    study.state = Study.State.OPEN
    study.save()
    draft = {**study.protocol, "slug": "draft"}
    Study.objects.create(slug="draft", title="Draft", task="choice", protocol=draft)


def add_photos(image_set, count):
    from explain.models import Image

    return Image.objects.bulk_create(
        Image(
            image_set=image_set,
            file=f"{n}.png",
            picture=f"{n}.jpg",
            original_name=f"{n}.jpg",
            class_name=str(n % 1000),
            class_index=n % 1000,
            width=9,
            height=9,
            source_sha256=f"{n:064d}",
            content_sha256=f"{n:064d}",
        )
        for n in range(count)
    )


def add_predictions(images, network):
    """What the network says of each photo: right of nine in ten."""
    from explain.models import Prediction

    Prediction.objects.bulk_create(
        Prediction(
            image=image,
            network=network,
            top_class=image.class_index if n % 10 else (image.class_index + 1) % 1000,
            top_probability=0.9,
        )
        for n, image in enumerate(images)
    )


def add_maps(images, network, method):
    import numpy as np

    from explain.models import ExplanationMap

    values = np.ones((7, 7), "<f4").tobytes()
    return ExplanationMap.objects.bulk_create(
        ExplanationMap(
            image=image,
            network=network,
            layer="layer4",
            method=method,
            target=image.class_index,
            parameters_hash="0" * 64,
            values=values,
            height=7,
            width=7,
            overlay="o",
            masked="m",
            heat="h",
        )
        for image in images
    )


def add_study(network, images, maps, each):
    """Ready to open: arms, items, and the map of each arm on each item."""
    from studies.models import Arm, Item, ItemMap, Study

    protocol = {
        "version": 1,
        "slug": "large",
        "title": "Large",
        "task": "choice",
        "photos": {"set": "large"},
        "arms": [{"network": "n", "method": method} for method in METHODS],
        "design": {"seed": 1, "responses_per_item": each},
    }
    study = Study.objects.create(
        slug="large",
        title="Large",
        task="choice",
        responses_per_item=each,
        protocol=protocol,
        wording={"question": "Which?", "same": "same"},
        state=Study.State.READY,
        seed=1,
    )
    arms = [
        Arm.objects.create(study=study, index=index, name=method, network=network, method=method)
        for index, method in enumerate(METHODS)
    ]
    items = Item.objects.bulk_create(
        Item(study=study, index=n, image=image) for n, image in enumerate(images)
    )
    ItemMap.objects.bulk_create(
        ItemMap(item=item, arm=arm, map=maps[arm.method][item.index]) for item in items for arm in arms
    )
    return study


def add_people(study, count):
    from studies.models import Invitation, Participant

    invitation, _ = Invitation.issue(study, label="all")
    return Participant.objects.bulk_create(
        Participant(study=study, invitation=invitation, number=n + 1, token_sha256=f"{n:064d}")
        for n in range(count)
    )


def add_trials(study, people, each):
    """So many answered trials for each item, by people in turn."""
    from studies.models import Trial

    return Trial.objects.bulk_create(
        (
            Trial(
                study=study,
                item=item,
                order="0,1,2",
                state=Trial.State.ANSWERED,
                participant=people[(item.index + r * len(people) // each) % len(people)],
                position=item.index + 1,
            )
            for item in study.items.all()
            for r in range(each)
        ),
        batch_size=2000,
    )


def add_answers(trials):
    import numpy as np

    from studies.models import Response

    random = np.random.default_rng(0)
    said = random.integers(-1, 3, len(trials))
    Response.objects.bulk_create(
        (
            Response(
                answer_id=uuid.UUID(int=n),
                trial=trial,
                participant_id=trial.participant_id,
                choice=int(said[n]),
                shown_value=int(said[n]),
                response_ms=int(random.integers(800, 9000)),
            )
            for n, trial in enumerate(trials)
        ),
        batch_size=2000,
    )


PAGES = (
    "/studies/",
    "/studies/large/",
    "/studies/large/watch/",
    "/studies/large/gallery/",
    "/studies/draft/set-up/photos/",
    "/studies/draft/set-up/networks/",
    "/studies/draft/set-up/design/",
    "/studies/draft/set-up/check/",
    "/maps/",
)


def measure():
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client

    fill()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as a database does by itself in time
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("admin"))
    return [time_page(client, address) for address in PAGES]


def time_page(client, address):
    """Ask for a page once to warm up and then TIMES times.

    The least and the median of the time passed, the median time of the process, in milliseconds; and how many queries.
    """
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(address)
    times, work = [], []
    for _ in range(TIMES):
        began, busy = time.perf_counter(), time.process_time()
        response = client.get(address)
        times.append(1000 * (time.perf_counter() - began))
        work.append(1000 * (time.process_time() - busy))
        assert response.status_code == 200, address
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    return address, min(times), statistics.median(times), statistics.median(work), len(queries)


def markdown(rows, vendor, ground):
    lines = [
        "# Pages of staff for a large study",
        "",
        f"`python -m bench.pages`, {vendor}: {ITEMS:,} photos of 1,000 classes, {ITEMS * EACH:,} answers by {PEOPLE} people; "
        f"{TIMES} requests of each page. Bound: {BOUND} ms. Time passed counts what else the machine did; the time of the process "
        f"does not, and has SQLite in it, but no other database. {ground['cpu']}, {ground['cores']} cores; load {ground['load']}.",
        "",
        "| page | least ms | median ms | ms of the process | queries |",
        "|---|---:|---:|---:|---:|",
        *("| `{}` | {:.0f} | {:.0f} | {:.0f} | {} |".format(*row) for row in rows),
        "",
    ]
    passed = [address for address, least, *_ in rows if least > BOUND]
    busy = [address for address, _, _, work, _ in rows if work > BOUND]
    return "\n".join(
        [*lines, _verdict("the least time passed", passed), _verdict("the time of the process", busy), ""]
    )


def _verdict(by, slow):
    return f"By {by}: {'over the bound: ' + ', '.join(slow) if slow else 'bound kept'}.  "


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", type=Path, default=Path(__file__).with_name("RESULTS-pages.md"))
    options = parser.parse_args()
    django.setup()
    from django.conf import settings
    from django.db import connection
    from django.test.runner import DiscoverRunner

    from bench.timing import machine

    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    runner = DiscoverRunner(verbosity=0, interactive=False)
    runner.setup_test_environment()
    old = runner.setup_databases()
    try:
        text = markdown(measure(), connection.vendor, machine())
    finally:
        runner.teardown_databases(old)
    options.to.write_text(text)
    print(text)


if __name__ == "__main__":
    sys.exit(main())
