"""Fixtures of accounts, of an identity provider and of a proxy; without Node.js those of accounts skip."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cloudflix_assets.lake.adls.lake import AdlsLake
from cloudflix_assets.lake.base import Lake
from cloudflix_assets.lake.choice import lake_of
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.lake.adls.lakes import settings
from cloudflix_assets_tests.loopback.azure.authority import Authority, make_authority
from cloudflix_assets_tests.loopback.azure.azurite import Azurite, NoNode, install, run_azurite
from cloudflix_assets_tests.loopback.azure.entra import Entra
from cloudflix_assets_tests.loopback.azure.hierarchical import Hierarchical
from cloudflix_assets_tests.loopback.azure.proxy import Proxy


@pytest.fixture(scope="module", autouse=True)
def surroundings() -> Iterator[None]:
    """Restore the `AZURE_` variables after a module, because a lake sets some for its process."""
    before = dict(os.environ)
    yield
    for name in {*os.environ, *before}:
        if name.startswith("AZURE_"):
            os.environ.pop(name, None)
    os.environ.update({name: value for name, value in before.items() if name.startswith("AZURE_")})


@pytest.fixture(scope="session")
def node() -> str:
    """Install Azurite, and return the path of node; only once, because npm may take a minute to fail."""
    try:
        return install()
    except NoNode as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The certificate authority that the clients of this test run trust."""
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def azurite(node: str) -> Iterator[Azurite]:
    """An account over HTTP, shared by all tests: each makes containers of its own."""
    with run_azurite() as azurite:
        yield azurite


@pytest.fixture(scope="session")
def azurite_tls(node: str, authority: Authority) -> Iterator[Azurite]:
    """An account over TLS that also accepts tokens, shared by all tests."""
    with run_azurite(authority) as azurite:
        yield azurite


@pytest.fixture(scope="session")
def entra_server(authority: Authority) -> Iterator[Entra]:
    """The Entra ID of fixtures that are set up once, such as a session of Spark; tests take `entra`."""
    with Entra(authority).serve() as entra:
        yield entra


@pytest.fixture
def entra(entra_server: Entra) -> Iterator[Entra]:
    """An Entra ID that hands out good tokens; a request that it would not understand fails the test."""
    entra_server.reset()
    yield entra_server
    wrong = list(entra_server.wrong)
    entra_server.reset()  # fixtures that share the server expect good tokens
    assert wrong == []


@pytest.fixture
def proxy(azurite: Azurite) -> Iterator[Proxy]:
    """A proxy in front of `azurite`; a request that the service would not understand fails the test."""
    with Proxy(azurite).serve() as proxy:
        yield proxy
    assert proxy.wrong == []


@pytest.fixture
def hierarchical(azurite: Azurite) -> Iterator[Hierarchical]:
    """An account with a hierarchy, over `azurite`; a request that Azure would not understand fails a test."""
    with Hierarchical(azurite).serve() as hierarchical:
        yield hierarchical
    assert hierarchical.wrong == []


@pytest.fixture(params=["flat", "hierarchical"])
def makes(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., AdlsLake]:
    """A function that makes lakes in an account of either kind, in new containers unless they are named."""
    return lambda **others: AdlsLake.of(_account_settings(request, tmp_path / "home", **others))


def _account_settings(request: pytest.FixtureRequest, home: Path, **others: object) -> Environment:
    flat = request.param == "flat"
    server = request.getfixturevalue("proxy" if flat else "hierarchical")
    return settings(server, home, flat=flat, **others)


IN_ACCOUNTS = [pytest.param(kind, marks=pytest.mark.slow) for kind in ("flat", "hierarchical")]
"""The kinds of account, marked slow here because `is_slow` cannot see that they need Node.js."""


@pytest.fixture(params=["folder", *IN_ACCOUNTS])
def each_environment(request: pytest.FixtureRequest, environment: Environment, tmp_path: Path) -> Environment:
    """Settings of each kind of lake: a folder, an account without a hierarchy and one with it."""
    return environment if request.param == "folder" else _account_settings(request, tmp_path / "home")


@pytest.fixture
def each_lake(each_environment: Environment) -> Lake:
    """An empty lake of each kind."""
    return lake_of(each_environment)


@pytest.fixture
def lake(makes: Callable[..., AdlsLake]) -> AdlsLake:
    """An empty lake in an account of either kind."""
    return makes()


@pytest.fixture
def flat(proxy: Proxy, tmp_path: Path) -> AdlsLake:
    """An empty lake in a flat account behind the proxy."""
    return AdlsLake.of(settings(proxy, tmp_path / "home"))
