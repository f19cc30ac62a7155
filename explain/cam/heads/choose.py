"""Which exact head fits a network."""

from torch import Tensor

from ..cut import Cut
from ..errors import CutError
from .base import Head

FORMS = ("pooled", "mlp", "general")


def choose_head(cut: Cut, features: Tensor, force: str | None = None) -> Head:
    """The fastest exact head that the graph of `cut.head` allows; `force` names one of FORMS for tests.

    features   (1, K, h, w): the layer's output for some photo
    Raises CutError where the forced form does not fit.
    """
    from .mlp import mlp_head
    from .pooled import pooled_head

    forms = {"pooled": lambda graph: pooled_head(graph), "mlp": lambda graph: mlp_head(graph, features)}
    wanted = FORMS if force is None else (force,)
    for name in wanted:
        if name == "general":
            return Head(cut.head)
        head = forms[name](cut.graph) if cut.graph is not None else None
        if head is not None:
            return head
    raise CutError(f"the head after {cut.layer!r} has not the form {force!r}; choose general")
