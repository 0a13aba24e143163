"""The life of a task run, by what happens in it.

    life        from its first state to its last: attempt after attempt
    under_way   the run as this process has it: what it is, the states it enters
    opening     making the run
    settling    what must be settled before the first attempt: upstreams, the run's name, its options
    attempt     one attempt: the body, and the state that follows from what it gave
    contexts    what the body finds around it
    retrying    whether another attempt follows, and the wait for its time
    ending      the end, and what follows it: interruptions, the last word in the log, hooks

Not here: where tasks run (`task_runners`), what arguments depend on (`engine.inputs`), keeping results
(`engine.keeping`), how states are stored (`client`).
"""

from prefect.engine.task_run.attempt import TaskRunTimeoutError
from prefect.engine.task_run.life import TaskRunLife

__all__ = ["TaskRunLife", "TaskRunTimeoutError"]
