"""Tests of real runs: what a task finds on the cluster, what it does not find, and how it ends."""

import json
from pathlib import Path

import psutil
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.service.jobs import SparkPythonTask

from cloudflix_assets_tests.loopback.databricks.driver_processes import server
from cloudflix_assets_tests.loopback.databricks.emulator import Emulator
from cloudflix_assets_tests.loopback.databricks.runs import Run
from cloudflix_assets_tests.loopback.databricks.tasks import Tasks, client_of, eventually, new_cluster

SLEEPS = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(sys.argv[1] + "/child", "w").write(str(child.pid))
time.sleep(600)
"""


def start_sleeper(tasks: Tasks) -> tuple[Run, int]:
    """Start a run whose code sleeps; return it, and the id of a process that the code has started."""
    run = tasks.submit(SLEEPS, parameters=[tasks.emulator.volume])
    note = tasks.emulator.storage.in_volume(f"{tasks.emulator.volume}/child")
    assert eventually(lambda: note.exists() and note.read_text() != "")
    return run, int(note.read_text())


def is_gone(pid: int | None) -> bool:
    assert pid
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_run_prints_writes_to_the_volume_and_computes(tasks: Tasks, client: WorkspaceClient) -> None:
    run = tasks.run(
        """
        import sys
        from pathlib import Path
        from pyspark.sql import SparkSession

        with open(f"{sys.argv[1]}/out.txt", "w") as file:
            file.write(str(spark.range(5).count()))
        Path(sys.argv[1], "folder").mkdir()
        print("same session:", SparkSession.builder.getOrCreate() is spark)
        """,
        parameters=[tasks.emulator.volume],
    )
    assert tasks.wait(run) == "TERMINATED SUCCESS"
    assert client.jobs.get_run_output(run.task_run_id).logs == "same session: True\n"
    assert tasks.emulator.storage.in_volume(f"{tasks.emulator.volume}/out.txt").read_text() == "5"
    client.files.get_directory_metadata(f"{tasks.emulator.volume}/folder")


def test_what_is_being_developed_is_not_on_the_cluster(tasks: Tasks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guard against a step that runs the code of this machine, and never the shipped code."""
    project = str(Path(__file__).parents[3])
    monkeypatch.setenv("PYTHONPATH", project)
    run = tasks.run(
        f"""
        import sys
        sys.path.insert(0, {project!r})
        for name in ("cloudflix_assets", "spark.registry", "cloudflix_assets_tests"):
            try:
                __import__(name)
                print("found", name)
            except ImportError:
                print("no", name)
        import dagster, deltalake
        """
    )
    assert run.logs == "no cloudflix_assets\nno spark.registry\nno cloudflix_assets_tests\n", run.error_trace
    assert tasks.wait(run) == "TERMINATED SUCCESS"


def test_the_environment_is_a_cluster_s(tasks: Tasks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guard against a step that finds variables of this machine, and not only the submitted ones."""
    monkeypatch.setenv("CLOUDFLIX_HOME", "/here")
    monkeypatch.setenv("DATABRICKS_TOKEN", "ours")
    tasks.emulator.secrets["lake"] = {"key": "s3cret"}
    spec = new_cluster(
        spark_env_vars={"OURS": "sent", "KEY": "{{secrets/lake/key}}"},
        spark_conf={"a.b": "{{secrets/lake/key}}"},
    )
    run = tasks.run(
        """
        import json, os
        names = {"DATABRICKS_RUNTIME_VERSION", "OURS", "KEY"}
        cluster_id = spark.conf.get("spark.databricks.clusterUsageTags.clusterId")
        values = {name: os.environ[name] for name in names}
        print(json.dumps([sorted(os.environ), values, spark.conf.get("a.b"), os.getcwd(), cluster_id]))
        """,
        new_cluster=spec,
    )
    names, values, conf, folder, cluster_id = json.loads(run.logs)
    own = {"HOME", "LANG", "PATH", "PYSPARK_PYTHON", "TMPDIR", "SPARK_REMOTE", "SPARK_CONNECT_MODE_ENABLED"}
    assert set(names) == own | set(values)
    assert values == {"DATABRICKS_RUNTIME_VERSION": "17.3", "OURS": "sent", "KEY": "s3cret"}
    assert (conf, cluster_id) == ("s3cret", run.cluster.cluster_id)
    assert folder != str(Path.cwd())


def test_a_secret_that_is_not_there_is_a_cluster_that_does_not_start(tasks: Tasks) -> None:
    run = tasks.run(new_cluster=new_cluster(spark_env_vars={"KEY": "{{secrets/lake/key}}"}))
    assert run.end
    assert run.end.code == "CLUSTER_ERROR"
    assert "Secret does not exist with scope: lake and key: key" in run.end.message


def test_an_error_is_told_with_its_trace(tasks: Tasks, client: WorkspaceClient) -> None:
    run = tasks.run("print('before')\nraise RuntimeError('no such week')")
    assert tasks.wait(run) == "TERMINATED FAILED"
    assert run.end
    assert run.end.code == "RUN_EXECUTION_ERROR"
    output = client.jobs.get_run_output(run.task_run_id)
    assert (output.error, output.logs) == ("RuntimeError: no such week", "before\n")
    assert output.error_trace
    assert "line 2, in <module>" in output.error_trace


@pytest.mark.parametrize(
    ("code", "state", "reason"),
    [
        ("raise SystemExit", "TERMINATED SUCCESS", "SUCCESS"),
        ("import sys; sys.exit(3)", "TERMINATED FAILED", "RUN_EXECUTION_ERROR"),
        ("import os; os._exit(3)", "INTERNAL_ERROR FAILED", "DRIVER_ERROR"),
        ("def broken(", "TERMINATED FAILED", "RUN_EXECUTION_ERROR"),
    ],
)
def test_a_task_ends_as_its_code_does(tasks: Tasks, code: str, state: str, reason: str) -> None:
    run = tasks.run(code)
    assert tasks.wait(run) == state
    assert run.end
    assert run.end.code == reason


def test_a_python_file_that_is_not_there_fails_the_run(tasks: Tasks) -> None:
    run = tasks.run(spark_python_task=SparkPythonTask("dbfs:/absent.py"))
    assert run.end
    assert (run.end.code, "dbfs:/absent.py" in run.end.message) == ("RESOURCE_NOT_FOUND", True)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/Volumes/main/cloudflix/other/task.py", "Volume 'main.cloudflix.other' does not exist."),
        ("dbfs:/task.py", "Public DBFS root is disabled. Access is denied on path: dbfs:/task.py"),
    ],
)
def test_a_place_that_cannot_be_read_fails_the_run(tasks: Tasks, path: str, told: str) -> None:
    tasks.emulator.storage.dbfs_disabled = True
    run = tasks.run(spark_python_task=SparkPythonTask(path))
    assert run.end
    assert (run.end.life, run.end.code) == ("TERMINATED", "STORAGE_ACCESS_ERROR")
    assert told in run.end.message


def test_a_root_is_used_again(tmp_path: Path) -> None:
    """Guard against a clash with the files of an earlier workspace, whose runs had the same ids."""
    for _ in range(2):
        with Emulator(tmp_path) as emulator:
            tasks = Tasks(emulator, client_of(emulator, token=emulator.token))
            assert tasks.wait(tasks.run()) == "TERMINATED SUCCESS"
        assert emulator.wrong == []


def test_each_access_mode_has_what_is_its_own(tasks: Tasks) -> None:
    """Guard against `sc` or `/dbfs` in standard access mode, where the stock launcher fails without them."""
    (tasks.emulator.storage.dbfs_root / "file").write_text("x")
    looks = """
        import os
        print("sc" in globals(), os.path.exists("/dbfs/file"), os.path.exists("/Volumes/main"))
        """
    single = tasks.run(looks)
    standard = tasks.run(looks, new_cluster=new_cluster(data_security_mode="USER_ISOLATION"))
    assert (single.logs, standard.logs) == ("True True True\n", "False False True\n")


def test_there_is_no_context_on_sail_and_it_says_so(tasks: Tasks) -> None:
    run = tasks.run("sc.parallelize([1])")
    assert run.error == (
        "AttributeError: sc.parallelize: this driver computes on Sail, without a SparkContext: "
        "serve with --session jvm"
    )


def test_dbutils_reads_secrets_and_lists_files(tasks: Tasks) -> None:
    tasks.emulator.secrets["lake"] = {"key": "s3cret"}
    (tasks.emulator.storage.dbfs_root / "a").mkdir()
    (tasks.emulator.storage.dbfs_root / "file").write_text("four")
    run = tasks.run(
        """
        import sys
        print(dbutils.secrets.get("lake", "key"), dbutils.secrets.get(scope="lake", key="key"))
        print([(entry.path, entry.name, entry.size) for entry in dbutils.fs.ls("dbfs:/")])
        print([entry.name for entry in dbutils.fs.ls(sys.argv[1])])
        dbutils.secrets.get("lake", "other")
        """,
        parameters=[tasks.emulator.volume],
    )
    assert run.logs.splitlines() == [
        "s3cret s3cret",
        "[('dbfs:/a/', 'a/', 0), ('dbfs:/file', 'file', 4)]",
        "['task.py']",
    ]
    assert run.error == "ValueError: Secret does not exist with scope: lake and key: other"


def test_a_job_s_cluster_starts_each_time_and_a_shared_one_once(tasks: Tasks) -> None:
    """Guard against wrong counts of starts, by which tests state the minutes and money that a week costs."""
    for _ in range(2):
        tasks.run()
        tasks.run(new_cluster=new_cluster())
    assert [start.source for start in tasks.emulator.starts] == ["UI", "JOB", "JOB"]
    states = {cluster.source: cluster.state for cluster in tasks.emulator.clusters.by_id.values()}
    assert states == {"UI": "RUNNING", "JOB": "TERMINATED"}


def test_cancelling_kills_the_driver_and_what_it_started(tasks: Tasks, client: WorkspaceClient) -> None:
    run, child = start_sleeper(tasks)
    assert run.life == "RUNNING"
    client.jobs.cancel_run(run.run_id)
    assert tasks.wait(run) == "TERMINATED CANCELED"
    told = client.jobs.get_run(run.run_id)
    assert told.state
    assert told.state.user_cancelled_or_timedout
    assert is_gone(run.driver_pid)
    assert eventually(lambda: is_gone(child))


def test_a_run_that_takes_too_long_is_ended(tasks: Tasks) -> None:
    code = "import time; time.sleep(60)"
    assert tasks.wait(tasks.run(code, timeout_seconds=1)) == "TERMINATED TIMEDOUT"
    assert tasks.wait(tasks.run(code, of_the_run={"timeout_seconds": 1})) == "TERMINATED TIMEDOUT"


def test_nothing_is_left_when_the_workspace_ends(tmp_path: Path) -> None:
    server()  # all workspaces of a process share it
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    with Emulator(tmp_path / "workspace") as emulator:
        run, child = start_sleeper(Tasks(emulator, client_of(emulator, token=emulator.token)))
    assert run.ended.is_set()
    assert eventually(lambda: is_gone(child))
    assert eventually(
        lambda: {process.pid for process in psutil.Process().children(recursive=True)} <= before
    )
    assert emulator.wrong == []
