"""A pytest plugin that keeps how long each test took, in var/mutations/seconds.json; -1 for one that failed or was skipped."""

import json
import os
from collections import defaultdict

from bench.mutation_lines import KEPT

_seconds: dict[str, float] = defaultdict(float)
_not_passed: set[str] = set()


def pytest_runtest_logreport(report):
    _seconds[report.nodeid] += report.duration
    if not report.passed:
        _not_passed.add(report.nodeid)


def pytest_sessionfinish():
    if "PYTEST_XDIST_WORKER" not in os.environ:
        kept = {test: -1 if test in _not_passed else seconds for test, seconds in _seconds.items()}
        (KEPT / "seconds.json").write_text(json.dumps(kept))
