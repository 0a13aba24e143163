"""The life of a flow run, by what happens in it.

    life        from its first state to its last: attempt after attempt
    under_way   the run as this process has it: what it is, the states it proposes and enters
    opening     making the run, or beginning another attempt of one that exists
    settling    what must be settled before the body can run: upstreams, parameters, the run's name
    attempt     one attempt: the body, and the state that follows from what it gave
    contexts    what the body finds around it
    ending      ends from outside, and what follows an end: the last word in the log, hooks

Not here: tasks (`engine.task_run`), the placeholder of a subflow (`engine.subflows`), the rules
(`server/orchestration`).
"""

from prefect.engine.flow_run.attempt import FlowRunTimeoutError
from prefect.engine.flow_run.life import FlowRunLife
from prefect.engine.flow_run.opening import ENTRYPOINT_LABEL

__all__ = ["ENTRYPOINT_LABEL", "FlowRunLife", "FlowRunTimeoutError"]
