"""Under which licence others may use a study's archive: SPDX's names, checked. No Django."""

from dataclasses import dataclass

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from explain.core.errors import BadInputError

USUAL = ("CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "ODC-By-1.0", "ODbL-1.0", "PDDL-1.0")
"""Those that data are usually given under."""


@dataclass(frozen=True)
class Licence:
    """A licence by its SPDX name; or none."""

    name: str = ""

    @property
    def url(self) -> str:
        """Where it can be read; of none, a name within the archive."""
        return f"https://spdx.org/licenses/{self.name}" if self.name else "#no-licence"

    @property
    def title(self) -> str:
        return self.name or "No licence given"

    @property
    def in_words(self) -> str:
        if self.name:
            return f"This archive may be used under {self.name} ({self.url})."
        return (
            "No licence was given. By the law of most countries all rights are then reserved: others may read this archive, "
            "but need the permission of its authors to copy, change or publish it."
        )


def licence_named(text: str) -> Licence:
    """The licence of that SPDX name, upper or lower case; none for an empty text. Raises BadInputError where SPDX knows none.

    >>> licence_named("cc-by-4.0").name
    'CC-BY-4.0'
    """
    asked = text.strip()
    if not asked:
        return Licence()
    try:
        name = str(canonicalize_license_expression(asked))
    except InvalidLicenseExpression:
        name = ""
    if not name or any(sign in name for sign in " ()") or name.startswith("LicenseRef-"):
        raise BadInputError(
            f"licence {asked!r}: SPDX has no licence of that name; take one of {', '.join(USUAL)}, or another of https://spdx.org/licenses."
        )
    return Licence(name)
