"""Cursors: what a sensor remembers from tick to tick, stored by Dagster as text."""

from typing import Self

from pydantic import BaseModel, ValidationError


class Cursor(BaseModel):
    """Base of cursors; every field has a default, so that an empty cursor is valid."""

    @classmethod
    def of(cls, text: str | None) -> Self:
        """Parse a cursor; None and text of an older version, or mistyped, give an empty one."""
        try:
            return cls.model_validate_json(text or "{}")
        except ValidationError:
            return cls()
