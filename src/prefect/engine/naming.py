"""Names of runs: templates and callables given by users, carried out once per run.

Not here: random names (`utilities.names`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from prefect.exceptions import PrefectException


class RunNameError(PrefectException, KeyError):
    """A run's name could not be made from its template: it asks for a value that is no parameter."""

    def __str__(self) -> str:
        return str(self.args[0])


def custom_run_name(
    template: str | Callable[..., str] | None, parameters: dict[str, Any], option: str
) -> str | None:
    """The name that a template or callable gives a run; None when there is neither.

    Args:
        option: what the template was given as ("flow_run_name" or "task_run_name"), for messages.

    Raises:
        RunNameError: the template has a placeholder that is no parameter.
        TypeError: the callable did not return a text.
    """
    if template is None:
        return None
    if isinstance(template, str):
        try:
            return template.format(**parameters)
        except (KeyError, IndexError, AttributeError) as error:
            raise RunNameError(
                f"The {option} {template!r} cannot be filled in: {type(error).__name__} {error}. "
                f"Placeholders must be parameters of the function: {', '.join(parameters) or 'it has none'}."
            ) from error
    wants_parameters = option == "task_run_name" and "parameters" in inspect.signature(template).parameters
    name = template(parameters=parameters) if wants_parameters else template()
    if not isinstance(name, str):
        raise TypeError(
            f"Callable {getattr(template, '__qualname__', template)!r} for {option!r} returned a value of type "
            f"{type(name).__name__}; a str was expected."
        )
    return name
