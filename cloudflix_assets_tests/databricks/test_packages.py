"""What a cluster is told to install: the lock's own lines, for the Python that the cluster has."""

from packaging.requirements import Requirement

from cloudflix_assets.databricks.package import package


def test_of_two_versions_for_two_pythons_the_cluster_chooses() -> None:
    """Without the marker, a step on Python 3.11 would ask for a library that needs 3.12."""
    pins = list(map(Requirement, package().requirements.decode().splitlines()))
    for version in ("3.11.9", "3.12.3", "3.13.1"):
        names = [
            pin.name
            for pin in pins
            if not pin.marker or pin.marker.evaluate({"python_full_version": version})
        ]
        assert len(names) == len(set(names))
        assert {"dagster", "deltalake", "deprecated", "numpy"} <= set(names)


def test_engines_and_what_is_of_the_host_are_not_installed() -> None:
    """Databricks' own Spark must not be replaced."""
    names = {library.partition("==")[0] for library in package().libraries}
    assert names.isdisjoint({"pyspark", "delta-spark", "pysail", "dagster-webserver", "dagster-databricks"})
