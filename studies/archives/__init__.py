"""One ZIP of a study that a repository, a statistician and a search engine understand: RO-Crate outside, Psych-DS inside."""

from .contents import Wanted
from .licences import licence_named
from .packing import write_archive

__all__ = ["Wanted", "licence_named", "write_archive"]
