"""Task runs in processes of their own: the room behind `prefect.task_runners.ProcessPoolTaskRunner`.

    runner      the task runner: what users see
    remote_run  one task run as the flow's process sees it
    pool        the worker processes: starting, feeding, hearing, ending and replacing them
    worker      the other side: what happens in a worker process
    transport   what crosses between the two, and how it is pickled

The flow's process is the only one that writes: a worker tells it of every state and log record, and asks it
for every operation of the engine. So nothing is stored out of order or after the flow's end, a worker that is
killed has left behind all it ever said, and workers need no store of their own. Workers never import the
program's main module: a script needs no `if __name__ == "__main__"` for their sake.

Not here: the life of a task run (`engine.task_run`).
"""

from __future__ import annotations

from prefect._process_pool.runner import ProcessPoolTaskRunner

__all__ = ["ProcessPoolTaskRunner"]
