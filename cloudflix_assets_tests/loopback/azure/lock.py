"""`make azurite-lock`: pin the packages of package.json in a lock file with hashes and without addresses."""

import json
import subprocess

from cloudflix_assets_tests.loopback.azure.azurite import LOCK

ADDRESSES = ("funding", "license")
"""The fields of a package that hold addresses of web pages."""


def main() -> None:
    """Write package-lock.json; `.npmrc` beside it keeps the addresses of registries out."""
    subprocess.run(["npm", "install", "--package-lock-only"], cwd=LOCK.parent, check=True)
    LOCK.write_text(without_addresses(LOCK.read_text(encoding="utf-8")), encoding="utf-8")


def without_addresses(text: str) -> str:
    """Return the text of a lock file without `ADDRESSES`, which npm does not need for an installation."""
    lock = json.loads(text)
    for package in lock["packages"].values():
        for field in ADDRESSES:
            package.pop(field, None)
    return json.dumps(lock, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
