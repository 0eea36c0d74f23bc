"""What a sensor remembers from tick to tick, as the text that Dagster keeps for it."""

from typing import Self

from pydantic import BaseModel, ValidationError


class Cursor(BaseModel):
    """A cursor whose fields all have defaults: what nothing is remembered with."""

    @classmethod
    def of(cls, text: str | None) -> Self:
        """What a cursor says; nothing, if there is none, or if it is an older version's or was mistyped."""
        try:
            return cls.model_validate_json(text or "{}")
        except ValidationError:
            return cls()
