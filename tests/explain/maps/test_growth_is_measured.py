"""`python -m bench growth` on a few photos: every step is done and told, and one that grows is called so."""

import pytest

from bench import growth
from explain.models import Evaluation, ExplanationMap, Prediction
from studies.models import Study, Trial


@pytest.mark.django_db
def test_every_step_is_measured_on_few_photos():
    rows = growth.measure(20)
    assert [row["step"] for row in rows] == list(growth.STEPS)
    assert [row["units"] for row in rows] == [20] * 6 + [2, 2, 2000]
    assert Prediction.objects.count() == 20
    assert ExplanationMap.objects.count() == Evaluation.objects.count() == 60
    assert Trial.objects.filter(study=Study.objects.get(slug="grown", state="open")).count() == 8

    larger = [row | {"size": 40, "units": 2 * row["units"], "cpu": 2 * row["cpu"]} for row in rows]
    larger[0]["cpu"] *= 10
    machine = {"cpu": "one", "cores": 2, "load": 5.0}
    text = growth.markdown({"growth": {"rows": rows + larger, "machine": machine}})
    told = {line.split(" | ")[0].strip("| "): line for line in text.splitlines() if line.startswith("| ")}
    assert [what for what, line in told.items() if "GROWS" in line] == ["photos come in"]
    assert told["photos come in"].endswith("| 10.00 GROWS |")
    assert told["the summary of its answers"].endswith("| 1.00 |")
    assert "too long" in text
