"""Where the features of a layer lie on the photo: certain where nothing but convolutions, pools and the like came before, else
found by moving a patch over the photo and seeing which cells answer.

A layer may give planes (B, K, h, w), channels last (B, h, w, K), or tokens (B, N, K) with or without class and register
tokens. Nothing here goes by a name: an output is read in the one way under which what answers moves with the patch.
"""

from .flow import Flow, Run, find_flow
from .layout import Layout, possible_layouts
from .patches import Answers, Doubt, strips

__all__ = ["Answers", "Doubt", "Flow", "Layout", "Run", "find_flow", "possible_layouts", "strips"]
