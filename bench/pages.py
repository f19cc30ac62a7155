"""How long the pages of a large study take on the server: `python -m bench.pages` (10,000 items, 100,000 answers).

A database of its own, made and dropped; rows are written straight in. Prints the median of five requests a page.
"""

import os
import statistics
import sys
import time
import uuid

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("SECRET_KEY", "bench-only-" + "0" * 50)
os.environ.setdefault("HTTPS", "false")
ITEMS, EACH, PEOPLE = 10_000, 10, 500
TIMES = 5


def fill():
    """An open choice study of three arms. Pictures are named, not stored: no page of these reads one."""
    import numpy as np

    from explain.models import ExplanationMap, Image, ImageSet, Network
    from studies.models import Arm, Invitation, Item, ItemMap, Participant, Response, Study, Trial

    image_set = ImageSet.objects.create(name="large")
    network = Network.objects.create(
        name="n",
        load="torchvision:resnet50",
        layer="layer4",
        weights_sha256="0" * 64,
        class_names=[str(number) for number in range(1000)],
    )
    images = Image.objects.bulk_create(
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
        for n in range(ITEMS)
    )
    methods = ["grad-cam", "ablation-cam", "pixel-ablation-cam"]
    values = np.ones((7, 7), "<f4").tobytes()
    maps = {
        method: ExplanationMap.objects.bulk_create(
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
        for method in methods
    }
    arms = [{"network": "n", "method": method} for method in methods]
    protocol = {
        "version": 1,
        "slug": "large",
        "title": "Large",
        "task": "choice",
        "photos": {"set": "large"},
        "arms": arms,
        "design": {"seed": 1, "responses_per_item": EACH},
    }
    study = Study.objects.create(
        slug="large",
        title="Large",
        task="choice",
        responses_per_item=EACH,
        protocol=protocol,
        wording={"question": "Which?", "same": "same"},
        state=Study.State.READY,
        seed=1,
    )
    rows = [
        Arm.objects.create(study=study, index=i, name=m, network=network, method=m)
        for i, m in enumerate(methods)
    ]
    items = Item.objects.bulk_create(
        Item(study=study, index=n, image=image) for n, image in enumerate(images)
    )
    ItemMap.objects.bulk_create(
        ItemMap(item=item, arm=arm, map=maps[arm.method][item.index]) for item in items for arm in rows
    )
    invitation, _ = Invitation.issue(study, label="all")
    people = Participant.objects.bulk_create(
        Participant(study=study, invitation=invitation, number=n + 1, token_sha256=f"{n:064d}")
        for n in range(PEOPLE)
    )
    trials = Trial.objects.bulk_create(
        (
            Trial(
                study=study,
                item=item,
                order="0,1,2",
                state=Trial.State.ANSWERED,
                participant=people[(item.index + r * PEOPLE // EACH) % PEOPLE],
                position=item.index + 1,
            )
            for item in items
            for r in range(EACH)
        ),
        batch_size=2000,
    )
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
    study.state = Study.State.OPEN
    study.save()
    Study.objects.create(slug="draft", title="Draft", task="choice", protocol={**protocol, "slug": "draft"})
    return study


def measure():
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    fill()
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("admin"))
    pages = [
        "/studies/",
        "/studies/large/",
        "/studies/large/watch/",
        "/studies/large/gallery/",
        "/studies/draft/set-up/photos/",
        "/studies/draft/set-up/networks/",
        "/studies/draft/set-up/design/",
        "/studies/draft/set-up/check/",
        "/maps/",
    ]
    print(
        f"{connection.vendor}; {ITEMS:,} items, {ITEMS * EACH:,} answers; median of {TIMES}, ms: time passed, and CPU time"
    )
    for address in pages:
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
        print(
            f"{statistics.median(times):8.0f} {statistics.median(work):8.0f}  {len(queries):3d} queries  {address}"
        )


def main():
    django.setup()
    from django.conf import settings
    from django.test.runner import DiscoverRunner

    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    runner = DiscoverRunner(verbosity=0, interactive=False)
    runner.setup_test_environment()
    old = runner.setup_databases()
    try:
        measure()
    finally:
        runner.teardown_databases(old)


if __name__ == "__main__":
    sys.exit(main())
