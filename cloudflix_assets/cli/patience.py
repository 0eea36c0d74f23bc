"""Who is waited for, told on a terminal: else a silent host looks like a command that hangs."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from rich.console import Console

from cloudflix_assets.lake.waiting import silences

SILENT, AGAIN = 9.0, 60.0
"""Seconds after which a silent host is told, and told again."""
_LOOK = 0.5


@contextmanager
def told_who_is_waited_for(console: Console) -> Iterator[None]:
    """Tell of silent hosts while the block runs, if the console is a terminal and not quiet."""
    if not console.is_terminal or console.quiet:
        yield
        return
    over = Event()
    watcher = Thread(target=_watch, args=(console, over), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _watch(console: Console, over: Event) -> None:
    told: dict[str, float] = {}
    while not over.wait(_LOOK):
        silent = silences()
        told = {host: seconds for host, seconds in told.items() if host in silent and silent[host] >= seconds}
        for host, seconds in silent.items():
            if seconds >= (told[host] + AGAIN if host in told else SILENT):
                told[host] = seconds
                console.print(f"waiting for {host} since {seconds:.0f} s", style="dim", markup=False)
