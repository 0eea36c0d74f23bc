"""Settings of the tests themselves."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class TestSettings(BaseSettings):
    """Where the real data is looked for: `CLOUDFLIX_TEST_DATA`."""

    __test__ = False
    model_config = SettingsConfigDict(env_prefix="CLOUDFLIX_")

    test_data: Path = Path(__file__).parents[2] / "shared" / "data"
