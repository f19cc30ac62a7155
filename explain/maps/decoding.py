"""Photos as a network reads them, decoded in threads: those of a batch at once, those of the next one meanwhile.

At most two batches are held, the one that is computed and the next. Threads, not processes: decoding and resizing leave
Python's lock to others, and a tensor need not be sent. JPEGs are decoded whole: at half their size they would be other photos.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING

from explain.core.machine import processors
from explain.core.parallel import MOST_THREADS
from explain.models import Image
from explain.photos import pixels_of

if TYPE_CHECKING:
    from torch import Tensor

    from explain.cam.network import Network as LoadedNetwork

log = logging.getLogger(__name__)
Next = Callable[[], "tuple[LoadedNetwork, Sequence[Image]] | None"]
Key = tuple[int, str]  # photo; how it is read

LARGE = 12_000_000
"""Pixels of a photo of which one at a time is decoded: one of 50 megapixels takes 300 MB meanwhile."""
_large = Lock()


class Decoder:
    """Threads that decode; ended, with what has begun, at the end of its block.

    `what_follows` says which photos come after these, and whose network reads them: they are begun when `look_ahead` is called.
    """

    def __init__(self, what_follows: Next = lambda: None) -> None:
        self._what_follows = what_follows
        self._begun: dict[Key, Future[Tensor]] = {}
        self._pool = ThreadPoolExecutor(min(processors(), MOST_THREADS), thread_name_prefix="decode")

    def __enter__(self) -> "Decoder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def inputs(self, net: "LoadedNetwork", images: Sequence[Image]) -> "list[Tensor]":
        """Each of `images` as `net` reads it, (3, H, W): from what was begun, and the rest anew. What a photo raises is raised."""
        begun = self._taken(net, images)
        try:
            return [future.result() for future in begun]
        finally:
            for future in begun:
                future.cancel()  # of a batch with a photo that cannot be read, the rest need not be

    def look_ahead(self) -> None:
        """Begin the photos that come next; what was begun before and is not among them is given up.

        What is wrong with the batch that comes next is that batch's fault, and is raised when its turn comes: not here.
        """
        try:
            following = self._what_follows()
        except Exception:  # a network that cannot be loaded may fail in any way
            log.debug("nothing is decoded ahead", exc_info=True)
            following = None
        begun = {} if following is None else dict(self._begin(*following))
        for key, future in self._begun.items():
            if key not in begun:
                future.cancel()
        self._begun = begun

    def _taken(self, net: "LoadedNetwork", images: Iterable[Image]) -> "list[Future[Tensor]]":
        begun = dict(self._begin(net, images))
        for key in begun:
            self._begun.pop(key, None)
        return list(begun.values())

    def _begin(self, net: "LoadedNetwork", images: Iterable[Image]) -> "Iterable[tuple[Key, Future[Tensor]]]":
        reads = repr(net.preprocessing)
        for image in images:
            key = image.pk, reads
            yield key, self._begun.get(key) or self._pool.submit(_decoded, net, image)


def _decoded(net: "LoadedNetwork", image: Image) -> "Tensor":
    with ExitStack() as stack:
        if image.width * image.height > LARGE:
            stack.enter_context(_large)
        return net.preprocess(pixels_of(image))


def leaves_processors(net: "LoadedNetwork") -> bool:
    """Whether a network that runs leaves processors free: decoding meanwhile would otherwise take them from it."""
    import torch

    return net.device.type != "cpu" or torch.get_num_threads() < processors()
