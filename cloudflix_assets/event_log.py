"""Dagster's SQLite event log, with connections that are kept between events.

2026-11-23: dagster 1.13 makes an engine and a connection for every event. Its statements are compiled
anew, and closing the last connection writes the log back to disk: 7 ms for each of the 280 events of
a week, as much as all of the week's Spark work. Drop once Dagster keeps its connections.
"""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine

from cloudflix_assets.sentences import without_stack

BUSY_TIMEOUT_SECONDS = 30
MAX_OPEN = 4
"""Databases kept open: the index, and those of the runs used last."""


class SqliteEventLog(SqliteEventLogStorage):
    """Stores what its parent stores, where its parent stores it; of a told failure, the sentence."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        super().__init__(*args, **kwargs)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        """Dagster's parent class names itself here, not `cls`."""
        return cls(inst_data=inst_data, **config_value)

    def store_event(self, event: EventLogEntry) -> None:
        """Add it to its run's database, and to the index if it is about an asset."""
        super().store_event(without_stack(event))

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        # Outside the lock: making an engine takes logging's lock, whose holder may be storing an event.
        made = None if shard in self._engines else self._made(shard)
        with self._db_lock:
            engine = self._kept(shard, made)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def _made(self, shard: str) -> Engine:
        timeout = {"timeout": BUSY_TIMEOUT_SECONDS}
        engine = create_engine(self.conn_string_for_shard(shard), connect_args=timeout)
        event.listen(engine, "connect", _without_a_sync_per_event)
        return engine

    def _kept(self, shard: str, made: Engine | None) -> Engine:
        """The engine of a database, the one used longest ago being closed for it."""
        if shard not in self._engines:
            self._engines[shard] = made or self._made(shard)
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
