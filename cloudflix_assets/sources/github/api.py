"""GitHub's REST API, as much as a publisher needs: patient with faults that pass, clear about others."""

import hashlib
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

import httpx
from pydantic import TypeAdapter, ValidationError
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_random_exponential

from cloudflix_assets.lake.waiting import heard, waiting_for
from cloudflix_assets.sources.base import SourceRefused
from cloudflix_assets.sources.github.limits import wait_seconds
from cloudflix_assets.sources.github.models import Entry

ATTEMPTS = 5
LONGEST_WAIT = 120.0
"""Seconds. A limit that lasts longer is told, with the time at which to come again."""
TIMEOUT = 30.0
"""Seconds, for a connection and for the next bytes."""
_JSON = "application/vnd.github+json"
_RAW = "application/vnd.github.raw+json"
_BACKOFF = wait_random_exponential(multiplier=0.5, max=20)
_CHUNK = 2**20


class NotThere(SourceRefused):
    """404: what was asked for is not there, or not for this token."""


class _Transient(Exception):
    """A fault that may be over by the next attempt, after `wait` seconds if it says so."""

    def __init__(self, told: str, wait: float | None = None) -> None:
        super().__init__(told)
        self.wait = wait


@dataclass(frozen=True)
class Answer:
    """The answer to a conditional request: a value (None for a 304) and the tag for the next request."""

    value: Any
    etag: str | None


@dataclass(frozen=True)
class Api:
    """Requests to one server.

    Args:
        server: `https://api.github.com`, or an enterprise's.
        token: raises the limits, and opens private repositories.
        backoff: seconds before another attempt, where the answer does not say.
        timeout: seconds, for a connection and for the next bytes.
        attempts: how often a request is sent, at most, while it meets faults that may pass.
    """

    server: str
    token: str | None = field(default=None, repr=False)
    backoff: Callable[[RetryCallState], float] = _BACKOFF
    timeout: float = TIMEOUT
    attempts: int = ATTEMPTS

    def ask(self, path: str, model: Any, params: Mapping[str, str | int] | None = None) -> Any:
        """Send a GET request, and return the answer as a valid `model`.

        Raises:
            NotThere: 404.
            SourceRefused: there is no such answer; the sentence says why, and what to do.
        """
        return self.ask_if_changed(path, model, params).value

    def ask_if_changed(
        self, path: str, model: Any, params: Mapping[str, str | int] | None = None, etag: str | None = None
    ) -> Answer:
        """Send a GET request as `ask` does; the value is None if the answer is the one that `etag` names.

        A 304, which says so, costs nothing of the rate limit. Raises what `ask` raises.
        """
        headers = {"accept": _JSON, **({"if-none-match": etag} if etag else {})}

        def once() -> Answer:
            response = self._client.get(path, params=dict(params or {}), headers=headers)
            self._raise_for_status(response)
            if response.status_code == httpx.codes.NOT_MODIFIED:
                return Answer(None, etag)
            return Answer(_parse(response, model), response.headers.get("etag"))

        return cast("Answer", self._retry(once, path))

    def download(self, repository: str, entry: Entry) -> BinaryIO:
        """Download a file, compare it with its size and git's hash, and return it opened at its beginning.

        Raises:
            SourceRefused: GitHub refuses it, or no attempt succeeded.
        """
        path = f"/repos/{repository}/git/blobs/{entry.sha}"

        def once() -> BinaryIO:
            target = cast("BinaryIO", tempfile.TemporaryFile(prefix="cloudflix-"))  # noqa: SIM115  # the reader closes it
            try:
                with self._client.stream("GET", path, headers={"accept": _RAW}) as response:
                    self._raise_for_status(response)
                    _copy(response, entry, target, lambda: heard(self._host))
            except BaseException:  # an interrupt too; it is raised again
                target.close()
                raise
            target.seek(0)
            return target

        return cast("BinaryIO", self._retry(once, entry.name))

    @property
    def _host(self) -> str:
        return urlsplit(self.server).netloc

    @cached_property
    def _client(self) -> httpx.Client:
        headers = {"x-github-api-version": "2022-11-28", "user-agent": "cloudflix"}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        client = httpx.Client(
            base_url=self.server, headers=headers, timeout=self.timeout, follow_redirects=True
        )
        weakref.finalize(self, client.close)
        return client

    def _retry(self, once: Callable[[], Any], what: str) -> Any:
        retrying = Retrying(
            retry=retry_if_exception_type(_Transient),
            stop=stop_after_attempt(self.attempts),
            wait=self._wait,
            reraise=True,
        )
        try:
            with waiting_for(self._host):
                for attempt in retrying:
                    with attempt, _raise_transient():
                        return once()
        except _Transient as error:
            times = f" in {self.attempts} attempts" if self.attempts > 1 else ""
            raise SourceRefused(
                f"GitHub ({self.server}) did not answer{times}, for {what}: {error}; rerun the week once it "
                "does; nothing was landed."
            ) from error

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        told = error.wait if isinstance(error, _Transient) else None
        return self.backoff(state) if told is None else told

    def _raise_for_status(self, response: httpx.Response) -> None:
        """Raise the error that a status stands for; a success or a 304 raises none."""
        status = response.status_code
        if response.is_success or status == httpx.codes.NOT_MODIFIED:
            return
        message = _message(response)
        now = datetime.now(UTC)
        if (wait := wait_seconds(status, response.headers, message, now)) is not None:
            self._raise_limit(wait, now)
        if response.is_server_error or status == httpx.codes.REQUEST_TIMEOUT:
            raise _Transient(f"it answered {status}")
        if status in {httpx.codes.NOT_FOUND, httpx.codes.UNPROCESSABLE_ENTITY}:
            raise NotThere(f"GitHub has no {response.url.path}")
        raise SourceRefused(f"GitHub {_refusal(status, message)}; nothing was landed.")

    def _raise_limit(self, wait: float, now: datetime) -> None:
        if wait <= LONGEST_WAIT:
            raise _Transient("its rate limit is used up", wait)
        again = now + timedelta(seconds=wait)
        more = "" if self.token else ", or set GITHUB_TOKEN, which raises the limit"
        raise SourceRefused(
            f"GitHub's rate limit is used up until {again:%Y-%m-%d %H:%M} UTC: rerun the week then{more}; "
            "nothing was landed."
        )


@contextmanager
def _raise_transient() -> Iterator[None]:
    """Raise httpx's timeouts, resets and torn bodies as `_Transient`."""
    try:
        yield
    except httpx.TooManyRedirects as error:
        raise SourceRefused(
            f"GitHub redirects in a circle ({error.request.url}): check the address of the source."
        ) from error
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise _Transient(
            f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        ) from error


def _parse(response: httpx.Response, model: Any) -> Any:
    try:
        return TypeAdapter(model).validate_json(response.content)
    except ValidationError as error:
        kind = response.headers.get("content-type", "an unknown type")
        raise SourceRefused(
            f"{response.url.copy_with(query=None)} did not answer as GitHub's API does ({kind}): is a proxy "
            "or a login in between? nothing was landed."
        ) from error


def _copy(response: httpx.Response, entry: Entry, target: BinaryIO, came: Callable[[], None]) -> None:
    """Write the body; raise `_Transient` if its bytes are not those that were announced."""
    digest, size = hashlib.sha1(b"blob %d\0" % entry.size, usedforsecurity=False), 0
    for chunk in response.iter_bytes(_CHUNK):
        came()
        digest.update(chunk)
        size += len(chunk)
        if size > entry.size:
            break
        target.write(chunk)
    if (size, digest.hexdigest()) != (entry.size, entry.sha):
        raise _Transient("it sent other bytes than it had announced")


def _message(response: httpx.Response) -> str:
    try:
        response.read()
        return str(dict(response.json()).get("message", ""))
    except (ValueError, TypeError):
        return ""


def _refusal(status: int, message: str) -> str:
    told = f" ({message})" if message else ""
    if status == httpx.codes.UNAUTHORIZED:
        return f"refuses the token{told}: renew GITHUB_TOKEN, or unset it for a public repository"
    if status == httpx.codes.FORBIDDEN:
        return f"forbids it{told}: give the token in GITHUB_TOKEN the right to read the repository's contents"
    if status == httpx.codes.CONFLICT:
        return f"has no commits there{told}: publish something first"
    return f"answered {status}{told}: check the address of the source"
