"""Every client that may meet a silent host says so while it waits."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from azure.core.pipeline.transport import HttpRequest

from cloudflix_assets.databricks.calls import patiently
from cloudflix_assets.lake.adls.client import DiscreetTransport
from cloudflix_assets.lake.waiting import heard, silences, waiting_for
from cloudflix_assets.sources.github.api import Api

seen: list[dict[str, float]] = []


class _Handler(BaseHTTPRequestHandler):
    """Answers with an empty list, and keeps who was waited for at that moment."""

    def do_GET(self) -> None:
        seen.append(dict(silences()))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"[]")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def host() -> Iterator[str]:
    """The address of a server in this process."""
    seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_github_is_waited_for(host: str) -> None:
    assert Api(f"http://{host}").ask("/repos", list[Any]) == []
    assert [list(waited) for waited in seen] == [[host]]
    assert silences() == {}


def test_a_storage_account_is_waited_for(host: str) -> None:
    with DiscreetTransport() as transport:
        assert transport.send(HttpRequest("GET", f"http://{host}/container?sig=secret")).status_code == 200
    assert [list(waited) for waited in seen] == [[host]]
    assert silences() == {}


def test_a_workspace_is_waited_for() -> None:
    assert list(patiently(lambda: dict(silences()))) == ["the Databricks workspace"]
    assert silences() == {}


def test_a_host_that_was_heard_is_not_silent() -> None:
    """A large download takes minutes, and its host is not silent; one of two calls may be answered."""
    with waiting_for("a"):
        before = silences()["a"]
        heard("a")
        assert silences()["a"] <= before
        with waiting_for("a"), waiting_for("b"):
            assert set(silences()) == {"a", "b"}
        assert set(silences()) == {"a"}
    heard("a")
    assert silences() == {}
    with pytest.raises(OSError, match="reset"), waiting_for("a"):
        raise OSError("reset")
    assert silences() == {}
