"""What is installed is what was looked at: locked with hashes, under licences that let people use it."""

import re
from collections import Counter
from functools import cache
from importlib.metadata import requires

import pytest
from packaging.requirements import Requirement

from docs import licences
from tests.packaging.conftest import ROOT
from tests.packaging.test_wheel import pins

LOCKS = {"requirements-web.lock": "requirements-web.txt", "requirements.lock": "requirements.txt"}
GPL = re.compile(r"(?<![L\w])A?GPL|GNU (Affero )?General Public", re.IGNORECASE)


@cache
def locked(lock: str) -> dict[str, tuple[set[str], int]]:
    """Of each package in a lock file: its versions, and how many hashes they have."""
    found: dict[str, tuple[set[str], int]] = {}
    for block in re.split(r"\n(?=\w)", (ROOT / lock).read_text("utf-8")):
        if said := re.match(r"([\w.-]+)(?:\[.*?\])?==(\S+)", block):
            versions, hashes = found.get(licences.plain(said[1]), (set(), 0))
            found[licences.plain(said[1])] = (versions | {said[2]}, hashes + block.count("--hash=sha256:"))
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_each_requirement_is_locked_in_its_version_and_with_hashes(lock):
    """`make lock` writes the lock files anew."""
    known = locked(lock)
    for pin in pins(LOCKS[lock]):
        versions, _ = known[licences.plain(pin.name)]
        assert str(next(iter(pin.specifier)).version) in versions, f"{pin.name}: make lock"
    assert [name for name, (_, hashes) in known.items() if not hashes] == []
    assert "://" not in (ROOT / lock).read_text("utf-8")  # no index of one's own


@pytest.mark.parametrize("lock", LOCKS)
def test_what_they_need_in_their_turn_is_locked_too(lock):
    """Of what has a version here, which says once and for all what it needs. What that needs may be newer here than in the lock file."""
    needs = [
        need
        for pin in pins(LOCKS[lock])
        if not pin.marker or pin.marker.evaluate()
        for need in map(Requirement, requires(pin.name) or [])
        if not need.marker or need.marker.evaluate({"extra": ""})
    ]
    assert len(needs) > 30
    assert {licences.plain(need.name) for need in needs} - {*locked(lock)} == set(), "make lock"


def test_nothing_under_the_gpl_is_needed_to_run_it():
    found = licences.rows()
    assert len(found) > 60
    assert [name for name, licence, _ in found if not licence or GPL.search(licence)] == []


@pytest.mark.parametrize(
    ("licence", "refused"),
    [
        ("GPL-3.0-only", True),
        ("AGPL-3.0", True),
        ("MIT AND GPL-2.0-or-later", True),
        ("GNU General Public License v2 (GPLv2)", True),
        ("GNU Affero General Public License v3", True),
        ("LGPL-3.0-only", False),
        ("GNU Lesser General Public License v3 (LGPLv3)", False),
        ("MIT License", False),
    ],
)
def test_what_counts_as_gpl(licence, refused):
    assert bool(GPL.search(licence)) is refused


def test_the_page_of_licences_says_what_the_packages_say():
    """PYTHONPATH=. python docs/licences.py writes it anew."""
    page = {
        line.split("|")[1].strip(): line
        for line in licences.PAGE.read_text("utf-8").splitlines()
        if line.startswith("| ")
    }
    found = {name: f"| {name} | {licence} | {part} |" for name, licence, part in licences.rows()}
    asked_for = {
        licences.plain(pin.name)
        for file in licences.PARTS.values()
        if (ROOT / file).exists()
        for pin in pins(file)
    }
    assert {*found} & asked_for <= {*page}
    assert [line for name, line in found.items() if name in asked_for and page[name] != line] == []


def test_each_extra_is_looked_at():
    files = Counter(path.name for path in ROOT.glob("requirements*.txt"))
    not_of_the_product = {
        f"requirements-{name}.txt" for name in ("audit", "bench", "cam", "dev", "recipes", "release")
    }
    assert {*files} - not_of_the_product <= {*licences.PARTS.values()}
