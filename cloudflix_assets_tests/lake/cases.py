"""What every lake must keep, whichever it is."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from cloudflix_assets.lake.base import Lake, LakeRefused

AT_ONCE = 8


def winner_of_claims_at_once(lake: Lake) -> str:
    """Several sources claim a lake at the same moment; whose it is. Fails unless exactly one got it."""
    barrier = Barrier(AT_ONCE)

    def claimed(number: int) -> str | None:
        barrier.wait()
        try:
            lake.claim(f"source-{number}")
        except LakeRefused:
            return None
        return f"source-{number}"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        (winner,) = filter(None, pool.map(claimed, range(AT_ONCE)))
    return winner
