"""What the operation on observed states does."""

from __future__ import annotations

from prefect.server.models import observed_states
from prefect.server.operations.doing import reads

reads(observed_states.read_observed_states)
