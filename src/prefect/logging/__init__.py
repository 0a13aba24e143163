"""Logging of runs: loggers, what reaches the console, what lands in a run's record.

The public words are here; importing them costs nothing beyond the standard library. Configuration is applied
by the first run or the first run logger, never by an import. Where a record goes:

    any logger under a run ──► its handlers, unchanged ──► console, files, caplog …
                          └──► LogRow ──► the sink of the open store (``handlers.set_log_sink``)
"""

from prefect.logging.loggers import LogEavesdropper, disable_run_logger, get_logger, get_run_logger

__all__ = ["LogEavesdropper", "disable_run_logger", "get_logger", "get_run_logger"]
