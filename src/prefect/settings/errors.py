"""What goes wrong while reading settings. Messages name the setting, the value, where it came from and
what is allowed; values of secrets are masked."""

from __future__ import annotations

from typing import Any, NamedTuple

from prefect.exceptions import ConfigurationError

_PHRASES = {
    "env": "environment variable {}",
    ".env": "{} in .env",
    "prefect.toml": "{} in prefect.toml",
    "pyproject.toml": "{} in the [tool.prefect] table of pyproject.toml",
    "profile": "profile {!r}",
    "init": "code",
}


class Origin(NamedTuple):
    """Where a value came from.

    `kind` is one of `env`, `.env`, `prefect.toml`, `pyproject.toml`, `profile`, `init`; `detail` is the
    variable, key or profile that carried it.
    """

    kind: str
    detail: str

    def __str__(self) -> str:
        return _PHRASES[self.kind].format(self.detail)


class SettingProblem(NamedTuple):
    """One value that cannot be used."""

    path: str
    env_name: str
    shown_value: str
    origin: Origin | None
    reason: str

    def __str__(self) -> str:
        text = f"{self.env_name} ({self.path}) {self.reason}"
        return f"{text}, got {self.shown_value} from {self.origin}" if self.origin else text


class InvalidSettingError(ConfigurationError, ValueError):
    """One or more settings have values that cannot be used. `problems` lists them one by one."""

    def __init__(self, problems: list[SettingProblem]) -> None:
        self.problems = problems
        lines = [str(problem) for problem in problems]
        heading = ["several settings are invalid:"] if len(lines) > 1 else []
        super().__init__("\n- ".join([*heading, *lines]))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.problems,)
