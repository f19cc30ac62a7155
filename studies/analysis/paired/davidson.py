"""Bradley–Terry strengths with ties and a side term, fitted to answers about two arms each.

With arm l on the left and r on the right, β the log strengths, s the pull of the left side, t how readily “same” is said:

    left: β_l + s/2        right: β_r − s/2        same: t + (β_l + β_r)/2

are the logarithms of what the chances are proportional to. Without s it is Davidson's model (1970, “On extending the Bradley–Terry model
to accommodate ties”, JASA 65, 317–328) with ν = e^t; s is the order effect of Davidson & Beaver (1977, Biometrics 33, 693–702).
A multinomial logit, concave, fitted by Newton's method. An answer of which nobody knows the sides counts without s.

**Where no finite strengths exist** (an arm won or lost all, everybody took the left, everybody said “same”), to what people answered is
added: for each arm one answer beside an imagined arm of average strength, half of it won and half lost; for the side one between equals, half
left and half right; for “same” one between equals, half “same”. Strengths are then finite, in the order of what was answered, and
drawn together a little; `Fit.helped` says so.
"""

from dataclasses import dataclass

import numpy as np

from .answers import FIRST, SAME, SECOND

FAR = 12.0  # a log strength further than this from the middle is on its way to infinity
STEPS = 200
CLOSE = 1e-11
LOCAL = 4  # arm of the lower index, the other, side, tie


@dataclass(frozen=True, eq=False)
class Cells:
    """What could be asked: two arms a < b and where they stood, with what was answered to it."""

    a: np.ndarray  # (m,)
    b: np.ndarray  # (m,)
    side: np.ndarray  # (m,) 1: a stood on the left; −1: on the right; 0: not known
    counts: np.ndarray  # (m, 3) weights of FIRST, SECOND, SAME
    cell: np.ndarray  # (n,) which of them each answer is of
    arms: int

    @property
    def places(self) -> np.ndarray:
        """(m, 4): where the local parameters stand among those of all: arms, then side, then tie."""
        rest = np.broadcast_to([self.arms, self.arms + 1], (len(self.a), 2))
        return np.column_stack([self.a, self.b, rest])

    @property
    def outcomes(self) -> np.ndarray:
        """(m, 3, 4): how each outcome's log chance moves with the local parameters."""
        x = np.zeros((len(self.a), 3, LOCAL))
        x[:, FIRST, 0] = x[:, SECOND, 1] = 1
        x[:, FIRST, 2], x[:, SECOND, 2] = self.side / 2, -self.side / 2
        x[:, SAME, :2], x[:, SAME, 3] = 0.5, 1
        return x


@dataclass(frozen=True, eq=False)
class Fit:
    """Parameters are of all arms (the log strengths, mean 0), then side and tie, which are 0 where they are not estimated."""

    cells: Cells
    parameters: np.ndarray  # (k + 2,)
    free: (
        np.ndarray
    )  # which of the k + 2 are estimated: all arms but the first, and side and tie where they are
    information: np.ndarray  # (q, q) of the free ones; with what was added, where it was
    helped: bool  # no finite estimate without what is added
    sided: bool  # there is a side term
    tied: bool  # there is a term for “same”
    log_likelihood: float  # of what was answered

    @property
    def strengths(self) -> np.ndarray:
        """(k,) β, mean 0."""
        return self.parameters[: self.cells.arms]


def cells_of(
    a: np.ndarray, b: np.ndarray, outcome: np.ndarray, side: np.ndarray, weight: np.ndarray, arms: int
) -> Cells:
    """The distinct questions of n answers. `weight` (n,): what each counts."""
    code = (a * arms + b) * 3 + side + 1
    distinct, cell = np.unique(code, return_inverse=True)
    counts = np.bincount(cell * 3 + outcome, weight, minlength=3 * len(distinct)).reshape(-1, 3)
    pair, where = np.divmod(distinct, 3)
    return Cells(pair // arms, pair % arms, where - 1, counts, cell, arms)


def chances(cells: Cells, parameters: np.ndarray) -> np.ndarray:
    """(m, 3): of each outcome. Without any “same” there is no such outcome."""
    utility = np.einsum("mol,ml->mo", cells.outcomes, parameters[cells.places])
    if not cells.counts[:, SAME].any():
        utility[:, SAME] = -np.inf
    weight = np.exp(utility - utility.max(axis=1, keepdims=True))
    return weight / weight.sum(axis=1, keepdims=True)


def local_information(cells: Cells, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(m, 3, 4) what an answer of each outcome adds to the slopes, and (m, 4, 4) what any answer adds to the information."""
    p, x = chances(cells, parameters), cells.outcomes
    apart = x - np.einsum("mo,mol->ml", p, x)[:, None]
    return apart, np.einsum("mo,mol,mok->mlk", p, apart, apart)


def spread_out(cells: Cells, vectors: np.ndarray, square: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums over the cells of local vectors (m, 4) and matrices (m, 4, 4), among all k + 2 parameters."""
    size, at = cells.arms + 2, cells.places
    slope = np.bincount(at.ravel(), vectors.ravel(), minlength=size)
    both = at[:, :, None] * size + at[:, None, :]
    return slope, np.bincount(both.ravel(), square.ravel(), minlength=size**2).reshape(size, size)


def fit(cells: Cells) -> Fit:
    """The strengths. Every arm must be connected with every other by what was compared (`ranks.components`)."""
    free, sided, tied = _free(cells)
    parameters = _newton(cells, free, helped=False)
    helped = parameters is None
    if parameters is None:
        parameters = _newton(cells, free, helped=True)
        assert parameters is not None, "what is added makes every estimate finite"
    _, information = _slopes(cells, parameters, helped)
    middle = parameters.copy()
    middle[: cells.arms] -= middle[: cells.arms].mean()
    p = chances(cells, parameters)
    likelihood = float((cells.counts * np.log(np.where(cells.counts > 0, p, 1))).sum())
    return Fit(cells, middle, free, information[np.ix_(free, free)], helped, sided, tied, likelihood)


def _free(cells: Cells) -> tuple[np.ndarray, bool, bool]:
    """Which parameters are estimated: without the side where arms and sides cannot be told apart, without “same” where nobody said it."""
    k, tied = cells.arms, bool(cells.counts[:, SAME].any())
    _, information = _slopes(cells, np.zeros(k + 2), helped=False)
    both = np.array([*range(1, k), k])
    sided = bool(cells.side.any()) and np.linalg.matrix_rank(information[np.ix_(both, both)]) == k
    return np.array([*range(1, k), *([k] if sided else []), *([k + 1] if tied else [])]), sided, tied


def _slopes(cells: Cells, parameters: np.ndarray, helped: bool) -> tuple[np.ndarray, np.ndarray]:
    """Gradient (k + 2,) and information (k + 2, k + 2) of the log likelihood."""
    apart, each = local_information(cells, parameters)
    gradient, information = spread_out(
        cells,
        np.einsum("mo,mol->ml", cells.counts, apart),
        cells.counts.sum(axis=1)[:, None, None] * each,
    )
    if helped:
        for x, at in _added(cells, parameters):
            chance = 1 / (1 + np.exp(-at))
            gradient = gradient + (0.5 - chance) * x
            information = information + chance * (1 - chance) * np.outer(x, x)
    return gradient, information


def _added(cells: Cells, parameters: np.ndarray) -> list[tuple[np.ndarray, float]]:
    """The answers that are added where no estimate is finite: how the log odds move with the parameters, and where they are."""
    k, every = cells.arms, np.eye(cells.arms + 2)
    against_average = every[:k] - np.append(np.full(k, 1 / k), [0, 0])
    rows = [(x, float(x @ parameters)) for x in [*against_average, every[k]]]
    return [*rows, (every[k + 1], float(parameters[k + 1] - np.log(2)))]


def _newton(cells: Cells, free: np.ndarray, helped: bool) -> np.ndarray | None:
    """(k + 2,) by steps of at most 1; None where it runs away."""
    parameters = np.zeros(cells.arms + 2)
    for _ in range(STEPS):
        gradient, information = _slopes(cells, parameters, helped)
        inner = information[np.ix_(free, free)]
        step = np.linalg.solve(inner + 1e-12 * np.trace(inner) * np.eye(len(free)), gradient[free])
        largest = np.abs(step).max(initial=0.0)
        parameters[free] += step / max(1.0, largest)
        strengths = parameters[: cells.arms] - parameters[: cells.arms].mean()
        furthest = max(np.abs(strengths).max(), np.abs(parameters[cells.arms :]).max())
        if not helped and furthest > FAR:
            return None
        if largest < CLOSE:
            return parameters
    return parameters if helped else None
