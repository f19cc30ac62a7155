"""An open study with pictures as large as real ones, and people past its instructions, for bench/browser.py.

python -m bench.browser_study --trials 24       (DATABASE_URL and DATA_DIR say where; prints JSON)
"""

import argparse
import io
import json
import os
import sys
from itertools import cycle

import django
from PIL import Image, ImageOps

from bench.load_site import ROOT
from bench.load_study import taking_part

SIDE, PEOPLE = 448, 4


def pictures() -> list[bytes]:
    """The sample photos as the product would show them: squares of SIDE pixels."""
    made = []
    for path in sorted((ROOT / "samples/photos").glob("*.jpg")):
        file = io.BytesIO()
        ImageOps.fit(Image.open(path).convert("RGB"), (SIDE, SIDE)).save(file, "JPEG", quality=90)
        made.append(file.getvalue())
    return made


def prepare(trials: int) -> dict:
    from django.core.management import call_command

    from explain.models import ExplanationMap
    from explain.models import Image as Photo
    from studies.lifecycle.opening import open_study
    from tests.factories import make_study

    call_command("migrate", verbosity=0)
    study = make_study("browser", items=trials, responses_per_item=PEOPLE)
    contents = pictures()
    files = [photo.picture for photo in Photo.objects.all()] + [
        row.overlay for row in ExplanationMap.objects.all()
    ]
    for file, content in zip(files, cycle(contents)):
        with file.storage.open(file.name, "wb") as out:
            out.write(content)
    study = open_study(study=study)
    tokens = taking_part(study, PEOPLE)
    return {"tokens": tokens, "kb": sum(map(len, contents)) // len(contents) // 1000}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.browser_study")
    parser.add_argument("--trials", type=int, required=True)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    json.dump(prepare(options.trials), sys.stdout)


if __name__ == "__main__":
    main()
