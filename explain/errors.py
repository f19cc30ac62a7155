"""What goes wrong through no fault of the program."""


class BadInputError(Exception):
    """Something that was given is wrong. Each line names the thing, what is wrong with it, and the remedy."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = list(lines)
