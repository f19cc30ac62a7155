"""An open study with pictures as large as real ones, and people past its instructions, for bench/browser.py.

python -m bench.browser_study --trials 24       (DATABASE_URL and DATA_DIR say where; prints JSON)
"""

import argparse
import json
import os
import sys
from itertools import cycle

import django
from PIL import Image

from bench.load_site import ROOT
from bench.load_study import taking_part
from explain.cam.rendering import encoding, render

PEOPLE = 4


def pictures() -> list[bytes]:
    """The sample photos as the product shows them: squares, and files of one length."""
    made = []
    for path in sorted((ROOT / "samples/photos").glob("*.jpg")):
        made += encoding.encode_alike([render.frame_picture(Image.open(path))])
    length = encoding.common_length(map(encoding.needed, made))
    return [encoding.filled(file, length) for file in made]


def prepare(trials: int) -> dict:
    from django.core.management import call_command

    from studies.lifecycle.opening import open_study
    from studies.models import Item, ItemMap
    from tests.factories import make_study, shown

    call_command("migrate", verbosity=0)
    study = make_study("browser", items=trials, responses_per_item=PEOPLE)
    contents = pictures()
    rows = [*Item.objects.all(), *ItemMap.objects.all()]
    for row, content in zip(rows, cycle(contents)):
        type(row).objects.filter(pk=row.pk).update(**shown(content))
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
