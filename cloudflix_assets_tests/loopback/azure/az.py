"""A fake Azure CLI: it knows `az account get-access-token` as our libraries call it, and nothing else."""

import json
import os
import sys
from pathlib import Path

from cloudflix_assets_tests.loopback.azure.entra import TENANT

LOG = "calls"
COMMAND = ["account", "get-access-token", "--output", "json"]
RESOURCES = (
    ["--resource", "https://storage.azure.com"],  # azure-identity
    ["--scope", "https://storage.azure.com/.default"],  # delta-rs and Sail
)
KNOWN = [[*COMMAND, *resource, *tenant] for resource in RESOURCES for tenant in ([], ["--tenant", TENANT])]
SCRIPT = """#!{python}
import json, pathlib, sys, time
asked, here = sys.argv[1:], pathlib.Path(__file__).parent
(here / "{log}").open("a").write(json.dumps(asked) + "\\n")
token = here / "token"
if asked not in {known}:
    sys.exit(f"ERROR: unrecognized arguments: {{asked}}")
if not token.exists():
    sys.exit("ERROR: Please run 'az login' to setup account.")
end = int(time.time()) + 3599
local = time.strftime("%Y-%m-%d %H:%M:%S.000000", time.localtime(end))
told = {{"accessToken": token.read_text(), "expiresOn": local, "expires_on": end}}
print(json.dumps({{**told, "subscription": "", "tenant": "{tenant}", "tokenType": "Bearer"}}))
"""


def install(folder: Path, token: str | None) -> Path:
    """Make a folder with the fake `az`, and return the folder; without a token nobody is logged in."""
    folder.mkdir()
    script = SCRIPT.format(python=sys.executable, log=LOG, known=KNOWN, tenant=TENANT)
    (folder / "az").write_text(script)
    (folder / "az").chmod(0o755)
    if token:
        (folder / "token").write_text(token)
    return folder


def first_on_path(folder: Path) -> str:
    """Return the value of `PATH` with a folder in front."""
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def read_calls(folder: Path) -> list[list[str]]:
    """Return the arguments of each call of `az` so far."""
    return [json.loads(line) for line in (folder / LOG).read_text().splitlines()]
