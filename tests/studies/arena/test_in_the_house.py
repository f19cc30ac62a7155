"""A living comparison in the rest of the house: many at once, the blinding audit, exports and the report, the preregistration."""

import json
import subprocess
import sys
from collections import Counter

import pytest
from django.conf import settings

from studies.arena import join, leave
from studies.exports.archive import export
from studies.lifecycle.seal import broken_seal
from studies.models import Event, Response, Trial
from studies.preregistration import preregister
from studies.protocol import check_protocol
from studies.simulation import check_blinding
from tests.factories import make_participant
from tests.studies.arena.test_join_and_leave import NEW, PROTOCOL, now
from tests.studies.arena.test_join_and_leave import birds as birds
from tests.studies.arena.test_join_and_leave import study as study
from tests.studies.trials.test_race import CLIENTS, at_once
from tests.studies.trials.test_race import take_part as races
from tests.studies.trials.test_rounds import opened, take_part


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["adaptive", "arena"])
def test_many_at_once_choose_one_round_at_a_time(kind):
    study = opened(kind, items=12, responses_per_item=8, trials_per_participant=6, networks=("racing",))
    people = [make_participant(study, number) for number in range(1, CLIENTS + 1)]
    at_once(races, [(person, person.number) for person in people])
    rounds = list(study.events.filter(kind=Event.Kind.ROUND).order_by("pk").values_list("data", flat=True))
    assert [one["round"] for one in rounds] == list(range(len(rounds)))
    chosen = sum(one["trials"] for one in rounds)
    # Of a study with an end whoever comes while a round is given out gets a trial of the next, as the balanced design has it.
    assert chosen == study.trials.count() if kind == "arena" else 12 <= chosen <= 96
    if kind == "adaptive":
        assert set(Counter(study.trials.values_list("item", flat=True)).values()) == {8}
    assert max(Counter(Response.objects.values_list("participant", "trial__item")).values()) == 1
    assert Counter(Response.objects.values_list("status", flat=True)).keys() <= {"counted", "surplus"}
    assert broken_seal(study) is None


@pytest.mark.django_db
def test_the_audit_finds_nothing_and_files_tell_what_happened(study, tmp_path):
    for number in range(4):
        take_part(now(study), 8, seed=number)
    join(study=now(study), arm=NEW, why="New")
    take_part(now(study), 8, seed=10)
    leave(study=now(study), name="layer-cam", why="Gone")
    take_part(now(study), 8, seed=11)
    study = now(study)
    export(study=study, to=tmp_path / "files", formats=["csv"])
    scores = json.loads((tmp_path / "files" / "scores.json").read_text("utf-8"))
    assert set(scores["scores"]) == {"grad-cam", "ablation-cam", "layer-cam", "score-cam", "Newcomer"}
    assert scores["responses"] == Trial.objects.filter(state="answered").count()
    script = settings.BASE_DIR / "docs" / "recompute_pairs.py"
    files = [tmp_path / "files" / name for name in ("answers.csv", "scores.json")]
    done = subprocess.run(
        [sys.executable, script, files[0], "--check", files[1]], capture_output=True, text=True, check=False
    )
    assert "every score agrees" in done.stderr, done.stderr
    checks = check_blinding(study=study)
    assert [check for check in checks if check.leaks] == []


@pytest.mark.django_db
def test_a_preregistration_says_which_inference_holds():
    text = json.dumps(preregister(check_protocol(PROTOCOL)).as_json())
    assert "no moment at which this study is decided" in text
    assert "asked about more" in text
