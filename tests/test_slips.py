"""The slips on file can be put in: what each would change stands in its file, once, and its tests are there."""

from pathlib import Path

import pytest

from bench.changes import ROOT
from bench.slips import SLIPS, read_slips


def faults(slip):
    path = ROOT / slip.file
    stands = path.read_text("utf-8").count(slip.was) if path.is_file() else 0
    if stands != 1:
        yield f"its text stands there {stands} times"
    if slip.was == slip.becomes:
        yield "it changes nothing"
    if not slip.tests:
        yield "no test is named"
    for test in slip.tests:
        file, _, name = test.partition("::")
        if not (ROOT / file).is_file() or name.split("[")[0].split("::")[-1] not in (ROOT / file).read_text(
            "utf-8"
        ):
            yield f"there is no {test}"


@pytest.mark.parametrize("area", sorted(path.stem for path in SLIPS.glob("*.toml")))
def test_each_slip_can_be_put_in(area):
    slips = [slip for slip in read_slips() if slip.area == area]
    assert slips
    assert [f"{slip.file}: {slip.costs}: {fault}" for slip in slips for fault in faults(slip)] == []


def test_a_slip_that_no_longer_fits_is_named(tmp_path):
    (tmp_path / "some.toml").write_text(
        '[[slip]]\nfile = "manage.py"\ncosts = "all"\nwas = "not there"\nbecomes = ""\ntests = ["tests/none.py"]\n'
    )
    (slip,) = read_slips(Path(tmp_path))
    assert list(faults(slip)) == ["its text stands there 0 times", "there is no tests/none.py"]
