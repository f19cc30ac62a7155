"""What goes wrong, in one line each: the thing, the problem, the remedy. No torch here."""

from collections.abc import Iterable
from difflib import get_close_matches


class CamError(ValueError):
    """Anything that `explain.cam` refuses. The message is one line that a person can act on."""


class UnknownNameError(CamError):
    """A network, method or layer that does not exist."""


class WeightsError(CamError):
    """Weights that cannot be read, downloaded, or do not fit the network."""


class DownloadError(WeightsError):
    """A library's weights that did not come: of which network, why, and where they lie."""

    def __init__(self, network: str, reason: str, url: str) -> None:
        super().__init__(
            f"the weights of {network} could not be downloaded ({reason});"
            f" fetch {url} by hand and give its path, or give None for random weights"
        )
        self.network, self.reason, self.url = network, reason, url


class UntrustedCodeError(CamError):
    """A file that could run code when it is read, and that nobody said they trust."""


class CutError(CamError):
    """A layer at which the network cannot be cut in two."""


class InputError(CamError):
    """A photo, batch or target that does not fit the network."""


def nearest(name: str, known: Iterable[str], count: int = 3) -> str:
    """The names closest to `name`, as the end of a sentence: 'did you mean a or b?'; empty when none is near."""
    known = list(known)
    close = get_close_matches(name, known, n=count, cutoff=0.5)
    if not close:
        close = [candidate for candidate in known if name and name in candidate][:count]
    return f"; did you mean {' or '.join(close)}?" if close else ""


def shortened(names: Iterable[str], count: int = 4) -> str:
    """The first few names, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - count} more" if len(names) > count else ""
    return ", ".join(names[:count]) + more
