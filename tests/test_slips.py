"""The slips on file can be put in: what each would change stands in its file, once, and its tests are there."""

import pytest

from bench.slips import ROOT, read_slips

SLIPS = read_slips()


@pytest.mark.parametrize("slip", SLIPS, ids=[f"{slip.file}: {slip.costs}" for slip in SLIPS])
def test_a_slip_can_be_put_in(slip):
    text = (ROOT / slip.file).read_text("utf-8")
    assert text.count(slip.was) == 1, f"{slip.file}: this text stands there {text.count(slip.was)} times"
    assert slip.becomes != slip.was
    assert slip.tests
    for test in slip.tests:
        path, _, name = test.partition("::")
        assert (ROOT / path).exists(), test
        assert name.split("[")[0].split("::")[-1] in (ROOT / path).read_text("utf-8") if name else True, test
