"""What steps print, kept for the web UI.

2026-11-23: dagster 1.13 also copies it to the terminal while the run goes on, by four processes a run
(two `tail`, two Python watching them), which cost a tenth of a small week, write into the live view,
and answer a Ctrl-C with stack traces of their own. Drop once the copy can be switched off.
"""

import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from dagster._core.execution.compute_logs import redirect_to_file
from dagster._core.storage.compute_log_manager import CapturedLogContext, ComputeIOType
from dagster._core.storage.local_compute_log_manager import IO_TYPE_EXTENSION, LocalComputeLogManager
from dagster._serdes import ConfigurableClassData
from dagster._utils import ensure_file


class ComputeLogs(LocalComputeLogManager):
    """Stores what its parent stores, where its parent stores it, and copies it nowhere."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        """Dagster's parent class names itself here, not `cls`."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def capture_logs(self, log_key: Sequence[str]) -> Generator[CapturedLogContext, None, None]:
        """Both streams go to files until the run ends."""
        out, err = (
            self.get_captured_local_path(log_key, IO_TYPE_EXTENSION[stream])
            for stream in (ComputeIOType.STDOUT, ComputeIOType.STDERR)
        )
        ensure_file(out)
        ensure_file(err)
        with redirect_to_file(sys.stdout, out), redirect_to_file(sys.stderr, err):
            yield CapturedLogContext(log_key)
        Path(self.complete_artifact_path(log_key)).touch()  # type: ignore[no-untyped-call]  # Dagster's, untyped
