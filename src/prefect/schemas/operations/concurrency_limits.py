# mypy: disable-error-code="empty-body"
"""Operations on concurrency limits: those on tags of task runs, and global ones known by name; their slots.

Several limits are taken together or not at all. One that is not there, or rests, lets everybody pass.
"""

from typing import Annotated, Literal
from uuid import UUID

from prefect.schemas.actions.concurrency import (
    ConcurrencyLimitCreate,
    GlobalConcurrencyLimitCreate,
    GlobalConcurrencyLimitUpdate,
)
from prefect.schemas.concurrency import ConcurrencyLeaseHolder, ConcurrencyLimit, GlobalConcurrencyLimit
from prefect.schemas.operations.arguments import Limit, Offset
from prefect.schemas.operations.declaring import Response, operation, wire

LimitId = Annotated[UUID, wire("id")]
IdOrName = Annotated[str, wire("id_or_name")]
_MOST_NAMES = 1_000
Names = Annotated[list[str], wire(at_least=1, at_most=_MOST_NAMES)]
Tags = Annotated[list[str], wire(at_most=_MOST_NAMES)]
Holders = Annotated[list[UUID | str] | None, wire(at_most=10_000)]
Slots = Annotated[int, wire(at_least=1)]
Mode = Literal["concurrency", "rate_limit"]
Duration = Annotated[float, wire(at_least=60, at_most=86_400)]
_V2 = "Concurrency Limits V2"
_LEASE_SECONDS = 300.0


@operation("POST", "/concurrency_limits/", status=201)
def create_concurrency_limit(
    concurrency_limit: Annotated[ConcurrencyLimitCreate, wire(whole=True)],
) -> ConcurrencyLimit:
    """Limit the task runs with a tag; a limit that is there is changed."""


@operation("GET", "/concurrency_limits/tag/{tag}")
def read_concurrency_limit_by_tag(tag: str) -> ConcurrencyLimit:
    """The limit on a tag, with the runs that take its slots.

    Raises:
        ObjectNotFound: there is none.
    """


@operation("POST", "/concurrency_limits/filter")
def read_concurrency_limits(limit: Limit, offset: Offset) -> list[ConcurrencyLimit]:
    """The limits on tags, by tag."""


@operation("DELETE", "/concurrency_limits/tag/{tag}")
def delete_concurrency_limit_by_tag(tag: str) -> None:
    """Take the limit on a tag away.

    Raises:
        ObjectNotFound: there is none.
    """


@operation("GET", "/concurrency_limits/{id}")
def read_concurrency_limit(concurrency_limit_id: LimitId) -> ConcurrencyLimit:
    """The limit on a tag with that id, with the runs that take its slots.

    Raises:
        ObjectNotFound: there is none.
    """


@operation("DELETE", "/concurrency_limits/{id}")
def delete_concurrency_limit(concurrency_limit_id: LimitId) -> None:
    """Take the limit on a tag with that id away.

    Raises:
        ObjectNotFound: there is none.
    """


@operation("POST", "/concurrency_limits/tag/{tag}/reset")
def reset_concurrency_limit_by_tag(tag: str, slot_override: Holders = None) -> None:
    """Let these task runs hold the slots of the limit on a tag, and nobody else; by default nobody.

    Raises:
        ObjectNotFound: there is no such limit.
    """


@operation("POST", "/concurrency_limits/increment")
def increment_v1_concurrency_slots(names: Tags, task_run_id: UUID) -> Response:
    """Take a slot of each limit on these tags for a task run, which holds it until it ends.

    Raises:
        ConcurrencySlotsTakenError: a limit has no free slot.
    """


@operation("POST", "/concurrency_limits/decrement")
def decrement_v1_concurrency_slots(
    names: Tags, task_run_id: UUID, occupancy_seconds: float | None = None
) -> Response:
    """Give back the slots of limits on these tags that a task run holds."""


@operation("POST", "/v2/concurrency_limits/", status=201, tag=_V2)
def create_global_concurrency_limit(
    concurrency_limit: Annotated[GlobalConcurrencyLimitCreate, wire(whole=True)],
) -> GlobalConcurrencyLimit:
    """Make a limit known by its name.

    Raises:
        ObjectAlreadyExists: there is one of that name.
    """


@operation("GET", "/v2/concurrency_limits/{id_or_name}", tag=_V2)
def read_global_concurrency_limit_by_name(name: IdOrName) -> GlobalConcurrencyLimit:
    """The limit of that name (or id).

    Raises:
        ObjectNotFound: there is none.
    """


@operation("POST", "/v2/concurrency_limits/filter", tag=_V2)
def read_global_concurrency_limits(limit: Limit = 10, offset: Offset = 0) -> list[GlobalConcurrencyLimit]:
    """The limits known by name."""


@operation("PATCH", "/v2/concurrency_limits/{id_or_name}", status=204, tag=_V2)
def update_global_concurrency_limit(
    name: IdOrName, concurrency_limit: Annotated[GlobalConcurrencyLimitUpdate, wire(whole=True)]
) -> Response:
    """Change a limit; what is not set stays as it is.

    Raises:
        ObjectNotFound: there is no such limit.
    """


@operation("DELETE", "/v2/concurrency_limits/{id_or_name}", status=204, tag=_V2)
def delete_global_concurrency_limit_by_name(name: IdOrName) -> Response:
    """Take a limit away.

    Raises:
        ObjectNotFound: there is none.
    """


# --- slots of global limits -----------------------------------------------------------------------------


@operation("POST", "/v2/concurrency_limits/increment", tag=_V2)
def increment_concurrency_slots(
    names: Names, slots: Slots, mode: Mode = "concurrency", create_if_missing: bool | None = None
) -> Response:
    """Take slots of the limits of these names, until they are given back.

    Args:
        mode: "rate_limit" spends them; they come back by the limits' decay.
        create_if_missing: of no effect, kept for older clients.

    Raises:
        ConcurrencySlotsTakenError: a limit has too few free slots.
        ValueError: a limit has fewer slots than are asked for, or no decay where there must be one.
    """


@operation("POST", "/v2/concurrency_limits/decrement", tag=_V2)
def release_concurrency_slots(
    names: Names,
    slots: Slots,
    occupancy_seconds: float | None = None,
    create_if_missing: bool | None = None,
) -> Response:
    """Give back slots of the limits of these names.

    Args:
        occupancy_seconds: how long they were held; what others are told to wait is estimated from it.
        create_if_missing: of no effect, kept for older clients.
    """


@operation("POST", "/v2/concurrency_limits/increment-with-lease", tag=_V2)
def increment_concurrency_slots_with_lease(
    names: Names,
    slots: Slots,
    mode: Mode = "concurrency",
    lease_duration: Duration = _LEASE_SECONDS,
    holder: ConcurrencyLeaseHolder | None = None,
) -> Response:
    """Take slots of the limits of these names, as long as their lease is renewed.

    Args:
        mode: "rate_limit" spends them; they come back by the limits' decay.
        lease_duration: seconds until the lease expires.
        holder: for whom.

    Raises:
        ConcurrencySlotsTakenError: a limit has too few free slots.
        ValueError: a limit has fewer slots than are asked for, or no decay where there must be one.
    """


@operation("POST", "/v2/concurrency_limits/decrement-with-lease", status=204, tag=_V2)
def release_concurrency_slots_with_lease(lease_id: UUID) -> Response:
    """Give back what a lease holds; one that has ended holds nothing."""


@operation("POST", "/v2/concurrency_limits/leases/{lease_id}/renew", status=204, tag=_V2)
def renew_concurrency_lease(lease_id: UUID, lease_duration: Duration = _LEASE_SECONDS) -> Response:
    """Let a lease last so many seconds from now.

    Raises:
        ConcurrencyLeaseLostError: it has expired or was given back.
    """
