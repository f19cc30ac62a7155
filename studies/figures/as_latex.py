"""A table as LaTeX with booktabs, to be \\input. It needs `\\usepackage{booktabs}` and `\\usepackage{graphicx}`, which shrinks what is too wide."""

import re
from collections.abc import Sequence

from .sizes import WIDTHS
from .table import Row, Table

_GREEK = {
    "α": "alpha",
    "β": "beta",
    "κ": "kappa",
    "ρ": "rho",
    "σ": "sigma",
    "τ": "tau",
    "χ": "chi",
    "μ": "mu",
}
_SIGNS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": "$<$",
    ">": "$>$",
    "|": "$|$",
    '"': r"{\char34}",
    "'": "{'}",  # two of them would join
    "`": "{`}",
    "“": "``",
    "”": "''",
    "‘": "`",
    "’": "'",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "∞": r"$\infty$",
    "[": "{[}",  # after the end of a row they would be taken for its space, or for its star
    "]": "{]}",
    "*": "{*}",
    "\u00a0": "~",
    "\u202f": r"\,",
    "\u2011": "-",
    "\u00ad": "",
    "\u200b": "{}",
    "−": "$-$",
    "×": r"$\times$",
    "±": r"$\pm$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "≠": r"$\neq$",
    "→": r"$\rightarrow$",
    "←": r"$\leftarrow$",
    "·": r"$\cdot$",
    **{letter: rf"$\{name}$" for letter, name in _GREEK.items()},
}
_FITTED = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{"
"""As wide as it is, or as the column where that is less: a table of many columns would run off the page."""
_SUPERSCRIPT = re.compile("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def escaped(text: str) -> str:
    r"""Text that LaTeX sets as it stands.

    >>> print(escaped("50 % of A_1 & −0.50, 4.2 × 10⁻⁷"))
    50 \% of A\_1 \& $-$0.50, 4.2 $\times$ 10$^{-7}$
    """
    out = []
    at = 0
    for match in _SUPERSCRIPT.finditer(text):
        out += [_signs(text[at : match.start()]), f"$^{{{match[0].translate(_PLAIN)}}}$"]
        at = match.end()
    return "".join([*out, _signs(text[at:])])


def _signs(text: str) -> str:
    apart = text.replace(
        "--", "-\u200b-"
    )  # two hyphens would join; LaTeX has nothing for the sign between them
    return "".join(_SIGNS.get(sign, sign) for sign in apart if sign.isprintable() or sign in _SIGNS)


def as_latex(table: Table, label: str, millimetres: int, notes: Sequence[str]) -> bytes:
    """A float over one column or over two; `notes` say in its caption whose answers these are and of a broken seal."""
    wide = millimetres == max(WIDTHS)
    name = "table*" if wide else "table"
    columns = "".join("r" if number else "l" for number in table.numbers)
    lines = [
        rf"% needs \usepackage{{booktabs}} and \usepackage{{graphicx}}; for {WIDTHS[millimetres]} ({millimetres} mm)",
        rf"\begin{{{name}}}",
        r"  \centering",
        r"  \small" if wide else r"  \footnotesize",
        rf"  \caption{{{escaped(table.caption_with(notes))}}}",
        rf"  \label{{tab:{label}}}",
        rf"  {_FITTED}\begin{{tabular}}{{{columns}}}",
        r"    \toprule",
        *_rows(table.head),
        *([r"    \midrule"] if table.head else []),
        *_rows(table.body),
        *([r"    \midrule", *_rows(table.foot)] if table.foot else []),
        r"    \bottomrule",
        r"  \end{tabular}}",
        rf"\end{{{name}}}",
    ]
    return ("\n".join(lines) + "\n").encode()


def _rows(rows: Sequence[Row]) -> list[str]:
    return [f"    {' & '.join(_cell(cell.text, cell.span) for cell in row)} \\\\" for row in rows]


def _cell(text: str, span: int) -> str:
    return escaped(text) if span == 1 else rf"\multicolumn{{{span}}}{{l}}{{{escaped(text)}}}"
