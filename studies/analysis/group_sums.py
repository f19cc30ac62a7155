"""Add up rows group by group: what a sparse matrix of ones times a dense one is, with numpy alone.

Layer 0 has the first member of every group, layer 1 the second of every group that has two, and so on: each layer is gathered
and added in one go, over long stretches of memory. (np.add.reduceat adds number by number down a column: four times slower.)
"""

import numpy as np

RUN = 256
"""Members that are added up layer by layer. A larger group is cut into runs, whose sums are added up in the same way, so that
a few large groups are not thousands of layers of a few rows each."""


class GroupSums:
    """Call it with values (rows, d) for (groups, d): for each group the sum of its members' rows, 0 where it has none.

    group (n,) int: 0 … groups − 1. row (n,) int: which row of the values a member stands for. Both in any order, any row any
    number of times.

    >>> GroupSums(np.array([0, 2, 2]), np.array([1, 0, 1]), 3)(np.array([[1.0, 2.0], [10.0, 20.0]])).tolist()
    [[10.0, 20.0], [0.0, 0.0], [11.0, 22.0]]
    """

    def __init__(self, group: np.ndarray, row: np.ndarray, groups: int) -> None:
        row = row[np.argsort(group, kind="stable")]
        members = np.bincount(group, minlength=groups)
        runs = -(-members // RUN)
        owner = np.repeat(np.arange(groups), runs)
        number = np.arange(len(owner)) - (np.cumsum(runs) - runs)[owner]
        first = (np.cumsum(members) - members)[owner] + RUN * number
        length = np.minimum(RUN, members[owner] - RUN * number)
        longest_first = np.argsort(-length, kind="stable")
        first, owner = first[longest_first], owner[longest_first]
        as_long = np.cumsum(np.bincount(length)[::-1])[::-1]  # how many runs have at least 0, 1, 2 … members
        self._layers = [row[first[:count] + place] for place, count in enumerate(as_long[1:])]
        self._groups, self._owner = groups, owner
        self._of_runs = GroupSums(owner, np.arange(len(owner)), groups) if runs.max(initial=0) > 1 else None

    def __call__(self, values: np.ndarray) -> np.ndarray:
        sums = np.zeros((len(self._owner), values.shape[1]))
        gathered = np.empty_like(sums)
        for rows in self._layers:
            # "clip" writes straight into `out`, where the default would go by way of a copy
            sums[: len(rows)] += np.take(values, rows, axis=0, out=gathered[: len(rows)], mode="clip")
        if self._of_runs:
            return self._of_runs(sums)
        totals = np.zeros((self._groups, values.shape[1]))
        totals[self._owner] = sums
        return totals
