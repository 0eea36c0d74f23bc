"""Dagster's SQLite event log, with connections kept open and one transaction per batch and database.

2026-11-23: dagster 1.13 makes an engine and a connection for every event. Its statements are compiled
anew, and closing the last connection writes the log back to disk: 7 ms for each of the 280 events of
a week, as much as all of the week's Spark work. Drop once Dagster keeps its connections.

2026-11-26: it also stores one event in up to eight transactions, and reads its forty migrations for the
database of each run: together 0.4 s of a week.
"""

import os
import shutil
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, Self

import dagster as dg

# 2026-11-30: events and their SQLite log are private in Dagster 1.13. Drop once it exports them.
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import URL, create_engine, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import NullPool

BUSY_TIMEOUT_SECONDS = 30
MAX_OPEN = 4
"""Databases kept open: the index, and those of the runs used last."""


class SqliteEventLog(SqliteEventLogStorage):
    """Stores the same events in the same files as its parent."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._open: dict[str, Connection] = {}
        self._transactions: ExitStack | None = None
        super().__init__(*args, **kwargs)
        self._db_lock = RLock()  # type: ignore[assignment]  # Dagster's is a Lock; a transaction enters it again

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        """Create the log from dagster.yaml; Dagster's parent class creates itself here, not `cls`."""
        return cls(inst_data=inst_data, **config_value)

    def store_event(self, event: EventLogEntry) -> None:
        """Add an event to its run's database, and to the index if it is about an asset."""
        self.store_event_batch([event])

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Add events in one transaction per database, and tell those who watch its run."""
        runs = {event.run_id for event in events}
        with self._one_transaction_each({INDEX_SHARD_NAME, *runs}):
            for event in events:
                super().store_event(event)
        # Dagster watches a database's file; a connection that is kept writes to the file beside it alone.
        for run_id in runs:
            os.utime(self.path_for_shard(run_id))

    @contextmanager
    def _one_transaction_each(self, shards: Collection[str]) -> Iterator[None]:
        """Within the block, all connections to one of these databases share one transaction."""
        made = self._make_missing(shards)
        with self._db_lock, ExitStack() as transactions:
            for shard in shards:
                self._keep_engine(shard, made.get(shard))
            self._transactions = transactions
            try:
                yield
            finally:
                self._transactions = None
                self._open.clear()

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        made = self._make_missing([shard]).get(shard)
        with self._db_lock:
            if self._transactions is None:
                with self._begin(shard, made) as connection:
                    yield connection
            else:
                if shard not in self._open:
                    self._open[shard] = self._transactions.enter_context(self._begin(shard, made))
                yield self._open[shard]

    def _make_missing(self, shards: Collection[str]) -> dict[str, Engine]:
        """Make the engines that are not open.

        Outside the lock, because making one takes logging's lock, whose holder may be storing an event.
        """
        return {shard: self._make_engine(shard) for shard in shards if shard not in self._engines}

    @contextmanager
    def _begin(self, shard: str, made: Engine | None) -> Iterator[Connection]:
        engine = self._keep_engine(shard, made)
        if shard not in self._initialized_dbs:
            self._lay_out(shard, engine)
            self._initialized_dbs.add(shard)
        with engine.begin() as connection:
            yield connection

    def _lay_out(self, shard: str, engine: Engine) -> None:
        """Create a database's tables; a run's is a copy of an empty one that Dagster made once."""
        path = Path(self.path_for_shard(shard))
        if path.exists() or shard == INDEX_SHARD_NAME:
            self._initdb(engine)
            return
        empty = path.with_name(f"empty-{dg.__version__}")
        part = path.with_suffix(f".{os.getpid()}")
        if not empty.exists():
            self._initdb(create_engine(URL.create("sqlite", database=str(part)), poolclass=NullPool))
            part.replace(empty)
        shutil.copyfile(empty, part)
        try:
            os.link(part, path)
        except OSError:  # another process has just made it, or this file system has no links
            self._initdb(engine)
        part.unlink()

    def _make_engine(self, shard: str) -> Engine:
        timeout = {"timeout": BUSY_TIMEOUT_SECONDS}
        engine = create_engine(self.conn_string_for_shard(shard), connect_args=timeout)
        event.listen(engine, "connect", _without_a_sync_per_event)
        return engine

    def _keep_engine(self, shard: str, made: Engine | None) -> Engine:
        """Return a database's open engine; beyond `MAX_OPEN`, the least recently used one is closed."""
        if shard not in self._engines:
            self._engines[shard] = made or self._make_engine(shard)
        self._engines.move_to_end(shard)
        while len(self._engines) > MAX_OPEN:
            _, oldest = self._engines.popitem(last=False)
            oldest.dispose()
        return self._engines[shard]

    def dispose(self) -> None:
        """Close every connection."""
        while self._engines:
            self._engines.popitem()[1].dispose()
        super().dispose()


def _without_a_sync_per_event(connection: Any, _: object) -> None:
    """In WAL mode this cannot corrupt the log; a power failure may lose the last events."""
    connection.execute("PRAGMA synchronous=NORMAL")
