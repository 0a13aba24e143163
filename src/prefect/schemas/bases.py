"""The bases every noun shares: model configuration, identifiers, time, and cheap trusted construction.

Not here: any noun itself.
"""

from __future__ import annotations

import os
import random
import time
from datetime import UTC, datetime
from typing import Any, ClassVar, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from prefect._clock import clock

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now() -> datetime:
    """The current moment by the clock in force, aware, in UTC."""
    return clock().now()


def microseconds_since_epoch(moment: datetime) -> int:
    """An aware moment as whole microseconds since 1970 (UTC): exact, unlike `timestamp()`."""
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


# --- identifiers ----------------------------------------------------------------------------------------

_random_bits = random.Random(os.urandom(16)).getrandbits
_last_tick = 0


def _reseed() -> None:
    global _random_bits
    _random_bits = random.Random(os.urandom(16)).getrandbits


os.register_at_fork(after_in_child=_reseed)

_VERSION_AND_VARIANT = (0x7 << 76) | (0x2 << 62)


def uuid7_int() -> int:
    """A version 7 UUID as an integer: ordered by time, increasing within a thread.

    48 bits of milliseconds, 12 bits of their fraction (a tick of 244 ns), then 62 random bits. When the clock
    stands still or steps back, ticks are counted on from the last one, so that order holds.
    """
    global _last_tick
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    tick = (milliseconds << 12) | (rest * 4096 // 1_000_000)
    if tick <= _last_tick:
        tick = _last_tick + 1
    _last_tick = tick
    return ((tick >> 12) << 80) | ((tick & 0xFFF) << 64) | _VERSION_AND_VARIANT | _random_bits(62)


def uuid7() -> UUID:
    """A new version 7 UUID (time ordered); the identifier of every run, state, log and event."""
    return uuid_from_int(uuid7_int())


def copy_id(state_id: UUID, run_id: UUID) -> UUID:
    """The identifier of the copy of a state that another run enters: the same, whoever makes the copy.

    It is ordered as the state's own is; only the random bits differ.
    """
    return uuid_from_int(state_id.int ^ (run_id.int & _RANDOM_BITS))


def uuid_from_int(value: int) -> UUID:
    """A UUID from its 128-bit integer, without the checks of `uuid.UUID()` (which cost more than the rest)."""
    uuid = _new_uuid(UUID)
    _set(uuid, "int", value)
    _set(uuid, "is_safe", _UNKNOWN_SAFETY)
    return uuid


_RANDOM_BITS = (1 << 62) - 1
_new_uuid = UUID.__new__
_set = object.__setattr__
_UNKNOWN_SAFETY = UUID(int=0).is_safe


# --- models ---------------------------------------------------------------------------------------------


class PrefectBaseModel(BaseModel):
    """Base of all nouns. Unknown fields are ignored on input, so that older and newer peers can talk."""

    _reset_fields: ClassVar[set[str]] = set()

    model_config = ConfigDict(extra="ignore", defer_build=True)

    def __eq__(self, other: Any) -> bool:
        """Equal when all fields are, apart from those that identify one copy (`_reset_fields`)."""
        if not isinstance(other, self.__class__):
            return NotImplemented if not isinstance(other, BaseModel) else False
        skip = self._reset_fields
        mine = {name: value for name, value in self.__dict__.items() if name not in skip}
        theirs = {name: value for name, value in other.__dict__.items() if name not in skip}
        return mine == theirs

    @classmethod
    def model_validate_list(cls, obj: Any, *, strict: bool | None = None, **kwargs: Any) -> list[Self]:
        """Validate a list of raw objects into a list of this model.

        Raises:
            pydantic.ValidationError: an item does not fit; its position is in the error's location.
        """
        return TypeAdapter(list[cls]).validate_python(obj, strict=strict, **kwargs)  # type: ignore[valid-type]

    def reset_fields(self) -> Self:
        """A copy in which the fields that identify one copy (ids, times of creation) have fresh defaults."""
        fresh = {
            name: field.get_default(call_default_factory=True)
            for name, field in type(self).model_fields.items()
            if name in self._reset_fields
        }
        return self.model_copy(update=fresh)


class IDBaseModel(PrefectBaseModel):
    """A noun with a random identifier."""

    _reset_fields: ClassVar[set[str]] = {"id"}

    id: UUID = Field(default_factory=uuid7)


class ObjectBaseModel(IDBaseModel):
    """A stored noun: identifier and the times of creation and last change (None until stored)."""

    _reset_fields: ClassVar[set[str]] = {"id", "created", "updated"}

    model_config = ConfigDict(from_attributes=True)

    created: datetime | None = Field(default=None, repr=False)
    updated: datetime | None = Field(default=None, repr=False)


class TimeSeriesBaseModel(IDBaseModel):
    """A noun whose identifiers are ordered by time (UUID version 7)."""

    id: UUID = Field(default_factory=uuid7)


class ActionBaseModel(PrefectBaseModel):
    """What a client may ask for. Unknown fields are refused: a misspelt field must not be lost silently."""

    model_config = ConfigDict(extra="forbid")


_all_fields: dict[type[BaseModel], set[str]] = {}
"""The names of a model's fields; one set for all trusted instances, which have them all."""


def trusted(cls: type[M], fields: dict[str, Any]) -> M:
    """A model instance over `fields`, unvalidated: for values that this program has just made itself.

    `fields` becomes the instance's own dictionary and must hold every field. About ten times cheaper than
    validation and five times than `model_construct`; what makes a no-op task affordable.
    """
    told = _all_fields.get(cls)
    if told is None:
        told = _all_fields[cls] = set(cls.model_fields)
    model = cls.__new__(cls)
    _set(model, "__dict__", fields)
    _set(model, "__pydantic_fields_set__", told)
    _set(model, "__pydantic_extra__", None)
    _set(model, "__pydantic_private__", None)
    return model
