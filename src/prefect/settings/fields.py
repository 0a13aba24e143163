"""The declaration of one setting: a row of the table that the classes in `models/` are.

A row knows its place (`api.url`), its variables (`PREFECT_API_URL` and older names), its type, its
default and its meaning. Everything else (parsing, precedence, documentation, the command line) reads rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Lookup = Callable[[str], Any]
"""Gives the value of another setting by its path, such as `lookup("home")`."""


class SettingField:
    """One setting. Rows are made by `setting()` and completed by the group they are declared in."""

    __slots__ = (
        "adjust",
        "aliases",
        "annotation",
        "default",
        "derive",
        "description",
        "ge",
        "gt",
        "le",
        "name",
        "path",
    )

    name: str
    path: str
    annotation: Any

    def __init__(
        self,
        default: Any,
        description: str,
        aliases: tuple[str, ...],
        limits: tuple[float | None, float | None, float | None],
        derive: Callable[[Lookup], Any] | None,
        adjust: Callable[[Lookup, Any], Any] | None,
    ) -> None:
        self.default = default
        self.description = description
        self.aliases = aliases
        self.ge, self.gt, self.le = limits
        self.derive = derive
        self.adjust = adjust

    @property
    def env_name(self) -> str:
        """The variable that sets this setting, in its current spelling."""
        return f"PREFECT_{self.path.upper().replace('.', '_')}"

    @property
    def env_names(self) -> tuple[str, ...]:
        """Every variable that sets this setting, the current spelling first."""
        return (self.env_name, *self.aliases)

    @property
    def is_secret(self) -> bool:
        """Whether the value must never be shown."""
        return "SecretStr" in str(self.annotation)

    def __repr__(self) -> str:
        return f"<setting {self.path} ({self.env_name})>"


def setting(
    default: Any,
    description: str,
    *,
    aliases: tuple[str, ...] = (),
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    derive: Callable[[Lookup], Any] | None = None,
    adjust: Callable[[Lookup, Any], Any] | None = None,
) -> Any:
    """Declare a setting in the body of a settings group.

    Args:
        default: The value when nothing sets it; must not be mutated by anybody.
        description: One or two sentences, shown by documentation and command line.
        aliases: Older variables that still work, the most recent first.
        ge: Smallest allowed number (of a collection: of its members).
        gt: Number the value must exceed.
        le: Largest allowed number (of a collection: of its members).
        derive: Computes the default from other settings, instead of `default`.
        adjust: Turns the value found (given or default) into the effective one.
    """
    return SettingField(default, description, aliases, (ge, gt, le), derive, adjust)
