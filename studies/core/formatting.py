"""Numbers as people read them."""

from collections.abc import Callable


def percent(share: float | None) -> str:
    """A share as people read it: 49.4 %."""
    return "–" if share is None else f"{share * 100:.1f} %"


def signed(value: float, digits: int = 2) -> str:
    """A number with its sign, in typographic form: +1.48, −0.50, 0.00."""
    text = f"{abs(value):.{digits}f}"
    if float(text) == 0:
        return text
    return ("+" if value > 0 else "−") + text


def plain(value: float) -> str:
    """A number with two decimals: 12.00."""
    return f"{value:.2f}"


def span(interval: tuple[float, float] | None, form: Callable[[float], str] = plain) -> str:
    """Both ends of an interval: 12.00 – 15.50. None is a dash."""
    return f"{form(interval[0])} – {form(interval[1])}" if interval else "–"
