"""How numbers of a study read on a page; the same forms as in its tables and headlines."""

from django import template

from studies.core import formatting
from studies.core.formatting import percent, signed

RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
register = template.Library()
register.filter("percent", percent)
register.filter("signed", lambda value: "–" if value is None else signed(value))


@register.filter
def percent_whole(share: float) -> str:
    """80 %"""
    return f"{100 * share:.0f} %"


@register.filter
def percent_fine(share: float) -> str:
    """99.69 %"""
    return f"{100 * share:.2f} %"


register.filter("span", formatting.span)


@register.filter
def signed_span(interval: tuple[float, float] | None) -> str:
    """+0.20 – +0.80"""
    return formatting.span(interval, signed)


@register.filter
def p_value(p: float | None) -> str:
    """0.034, and with two digits below 0.001: 0.00042, 4.2 × 10⁻⁷"""
    if p is None:
        return "–"
    if p >= 0.001 or p == 0:
        return f"{p:.3f}"
    digits, power = f"{p:.1e}".split("e")
    places = -int(power)
    return f"{p:.{places + 1}f}" if places < 6 else f"{digits} × 10⁻{str(places).translate(RAISED)}"


@register.filter
def p_equals(p: float | None) -> str:
    """p = 0.034"""
    return f"p = {p_value(p)}"


@register.filter
def small_span(interval: tuple[float, float] | None) -> str:
    """0.41 – 0.52, with a minus sign where there is one"""
    return f"{interval[0]:.2f} – {interval[1]:.2f}".replace("-", "−") if interval is not None else "–"


@register.filter
def decimals(value: float | None) -> str:
    """0.104, with a minus sign where there is one; a dash where there is none."""
    return "–" if value is None else f"{value:.3f}".replace("-", "−")


@register.filter
def small(value: float) -> str:
    """0.41, with a minus sign where there is one"""
    return f"{value:.2f}".replace("-", "−")


@register.filter
def open_span(interval: tuple[float | None, float | None] | None) -> str:
    """0.412 – 0.521; an end without a bound is ∞."""
    if interval is None:
        return "–"
    low, high = interval
    return f"{'−∞' if low is None else decimals(low)} – {'∞' if high is None else decimals(high)}"


@register.filter
def mirrored(interval: tuple[float, float] | None) -> tuple[float, float] | None:
    """The interval from the other arm's side."""
    return (-interval[1], -interval[0]) if interval else None


@register.filter
def many(number: int, noun: str) -> str:
    """1 answer, 1,200 answers; for an irregular noun both forms: "class,classes"."""
    singular, _, plural = noun.partition(",")
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


@register.filter
def unbroken(sentence: str) -> str:
    """Keep a number and its per cent sign on one line."""
    return sentence.replace(" %", "\u00a0%")
