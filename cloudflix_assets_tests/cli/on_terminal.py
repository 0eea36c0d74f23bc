"""The command line on a terminal of a given width, as a person sees it."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from dataclasses import dataclass
from pathlib import Path

_HEIGHT = 40
_CODES = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")
_QUESTION = b"[y/N]"


@dataclass(frozen=True)
class Seen:
    """What stood on the terminal, with all that a live view drew and took away, and the exit code."""

    code: int
    text: str

    @property
    def result(self) -> list[str]:
        """The lines after the last live view: its cursor comes back when it goes."""
        kept = _CODES.sub("", self.text.split("\x1b[?25h")[-1])
        lines = kept.replace("\r\n", "\n").rpartition("\r")[2].splitlines()
        return [line.rstrip() for line in "\n".join(lines).strip().splitlines()]


def on_terminal(home: Path, columns: int, command: str, *options: str, answer: str = "") -> Seen:
    """Call the command line with a terminal as its three streams; `answer` is typed where it asks."""
    main, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", _HEIGHT, columns, 0, 0))
    code = "from cloudflix_assets.cli.commands import main; main()"
    own = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
    arguments = [sys.executable, "-c", code, command, *options, "--home", str(home)]
    variables, shown = {**own, "TERM": "xterm"}, b""
    with subprocess.Popen(
        arguments, env=variables, stdin=terminal, stdout=terminal, stderr=terminal
    ) as process:
        os.close(terminal)
        try:
            while chunk := os.read(main, 1 << 16):
                shown += chunk
                if answer and _QUESTION in shown:
                    os.write(main, f"{answer}\n".encode())
                    answer = ""
        except OSError:  # how Linux says that the other side is closed
            pass
    os.close(main)
    return Seen(process.returncode, shown.decode())
