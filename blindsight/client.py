"""A site of Blindsight, driven by a program: photos, networks and maps in, a study open, its scores out.

    from blindsight.client import Client

    site = Client("https://blindsight.example.org", token="…")         # made on the site's page /api/tokens/, scope “write”
    site.bring_photos("photos.zip", name="birds")
    site.bring_maps("ours.zip", photos="birds", name="ours", covers="photo", sign="positive", scale="max")
    site.bring_maps("theirs.zip", photos="birds", name="theirs", covers="photo", sign="positive", scale="max")
    study = site.make_study(open("study.toml").read())
    site.prepare(study)
    site.open(study)
    print(site.invite(study))
    print(site.scores(study))

Needs httpx and nothing else of the project. Long work is a job of a worker on the site: each call waits for it, and says how far it is
to `progress`.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

Progress = Callable[[int, int], None]
"""Says how far a job is: so many done, of so many. 0 of 0 where it waits for a worker."""

SECONDS_BETWEEN = 1.0
SECONDS_FOR_A_REQUEST = 300.0  # a large upload takes long
IN_THE_MAKING = "precomputing"
NOT_YET = 409  # the site compares the arms first
BUSY = (429, 502, 503, 504)
TRIES = 4  # of what changes nothing there: a job of hours is not given up for a second without a connection
LONGEST_PAUSE = 60.0  # seconds, whatever the site asks for


class SiteError(Exception):
    """What the site refused, or what failed there: its own words. `status`: that of HTTP; 0 where a job failed, or nothing came."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Client:
    """One site, for the owner of one token.

    Args:
        url: of the site, without a path.
        token: as the page /api/tokens/ shows it, once.
        patience: seconds to wait while no worker is there, before a call gives up; what it asked for goes on waiting.
        progress: is told how far a job is, about once in a second.
        transport: instead of the network, as httpx has them: for tests.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        progress: Progress | None = None,
        patience: float = 300.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.progress = progress or (lambda done, total: None)
        self.patience = patience
        self.http = httpx.Client(
            base_url=f"{url.rstrip('/')}/api/",
            headers={"Authorization": f"Token {token}"},
            timeout=SECONDS_FOR_A_REQUEST,
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.http.close()

    # What comes in

    def bring_photos(
        self, path: str | Path, *, name: str = "", boxes: str | Path | None = None
    ) -> dict[str, Any]:
        """Bring a ZIP of photos in, whole or not at all.

        Returns:
            `set`, `photos`, `classes`, `added`, `warnings` …: what the site's page of the import shows.

        Raises:
            SiteError: the site refuses them, and says why.
        """
        fields = {"set_name": name} if name else {}
        return self._bring("photo-sets/", fields, file=path, boxes=boxes)

    def add_network(
        self,
        name: str,
        load: str = "",
        *,
        layer: str = "",
        weights: str = "",
        file: str | Path | None = None,
        toml: str | Path | None = None,
        **described: str,
    ) -> dict[str, Any]:
        """Add a network.

        Args:
            load: torchvision:NAME, timm:NAME or package:NAME.
            file: weights of your own.
            toml: a network.toml, which says what it reads and says; `described` are its keys one by one: size="224".

        Returns:
            `layer`, `classes`, `notes` (what of the file was taken, what had to be assumed) …
        """
        said = {"name": name, "load": load, "layer": layer, "weights": weights, **described}
        fields = {key: value for key, value in said.items() if value}
        return self._bring("networks/", fields, file=file, toml=toml)

    def bring_maps(
        self,
        path: str | Path,
        *,
        photos: str,
        name: str,
        covers: str,
        sign: str,
        scale: str,
        channels: str = "",
        network: str = "",
    ) -> dict[str, Any]:
        """Bring maps from files in: one for each photo of the set `photos`.

        Args:
            path: a ZIP of arrays that are named as the photos are, or one file of many with ids.
            covers: photo, or crop: that of `network`.
            sign: positive, absolute or as-is.
            scale: max, p99 or rank.
            channels: sum or largest, where arrays are (C, h, w).

        Raises:
            SiteError: all that is wrong with them, at once. Nothing is stored then.
        """
        said = {"images": photos, "name": name, "covers": covers, "sign": sign, "scale": scale, "channels": channels, "network": network}  # fmt: skip
        return self._bring("map-sets/", {key: value for key, value in said.items() if value}, file=path)

    def bring_pictures(
        self, path: str | Path, *, photos: str, name: str, fit: str = "whole"
    ) -> dict[str, Any]:
        """Bring finished pictures in: one for each photo of the set `photos`.

        Args:
            path: a ZIP of pictures that are named as the photos are.
            fit: whole: each is shown whole; frame: it lies over the whole photo and is cut as all arms are.

        Returns:
            `remarks`: what of them tells the arm, such as a border or writing …

        Raises:
            SiteError: all that is wrong with them, at once. Nothing is stored then.
        """
        return self._bring("picture-sets/", {"images": photos, "name": name, "fit": fit}, file=path)

    # A study

    def make_study(self, toml: str) -> str:
        """Make a draft from the text of a study.toml. Returns its slug, by which the other calls know it."""
        return self._ask("POST", "studies/", json={"toml": toml})["slug"]

    def prepare(self, study: str) -> dict[str, Any]:
        """Have workers make what a draft lacks, and wait until it is ready. Raises SiteError where it does not become ready."""
        self._ask("POST", f"studies/{study}/prepare/")
        patience = _Patience(self.patience)
        while (now := self._ask("GET", f"studies/{study}/preparation/"))["state"] == IN_THE_MAKING:
            if now["failures"]:
                raise SiteError(
                    "\n".join(
                        [
                            f"{study}: maps could not be made; prepare it again once this is mended.",
                            *now["failures"],
                        ]
                    )
                )
            self.progress(now["photos_done"], now["photos"])
            patience.wait(now["no_worker"])
        if now["state"] == "draft":
            raise SiteError(f"{study}: did not become ready. {now['why'] or 'Its record says more.'}")
        return self.study(study)

    def study(self, study: str) -> dict[str, Any]:
        """Its arms, its state, and how many answers there are and are needed."""
        return self._ask("GET", f"studies/{study}/")

    def open(self, study: str, *, alike_seen: bool = False) -> dict[str, Any]:
        """Open a study that is ready, or resume one. The site compares the arms first: this waits for it."""
        while True:
            try:
                return self._ask("POST", f"studies/{study}/open/", json={"alike_seen": alike_seen})
            except SiteError as error:
                if error.status != NOT_YET:
                    raise
                time.sleep(SECONDS_BETWEEN)

    def pause(self, study: str) -> dict[str, Any]:
        return self._ask("POST", f"studies/{study}/pause/")

    def close_study(self, study: str) -> dict[str, Any]:
        """Close a study for good."""
        return self._ask("POST", f"studies/{study}/close/")

    def invite(self, study: str, *, label: str = "", people: int | None = None) -> str:
        """A link by which so many people can take part. The API gives it this once."""
        return self._ask("POST", f"studies/{study}/invitations/", json={"label": label, "quota": people})[
            "link"
        ]

    def scores(self, study: str, *, who: str = "") -> dict[str, Any]:
        """What `manage.py scores --json` prints. `who`: real, simulated or all."""
        return self._ask("GET", f"studies/{study}/scores/", params={"who": who} if who else None)

    def answers(self, study: str) -> Iterator[dict[str, Any]]:
        """Every answer, oldest first."""
        query = "page_size=1000"
        while query:
            page = self._ask("GET", f"studies/{study}/answers/?{query}")
            yield from page["results"]
            # Never the address itself: behind a proxy it may say http, or another host, and the token would go there.
            query = urlsplit(page["next"] or "").query

    # How it is asked

    def _bring(self, address: str, fields: dict[str, str], **paths: str | Path | None) -> dict[str, Any]:
        given = {name: Path(path) for name, path in paths.items() if path is not None}
        opened = {name: path.open("rb") for name, path in given.items()}
        try:
            # A form with a file even where none is given: the site reads no other.
            files: dict[str, Any] = {name: (given[name].name, file) for name, file in opened.items()}
            files |= {name: (None, value) for name, value in fields.items()}
            job = self._ask("POST", address, files=files)
        finally:
            for file in opened.values():
                file.close()
        return self._result(job)

    def _result(self, job: dict[str, Any]) -> dict[str, Any]:
        """What came of a job, when it is done."""
        patience = _Patience(self.patience)
        while job["state"] in ("pending", "running"):
            self.progress(job["done"], job["total"])
            if job["silent"]:
                raise SiteError(f"The worker of job {job['id']} is gone; try the job again on its page.")
            patience.wait(job["no_worker"])
            job = self._ask("GET", f"jobs/{job['id']}/")
        if job["state"] == "failed":
            raise SiteError(job["error"])
        self.progress(job["total"], job["total"])
        return job["result"]

    def _ask(self, method: str, address: str, **sent: Any) -> Any:
        response = self._response(method, address, **sent)
        try:
            said = response.json()
        except ValueError:
            said = None
        if response.is_success and said is not None:
            return said
        raise SiteError(_words_of(response, said), response.status_code)

    def _response(self, method: str, address: str, **sent: Any) -> httpx.Response:
        """What comes; what only asks is asked again where nothing does, or the site is busy."""
        for left in reversed(range(TRIES if method == "GET" else 1)):
            try:
                response = self.http.request(method, address, **sent)
            except httpx.TransportError as error:
                if not left:
                    raise SiteError(f"{self.http.base_url.host}: does not answer ({error})") from error
                time.sleep(SECONDS_BETWEEN)
            else:
                if not left or response.status_code not in BUSY:
                    break
                time.sleep(_pause_of(response))
        return response


class _Patience:
    """Waits a moment, but for a worker no longer than so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.since = seconds, time.monotonic()

    def wait(self, no_worker: bool) -> None:
        if not no_worker:
            self.since = time.monotonic()
        elif time.monotonic() - self.since > self.seconds:
            raise SiteError(
                f"No worker has taken it up for {self.seconds:.0f} s. It still waits: start a worker on the site, and look again."
            )
        time.sleep(SECONDS_BETWEEN)


def _pause_of(response: httpx.Response) -> float:
    """Seconds to wait before the site is asked again: as it says, within reason."""
    asked = response.headers.get("Retry-After", "")
    return min(float(asked), LONGEST_PAUSE) if asked.isascii() and asked.isdigit() else SECONDS_BETWEEN


def _words_of(response: httpx.Response, said: Any) -> str:
    """What a refusal says, field by field; where it is not the site's own, its status, and where else it sends."""
    if isinstance(said, list):
        return "\n".join(map(str, said))
    if not isinstance(said, dict):
        elsewhere = response.headers.get("Location")
        status = f"{response.status_code} {response.reason_phrase}"
        return f"{status}: it sends to {elsewhere}; give the site’s own address" if elsewhere else status
    lines = []
    for field, messages in said.items():
        for message in messages if isinstance(messages, list) else [messages]:
            lines.append(
                message if field in ("detail", "error", "non_field_errors") else f"{field}: {message}"
            )
    return "\n".join(map(str, lines))
