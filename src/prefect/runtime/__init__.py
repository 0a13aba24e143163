"""Facts about the current run, by name: ``prefect.runtime.flow_run.id``, ``task_run.name`` and so on.

Each of the three modules is read like an object: an attribute is looked up when it is asked for, is empty
outside runs, and is replaced by the environment variable ``PREFECT__RUNTIME__<MODULE>__<ATTRIBUTE>`` where
one is set.
"""

from prefect.runtime import deployment, flow_run, task_run

__all__ = ["deployment", "flow_run", "task_run"]
