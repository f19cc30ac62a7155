"""Where the protocol says so, the answers of those whom its rules keep decide, everywhere; those of everybody stand beside them."""

import csv
import json

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from studies.exports.archive import export
from studies.exports.report import report_html
from studies.models import Study
from studies.protocol.schema import ProtocolError, check_protocol, to_toml
from studies.results.answers import Reading
from studies.results.as_json import scores_json
from studies.results.further_analyses import analyse_further
from studies.results.part import part_of
from studies.results.summary import summary_of
from tests.factories import make_study
from tests.studies.filled import answer, make_participant
from tests.studies.protocol.test_read_protocol import CHOICE

pytestmark = pytest.mark.django_db


def hasty_and_calm(decided_by=None, looks=False, state=Study.State.OPEN, hasty=3, slug="whose"):
    """Three people pick the first arm in no time; five look, and pick the second."""
    analysis = {"decided_by": decided_by} if decided_by else {}
    protocol = {
        "analysis": analysis | {"contrasts": [["pixel-ablation-cam", "grad-cam"]]},
        "exclusions": {"median_ms": 900},
    }
    if looks:
        protocol["looks"] = {"after": [0.5, 1.0]}
    study = make_study(
        slug, networks=(slug,), items=6, responses_per_item=8, seed=3, protocol=protocol, state=state
    )
    for number in range(8):
        person = make_participant(study)
        for item in range(6):
            in_haste = number < hasty
            answer(person, item, 0 if in_haste else (1 if item else 2), response_ms=200 if in_haste else 3000)
    return study


def test_everybody_decides_where_nothing_is_said():
    study = hasty_and_calm()
    result, data = summary_of(study), scores_json(study, part_of(study))
    assert (result.participants, result.responses) == (8, 48)
    assert data["participants"] == 8
    assert data["exclusions"]["decided_by"] == "everybody"
    assert data["exclusions"]["kept"]["participants"] == 5
    assert "everybody" not in data["exclusions"]


def test_those_who_are_kept_decide_where_it_is_declared():
    study = hasty_and_calm("kept")
    result, data = summary_of(study), scores_json(study, part_of(study))
    assert (result.participants, result.responses) == (5, 30)
    assert result.outcome.scores[0].score == 0
    assert result.headline == data["headline"]
    assert "leave out 3 of 8 participants; the answers of those whom they keep decide" in " ".join(
        result.notes
    )
    other = data["exclusions"]["everybody"]
    assert (data["exclusions"]["decided_by"], other["participants"], other["responses"]) == ("kept", 8, 48)
    assert "kept" not in data["exclusions"]
    assert data["exclusions"]["flow"]["people kept"] == 5


def test_both_analyses_are_whole_and_the_same_whichever_decides():
    first, second = (hasty_and_calm(decider, slug=decider) for decider in ("everybody", "kept"))
    with_all, without = (scores_json(study, part_of(study)) for study in (first, second))
    for name in ("scores", "same", "lead", "contrasts", "any_difference", "estimands", "headline"):
        assert with_all["exclusions"]["kept"][name] == without[name]
        assert without["exclusions"]["everybody"][name] == with_all[name]


def test_a_look_counts_the_first_answers_of_those_who_are_kept():
    study = hasty_and_calm("kept", looks=True, state=Study.State.CLOSED)
    looks = summary_of(study).looks
    assert (looks.answers, looks.needed) == (30, 48)
    assert [look.answers for look in looks.looks] == [24, 30]
    assert all(look.verdicts[0].estimate >= 0 for look in looks.looks), "nobody who is kept picks grad-cam"
    assert summary_of(hasty_and_calm("everybody", looks=True, slug="all")).looks.answers == 48


def test_page_and_report_show_both_side_by_side(client, admin_user):
    study = hasty_and_calm("kept")
    client.force_login(admin_user)
    page = client.get(reverse("study-results", args=["whose"])).content.decode()
    for text in (page, report_html(study)):
        assert "<strong>With everybody</strong>: " in text
        assert "what decides is without them, as the protocol declared" in text
        assert text.count("With everybody</th>") == 1
    beside = {row.name: row for row in analyse_further(Reading(study, part_of(study))).beside}
    assert beside["grad-cam"].kept.estimate == 0
    assert beside["grad-cam"].everybody.estimate == pytest.approx(3 / 8)
    assert "those without them decide, as it was declared" in report_html(study)
    assert "what is judged is with them" in report_html(hasty_and_calm(slug="other"))


def test_rules_that_leave_out_everybody_say_so_and_show_the_others():
    study = hasty_and_calm("kept", hasty=8)
    result = summary_of(study)
    assert result.responses == 0
    assert "leave out all 8 participants" in " ".join(result.notes)
    data = scores_json(study, part_of(study))
    assert data["exclusions"]["everybody"]["participants"] == 8
    assert "With everybody" not in report_html(study)


def test_contrasts_csv_says_whose_they_are(tmp_path):
    for decider in ("everybody", "kept"):
        folder, study = tmp_path / decider, hasty_and_calm(decider, slug=f"of-{decider}")
        export(study=study, to=folder, formats=["csv"])
        with (folder / "contrasts.csv").open(encoding="utf-8", newline="") as file:
            row = next(csv.DictReader(file))
        share = {score.name: score.share for score in summary_of(study).outcome.scores}
        assert row["decided_by"] == decider
        assert share["grad-cam"] == pytest.approx(3 / 8 if decider == "everybody" else 0)
        assert float(row["estimate"]) == pytest.approx(share["pixel-ablation-cam"] - share["grad-cam"])


def test_people_who_are_kept_need_rules():
    protocol = {**CHOICE, "analysis": {"decided_by": "kept"}}
    with pytest.raises(ProtocolError, match="decided_by: is 'kept', but no rule leaves anybody out"):
        check_protocol(protocol)
    check_protocol(protocol | {"exclusions": {"median_ms": 300}})
    with pytest.raises(ProtocolError, match="'everybody' or 'kept'"):
        check_protocol({**CHOICE, "analysis": {"decided_by": "nobody"}})


def test_power_follows_and_refuses_to_leave_people_out_who_count(tmp_path, capsys):
    source = {**CHOICE, "photos": {"set": "none-yet", "limit": 20}, "exclusions": {"median_ms": 300}}
    path = tmp_path / "study.toml"
    arguments = ("power", str(path), "--people", "20", "--studies", "40", "--json")
    path.write_text(to_toml(source))
    with pytest.raises(CommandError, match="everybody’s answers decide"):
        call_command(*arguments, "--left-out", "0.5")
    path.write_text(to_toml(source | {"analysis": {"decided_by": "kept"}}))
    powers = []
    for share in ("0", "0.7"):
        call_command(*arguments, "--left-out", share)
        powers.append(json.loads(capsys.readouterr().out)["points"][0])
    assert powers[0]["width"] < powers[1]["width"]
