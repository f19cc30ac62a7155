"""The services run code and read secrets that they cannot change: what THREAT_MODEL.md says of deploy/systemd/."""

from pathlib import Path

import pytest
from django.conf import settings

UNITS = sorted((Path(settings.BASE_DIR) / "deploy" / "systemd").glob("*.service"))


def settings_of(unit: Path) -> dict[str, str]:
    lines = [line for line in unit.read_text("utf-8").splitlines() if "=" in line and line[0] not in "#["]
    return dict(line.split("=", 1) for line in lines)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_service_cannot_change_its_own_code_or_secrets(unit):
    asked = settings_of(unit)
    assert asked["User"] == "blindsight"
    assert asked["ProtectSystem"] == "strict"
    kept = asked["ReadOnlyPaths"].split()
    assert {asked["WorkingDirectory"], asked["EnvironmentFile"]} <= set(kept)
    assert asked["ExecStart"].startswith(f"{asked['WorkingDirectory']}/")


def test_there_is_a_service_for_pages_and_one_for_maps():
    assert [unit.name for unit in UNITS] == ["blindsight-web.service", "blindsight-worker@.service"]
