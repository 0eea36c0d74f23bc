"""The instance of a home: what it stores lies below the folder that it is opened from, wherever that is.

`dagster.yaml` names this class and no folder, so a home that was copied or moved writes into itself.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import dagster as dg

# 2026-11-30: what an instance stores by default is private in Dagster 1.13. Drop once it exports it.
from dagster._core.instance.ref import InstanceRef
from dagster._serdes import ConfigurableClassData

from cloudflix_assets.instance.compute_logs import ComputeLogs
from cloudflix_assets.instance.event_log import SqliteEventLog

_PARTS = ("run_storage", "event_log_storage", "schedule_storage")


class HomeInstance(dg.DagsterInstance):
    """An instance with this project's event log and compute logs, unless `dagster.yaml` has others."""

    @staticmethod
    def config_schema() -> Mapping[str, object]:
        """Return the settings of its own in `dagster.yaml`: none."""
        return {}

    @staticmethod
    def config_defaults(home: str) -> Mapping[str, ConfigurableClassData | None]:
        """Return what is stored where, for an instance that is opened from the folder `home`."""
        defaults = {
            **InstanceRef.config_defaults(home),
            "event_log_storage": _stored(SqliteEventLog, Path(home, "history", "runs")),
            "compute_logs": _stored(ComputeLogs, Path(home, "storage")),
        }
        parts = {name: _spelt(defaults[name]) for name in _PARTS}
        defaults["storage"] = ConfigurableClassData(
            "dagster._core.storage.legacy_storage", "CompositeStorage", json.dumps(parts)
        )
        return defaults


def folders_elsewhere(instance: dg.DagsterInstance, home: Path) -> Iterator[tuple[str, Path]]:
    """Yield each folder outside of `home` that an instance stores in, after the name of what it stores."""
    reference = instance.get_ref()
    stores = {
        "run_storage": reference.run_storage_data,
        "event_log_storage": reference.event_storage_data,
        "schedule_storage": reference.schedule_storage_data,
        "compute_logs": reference.compute_logs_data,
        "local_artifact_storage": reference.local_artifact_storage_data,
    }
    for name, data in stores.items():
        folder = data.config_dict.get("base_dir") if data else None
        if isinstance(folder, str) and not Path(folder).resolve().is_relative_to(home.resolve()):
            yield name, Path(folder).absolute()


def _stored(kind: type, folder: Path) -> ConfigurableClassData:
    return ConfigurableClassData(kind.__module__, kind.__name__, json.dumps({"base_dir": str(folder)}))


def _spelt(data: ConfigurableClassData | None) -> Mapping[str, str]:
    """Return a class and its settings as `CompositeStorage` takes them."""
    return {} if data is None else data._asdict()
