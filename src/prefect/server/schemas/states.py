"""States as the server names them: the same classes as everywhere. Home: `prefect.schemas.states`."""

from prefect.schemas.responses import CountByState
from prefect.schemas.states import TERMINAL_STATES, State, StateDetails, StateType

__all__ = [
    "TERMINAL_STATES",
    "CountByState",
    "State",
    "StateDetails",
    "StateType",
]
