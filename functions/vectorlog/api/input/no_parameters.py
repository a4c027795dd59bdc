"""The schema of a query string without parameters, which the schemas with parameters extend."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, model_validator

from vectorlog.api.input.parse import few_keys


class NoParameters(BaseModel):
    """No parameters, as for every operation except lists."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _has_few_keys(cls, value: object) -> object:
        return few_keys(cls, value)
