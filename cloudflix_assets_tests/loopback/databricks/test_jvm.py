"""Tests of drivers with a JVM: they have Delta's own writer, and workers that cannot import this project."""

from pathlib import Path

from deltalake import DeltaTable

from cloudflix_assets_tests.loopback.databricks.emulator import Emulator
from cloudflix_assets_tests.loopback.databricks.tasks import Tasks, client_of, new_cluster


def test_a_driver_has_a_jvm_of_its_own_with_delta(jvm: Emulator, tmp_path: Path) -> None:
    """Guard against a driver without Delta or its settings, and against workers that import this project."""
    jvm.secrets["lake"] = {"key": "s3cret"}
    spec = new_cluster(spark_conf={"spark.ours": "given", "a.key": "{{secrets/lake/key}}"})
    run = Tasks(jvm, client_of(jvm, token=jvm.token)).run(
        """
        import sys
        spark.range(3).write.format("delta").save(sys.argv[1])

        def look(rows):
            try:
                import cloudflix_assets
                yield "a worker finds what is developed"
            except ImportError:
                import deltalake
                yield "a worker finds what is installed"

        print(sc.parallelize([1], 1).mapPartitions(look).collect()[0])
        print(sc is spark.sparkContext, spark.conf.get("spark.ours"), spark.conf.get("a.key"))
        """,
        parameters=[str(tmp_path / "table")],
        new_cluster=spec,
    )
    assert run.logs.splitlines() == ["a worker finds what is installed", "True given s3cret"], run.error_trace
    assert DeltaTable(tmp_path / "table").to_pyarrow_table().num_rows == 3


def test_standard_access_is_spark_connect_with_delta(jvm: Emulator, tmp_path: Path) -> None:
    """Guard against code that needs a SparkContext, and passes here although it fails on a cluster."""
    spec = new_cluster(data_security_mode="USER_ISOLATION", spark_conf={"spark.ours": "given"})
    run = Tasks(jvm, client_of(jvm, token=jvm.token)).run(
        """
        import sys
        from pyspark.sql import SparkSession

        spark.range(3).write.format("delta").save(sys.argv[1])
        same = SparkSession.builder.getOrCreate() is spark
        print(type(spark).__module__, same, spark.conf.get("spark.ours"))
        print("sc" in globals(), hasattr(spark, "sparkContext"))
        """,
        parameters=[str(tmp_path / "table")],
        new_cluster=spec,
    )
    assert run.logs.splitlines() == ["pyspark.sql.connect.session True given", "False False"], run.error_trace
    assert DeltaTable(tmp_path / "table").to_pyarrow_table().num_rows == 3
