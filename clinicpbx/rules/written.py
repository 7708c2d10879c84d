"""What every part of the rules is, as it is written."""

from pydantic import BaseModel, ConfigDict, model_validator


class Written(BaseModel):
    """A part of the rules: no unknown keys, never changed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, value: object) -> object:
        """A key with nothing behind it is a key that is not there."""
        return {key: part for key, part in value.items() if part is not None} if isinstance(value, dict) else value
