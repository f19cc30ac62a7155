"""Ground-truth boxes in a folder of XML files, one for each photo: PASCAL VOC, and ImageNet's own. No Django here.

Files are looked up by the photo's stem and read one at a time: there may be 50,000.
"""

import os
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree
from xml.parsers import expat

from explain.core.errors import BadInputError

from .boxes import Box
from .class_names import imagenet_class, plain
from .file_trees import usual

SHOWN = 5
MAX_BYTES = 2**20  # one photo's boxes take about one KiB


class XmlBoxes:
    """Boxes by a photo's stem, of the objects that its file calls by the photo's class.

    `turned` are photos of another size than their XML says: they were turned upright, or changed since. Their boxes
    cannot be placed, and are left out.
    """

    def __init__(self, folder: Path) -> None:
        self.label = str(folder)
        self._files = {
            usual(name[:-4]): os.path.join(parent, name)
            for parent, _, names in os.walk(folder)
            for name in names
            if name.lower().endswith(".xml")
        }
        if not self._files:
            raise BadInputError(
                f"{folder}: holds no XML files; give the unpacked folder of boxes, with one XML for each photo"
            )
        self.used: set[str] = set()
        self.turned: list[str] = []

    def for_photo(self, name: str, class_name: str, size: tuple[int, int]) -> list[Box] | None:
        """The photo's boxes, cut off at its edges; None where there is no file for it."""
        stem = PurePosixPath(usual(name)).stem
        path = self._files.get(stem)
        if path is None:
            return None
        self.used.add(stem)
        root = _parsed(Path(path))
        noted_size = _size(root)
        if noted_size is not None and noted_size != size:
            self.turned.append(name)
            return None
        objects = [element for element in root.iter("object") if _is_called(element, class_name)]
        try:
            boxes = [_box(element, size) for element in objects]
        except ValueError as error:
            raise BadInputError(f"{Path(path).name}: {error}; correct the file or leave it out") from error
        return [box for box in boxes if box[0] < box[2] and box[1] < box[3]]

    @property
    def remarks(self) -> list[str]:
        if not self.turned:
            return []
        names = ", ".join(self.turned[:SHOWN]) + (" …" if len(self.turned) > SHOWN else "")
        return [
            f"{len(self.turned)} photos have another size than their XML says, and came in without boxes: {names}."
        ]


def _parsed(path: Path) -> ElementTree.Element:
    """The root of a file of boxes. The parser itself says where a document type or an entity is declared, in whatever
    encoding, and stops there: without one there is nothing to expand."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise BadInputError(f"is over {MAX_BYTES // 1024:,} KiB; leave it out, or what is no box in it")
        tree = ElementTree.TreeBuilder()
        _parser(tree).Parse(content, True)
        return tree.close()
    except BadInputError as error:
        raise BadInputError(f"{path.name}: {error}") from error
    except (OSError, expat.ExpatError, ValueError, LookupError) as error:  # the last two: unknown encodings
        raise BadInputError(f"{path.name}: is no XML ({error}); correct the file or leave it out") from error


def _parser(tree: ElementTree.TreeBuilder) -> expat.XMLParserType:
    """A parser that builds `tree`. An error in one of its functions stops it on the spot."""
    parser = expat.ParserCreate(None, None)
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse_declarations
    parser.StartElementHandler, parser.EndElementHandler = tree.start, tree.end
    parser.CharacterDataHandler = tree.data
    parser.buffer_text = True
    return parser


def _refuse_declarations(*_: object) -> None:
    raise BadInputError("declares entities, which no file of boxes needs; leave it out")


def _size(root: ElementTree.Element) -> tuple[int, int] | None:
    try:
        width, height = (int(root.findtext(f"size/{side}", "")) for side in ("width", "height"))
    except ValueError:
        return None
    return width, height


def _is_called(element: ElementTree.Element, class_name: str) -> bool:
    name = element.findtext("name", "").strip()
    return plain(class_name) in (plain(name), plain(imagenet_class(name)[1]))


def _box(element: ElementTree.Element, size: tuple[int, int]) -> Box:
    edges = [element.findtext(f"bndbox/{edge}", "") for edge in ("xmin", "ymin", "xmax", "ymax")]
    try:
        x1, y1, x2, y2 = (float(edge) for edge in edges)
    except ValueError as error:
        raise ValueError(f"“{' '.join(edges)}” is not a box xmin ymin xmax ymax") from error
    limits = (size[0], size[1], size[0], size[1])
    cut = (min(max(edge, 0), limit) for edge, limit in zip((x1, y1, x2, y2), limits, strict=True))
    return [int(edge) if edge == int(edge) else edge for edge in cut]
