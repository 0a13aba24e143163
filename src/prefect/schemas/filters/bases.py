"""The few shapes every filter is made of: a criterion per field, joined by `and` or `or`.

A criterion is plain data. All its parts that are given must hold; a part that is None asks for nothing. What
the suffixed parts mean is said here once, for whoever turns them into a query (`server/models`) or checks
them in memory:

* `any_`, `not_any_`: the value is, or is not, one of these. `like_`: contains this text, case insensitive,
  with `%` and `_` as wildcards. `startswith_`: begins with one of these.
* `all_`: the list holds all of these.
* `before_`, `after_`: at or before, at or after this moment. `ge_`, `le_`: at least, at most. `eq_`: equal.
* `is_null_`, `exists_`: true for (no) value at all, false for the contrary.

Not here: any noun's filter; SQL.
"""

from uuid import UUID

from pydantic import Field

from prefect.schemas.bases import PrefectBaseModel
from prefect.types import DateTime
from prefect.utilities.collections import AutoEnum


class Operator(AutoEnum):
    """How the criteria of one filter are joined."""

    and_ = "and_"
    or_ = "or_"


class OperatorMixin:
    """A filter whose criteria can be joined by `and_` (default) or `or_`."""

    operator: Operator = Field(default=Operator.and_)


class AnyId(PrefectBaseModel):
    """An identifier that is one of these."""

    any_: list[UUID] | None = None


class AnyText(PrefectBaseModel):
    """A text that is one of these."""

    any_: list[str] | None = None


class TextMatch(AnyText):
    """A text that is one of these, or contains something."""

    like_: str | None = None


class AnyTextBut(AnyText):
    """A text that is one of these, and none of those."""

    not_any_: list[str] | None = None


class Between(PrefectBaseModel):
    """A moment between two others, both included."""

    before_: DateTime | None = None
    after_: DateTime | None = None


class BetweenOrNull(Between):
    """A moment between two others, or its absence."""

    is_null_: bool | None = None


class Tags(PrefectBaseModel, OperatorMixin):
    """A list of tags that holds all of these; an empty list counts as null."""

    all_: list[str] | None = None
    is_null_: bool | None = None


class TagsAny(PrefectBaseModel, OperatorMixin):
    """A list of tags that holds all of these, or any of those; an empty list counts as null."""

    all_: list[str] | None = None
    any_: list[str] | None = None
    is_null_: bool | None = None
