"""Tests of what a task can import: installed packages, and shipped modules, archives and wheels."""

import zipfile
from pathlib import Path

import pytest
from databricks.sdk.service.compute import Library, PythonPyPiLibrary

from cloudflix_assets_tests.loopback.databricks.emulator import Emulator
from cloudflix_assets_tests.loopback.databricks.tasks import Tasks, client_of


def pypi(package: str) -> Library:
    return Library(pypi=PythonPyPiLibrary(package))


def test_modules_and_archives_of_a_volume_can_be_imported(tasks: Tasks) -> None:
    """Guard against volumes that a task cannot import from, as it can on a cluster."""
    tasks.file("NAME = 'a module'", "shipped.py")
    folder = tasks.emulator.storage.in_volume(tasks.emulator.volume)
    with zipfile.ZipFile(folder / "code.zip", "w") as archive:
        archive.writestr("zipped.py", "NAME = 'an archive'")
    run = tasks.run(
        """
        import sys
        sys.path += [sys.argv[1], sys.argv[1] + "/code.zip"]
        import shipped, zipped
        print(shipped.NAME, zipped.NAME)
        """,
        parameters=[tasks.emulator.volume],
    )
    assert run.logs == "a module an archive\n", run.error_trace


def test_workers_know_what_is_installed_and_no_more(tmp_path: Path) -> None:
    """Guard against workers that import this project, or see variables that are not the server's."""
    with Emulator(tmp_path / "workspace", variables={"OF_THE_SERVER": "told"}) as emulator:
        tasks = Tasks(emulator, client_of(emulator, token=emulator.token))
        run = tasks.run(
            """
            def look(batches):
                import os
                import pyarrow
                try:
                    import cloudflix_assets
                    found = "developed"
                except ImportError:
                    found = "installed"
                for batch in batches:
                    names = sorted(set(os.environ) - {"PATH", "LANG", "RUST_LOG"})
                    yield pyarrow.RecordBatch.from_pydict({"found": [found, *names]})

            rows = spark.range(1, numPartitions=1).mapInArrow(look, "found string").collect()
            print([row.found for row in rows])
            """
        )
    assert run.logs == "['installed', 'OF_THE_SERVER']\n", run.error_trace


def test_libraries_are_compared_with_what_is_installed(tasks: Tasks) -> None:
    installed = [pypi(f"pytest=={pytest.__version__}"), pypi("dagster>=1.13"), pypi("pyspark[connect]")]
    assert tasks.wait(tasks.run(libraries=installed)) == "TERMINATED SUCCESS"


@pytest.mark.parametrize(
    ("library", "told"),
    [
        (pypi("pytest==0.1"), "No matching distribution found for pytest==0.1 (there is"),
        (pypi("no-such-package"), "Could not find a version that satisfies the requirement no-such-package"),
        (pypi("cloudflix"), "No matching distribution found for cloudflix"),
        (pypi("a b"), "a b is no requirement"),
        (Library(jar="dbfs:/a.jar"), "the loopback does not install jar dbfs:/a.jar"),
        (Library(whl="/Volumes/main/cloudflix/staging/a-1-py3-none-any.whl"), "does not exist"),
    ],
)
def test_a_library_that_cannot_be_installed_fails_the_run(tasks: Tasks, library: Library, told: str) -> None:
    run = tasks.run(libraries=[library])
    assert tasks.wait(run) == "INTERNAL_ERROR FAILED"
    assert run.end
    assert run.end.code == "LIBRARY_INSTALLATION_ERROR"
    assert told in run.end.message


def test_a_wheel_is_installed(tasks: Tasks) -> None:
    path = f"{tasks.emulator.volume}/shipped-1-py3-none-any.whl"
    with zipfile.ZipFile(tasks.emulator.storage.in_volume(path), "w") as wheel:
        wheel.writestr("shipped/__init__.py", "NAME = 'a wheel'")
    run = tasks.run("import shipped\nprint(shipped.NAME)", libraries=[Library(whl=path)])
    assert run.logs == "a wheel\n", run.error_trace
