"""The daemon of a test, which evaluates a sensor again and again."""

from dataclasses import dataclass

import dagster as dg

from cloudflix_assets_tests.lakehouse import Lakehouse


@dataclass
class Ticks:
    """Evaluations of a sensor; its cursor is kept unless the daemon crashes before that."""

    house: Lakehouse
    sensor: str
    cursor: str | None = None

    def tick(self, *, crash: bool = False) -> tuple[list[dg.RunRequest], str]:
        """What the sensor asks for, or why it does not."""
        repository = self.house.defs.get_repository_def()
        context = dg.build_sensor_context(
            instance=self.house.instance, cursor=self.cursor, repository_def=repository
        )
        found = repository.get_sensor_def(self.sensor).evaluate_tick(context)
        if not crash:
            self.cursor = found.cursor
        for event in found.asset_events:
            self.house.instance.report_runless_asset_event(event)
        return list(found.run_requests or []), found.skip_message or ""

    def said(self) -> str:
        """The sentence of a sensor that asks for no run."""
        requests, sentence = self.tick()
        assert requests == []
        return sentence
