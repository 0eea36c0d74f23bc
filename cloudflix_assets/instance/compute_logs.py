"""Compute logs: the output of steps, kept for the web UI.

2026-11-23: dagster 1.13 also copies it to the terminal while the run goes on, by four processes a run
(two `tail`, two Python watching them), which cost a tenth of a small week, write into the live view,
and answer a Ctrl-C with stack traces of their own. Drop once the copy can be switched off.
"""

import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

# 2026-11-30: what captures and keeps compute logs is private in Dagster 1.13. Drop once it exports it.
from dagster._core.execution.compute_logs import redirect_to_file
from dagster._core.storage.compute_log_manager import CapturedLogContext, ComputeIOType
from dagster._core.storage.local_compute_log_manager import IO_TYPE_EXTENSION, LocalComputeLogManager
from dagster._serdes import ConfigurableClassData
from dagster._utils import ensure_file


class ComputeLogs(LocalComputeLogManager):
    """Stores the same output in the same files as its parent, and does not copy it to the terminal."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        """Create the manager from dagster.yaml; Dagster's parent class creates itself here, not `cls`."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def capture_logs(self, log_key: Sequence[str]) -> Generator[CapturedLogContext, None, None]:
        """Redirect standard output and standard error to files for the length of the block."""
        out, err = (
            self.get_captured_local_path(log_key, IO_TYPE_EXTENSION[stream])
            for stream in (ComputeIOType.STDOUT, ComputeIOType.STDERR)
        )
        ensure_file(out)
        ensure_file(err)
        with redirect_to_file(sys.stdout, out), redirect_to_file(sys.stderr, err):
            yield CapturedLogContext(log_key)
        Path(self.complete_artifact_path(log_key)).touch()  # type: ignore[no-untyped-call]  # Dagster's, untyped
