"""`make azurite-lock`: pin what package.json asks for, with hashes, and without an address of anything."""

import json
import subprocess

from cloudflix_assets_tests.loopback.azure.azurite import LOCK

ADDRESSES = ("funding", "license")
"""Fields in which a package names pages of its own."""


def main() -> None:
    """Write package-lock.json; the settings of npm beside it keep registries out."""
    subprocess.run(["npm", "install", "--package-lock-only"], cwd=LOCK.parent, check=True)
    LOCK.write_text(without_addresses(LOCK.read_text(encoding="utf-8")), encoding="utf-8")


def without_addresses(text: str) -> str:
    """A lock without what npm does not need to install it."""
    lock = json.loads(text)
    for package in lock["packages"].values():
        for field in ADDRESSES:
            package.pop(field, None)
    return json.dumps(lock, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
