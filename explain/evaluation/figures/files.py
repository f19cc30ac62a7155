"""A figure into a file, as its name says: .svg or .png."""

from pathlib import Path

from explain.core.errors import BadInputError

from .page import Figure
from .png import as_png
from .svg import as_svg

ENDINGS = (".svg", ".png")


def check_figure_path(path: Path) -> None:
    """Refuse, before anything is made, a file that `write_figure` could not write. Raises BadInputError."""
    if path.suffix.lower() not in ENDINGS:
        raise BadInputError(
            f"--to {path}: a figure is an SVG or a PNG file; give it a name that ends in .svg or .png"
        )
    if path.is_dir() or not path.parent.is_dir():
        raise BadInputError(
            f"--to {path}: there is no folder for that file; choose a file that you may write to"
        )


def write_figure(*, path: Path, figure: Figure) -> None:
    """Write the figure. Raises BadInputError where the file cannot be written."""
    data = as_png(figure) if path.suffix.lower() == ".png" else str(as_svg(figure)).encode()
    try:
        path.write_bytes(data)
    except OSError as error:
        raise BadInputError(f"--to {path}: {error.strerror}; choose a file that you may write to") from error
