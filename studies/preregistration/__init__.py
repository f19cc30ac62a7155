"""A study's plan as a document to preregister: hypotheses, design, sample, exclusions and analysis, from the protocol alone."""

from .document import Preregistration, preregister
from .formats import FORMATS, written

__all__ = ["FORMATS", "Preregistration", "preregister", "written"]
