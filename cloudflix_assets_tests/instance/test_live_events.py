"""A web UI that is open shows the events of a run while they are stored."""

import threading
from typing import Any

import dagster as dg

from cloudflix_assets.instance.instance import open_instance
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.instance.event_log_cases import materialized


def test_a_watcher_is_told_of_what_another_writer_stores(environment: Environment) -> None:
    """Dagster watches the file of the run's database; a kept connection writes to the log beside it alone."""
    with open_instance(environment) as web_ui, open_instance(environment) as writer:
        run = writer.get_run_by_id(materialized(writer, 0))
        assert run
        last = web_ui.get_records_for_run(run.run_id).cursor
        seen: list[str | None] = []
        enough = threading.Event()

        def see(event: dg.EventLogEntry, _: Any) -> None:
            seen.append(event.get_dagster_event().message)
            if seen[-1] == "second":
                enough.set()

        web_ui.watch_event_logs(run.run_id, last, see)
        for message in ("first", "second"):
            writer.report_engine_event(message, run)
        told = enough.wait(30)
        web_ui.end_watch_event_logs(run.run_id, see)
    assert told, seen
    assert seen == ["first", "second"]
