"""What a lease proves: whether its holder still runs the work, and the state of a run whose holder is lost.

Pure decisions from facts; the clock and the host are passed in. Not here: SQL (`recovery`), who is alive
(`server/database/holders`), renewing (`server/database/journal`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from prefect.schemas.states import (
    TERMINAL_STATES,
    State,
    StateDetails,
    StateType,
    default_name,
    trusted_state,
)
from prefect.server.database.holders import Holder, HostFacts

_MICROSECOND = timedelta(microseconds=1)


class Lease(NamedTuple):
    """The right of one process to run one thing (`kind` and `resource`) until `expires_at`."""

    kind: str
    resource: bytes
    holder: str
    expires_at: datetime


class RunFacts(NamedTuple):
    """What is recorded of a run that may have been left behind."""

    key: bytes
    name: str
    state_type: StateType
    state_timestamp: datetime


class Ending(NamedTuple):
    """How a run left behind is closed.

    `end_time` may lie before the state's timestamp: the run is known to have ended by then, though it was
    noticed later. `ran` is what that adds to the time it was running.
    """

    state: State[Any]
    end_time: datetime
    ran: timedelta


def lost_because(lease: Lease, now: datetime, here: HostFacts) -> str | None:
    """Why the holder of a lease is taken for dead; None while it is not.

    A holder seen alive on this host keeps its lease even when it is late to renew it: a suspended machine or
    long-running native code must not crash a run that goes on. A holder that cannot be seen from here has
    until the lease expires.
    """
    holder = Holder.parse(lease.holder)
    alive = here.is_alive(holder) if holder is not None else None
    who = f"process {holder.pid} on host {holder.host}" if holder is not None else f"holder {lease.holder!r}"
    if alive is False:
        return f"{who} is gone"
    if alive is None and lease.expires_at <= now:
        moment = lease.expires_at.isoformat(timespec="seconds").replace("+00:00", "Z")
        return f"lease expired at {moment}, {who} has not renewed it"
    return None


def ending(
    run: RunFacts,
    message: str,
    now: datetime,
    last_seen: datetime,
    details: StateDetails,
    cancelled: bool = False,
) -> Ending | None:
    """How to close a run whose holder is lost; None when it has ended already.

    Crashed; but Cancelled when it was being cancelled, for then being gone is what was asked for.

    Args:
        last_seen: the latest moment at which the holder may have been alive.
        cancelled: what is around the run was cancelled.
    """
    if run.state_type in TERMINAL_STATES:
        return None
    cancelling = cancelled or run.state_type is StateType.CANCELLING
    type = StateType.CANCELLED if cancelling else StateType.CRASHED
    # states of one run never share a moment, even if the clock was set back
    timestamp = max(now, run.state_timestamp + _MICROSECOND)
    end_time = max(run.state_timestamp, min(now, last_seen))
    ran = end_time - run.state_timestamp if run.state_type is StateType.RUNNING else timedelta(0)
    state = trusted_state(type, default_name(type), details, message=message, timestamp=timestamp)
    return Ending(state, end_time, ran)
