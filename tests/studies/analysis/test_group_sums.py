"""Sums over groups equal a sparse matrix of ones times the values, whatever the sizes of the groups."""

import numpy as np
import pytest
from scipy import sparse

from studies.analysis import group_sums
from studies.analysis.group_sums import GroupSums


@pytest.mark.parametrize("run", [1 + 1, 3, 256])
@pytest.mark.parametrize("n", [0, 1, 5, 400])
def test_it_equals_the_product_with_a_sparse_matrix(run, n, monkeypatch):
    monkeypatch.setattr(group_sums, "RUN", run)
    rng = np.random.default_rng([run, n])
    group = (12 * rng.random(n) ** 3).astype(int)  # a few large groups, some without members
    row = rng.integers(7, size=n)
    values = rng.integers(9, size=(7, 4)).astype(float)
    table = sparse.csr_array((np.ones(n), (group, row)), shape=(12, 7))
    assert np.array_equal(GroupSums(group, row, 12)(values), table @ values)
