"""Writes `docs/settings.md` from the table of settings in `prefect.settings`; a test holds it current.

Run it with `make pages`. Nothing here knows a setting.
"""

from itertools import groupby
from pathlib import Path
from typing import Any

from prefect.settings.fields import SettingField
from prefect.settings.index import by_path

PAGE = Path(__file__).with_name("settings.md")

TEXT = """\
# Settings

<!-- Written by docs/list_settings.py from the table in src/prefect/settings/models: `make pages`. -->

A setting is looked for in this order, and the first place that has it wins: the environment; `.env`,
`prefect.toml` and `[tool.prefect]` of `pyproject.toml` in the working directory; the active profile; its
default. `prefect config view` shows what is in force and where it came from.

In the environment, in `.env` and in profiles a setting goes by its variable; older names still work. In TOML
files it goes by its path: `logging.level` is `level` in the table `[logging]` (`[tool.prefect.logging]`).

Settings of parts that are not built yet (see the [changelog](../CHANGELOG.md)) are read, checked and handed
on, so that one configuration serves both implementations; until then they have no effect.

{groups}
"""


def group_of(row: SettingField) -> str:
    """The group a setting belongs to; settings at the top belong to "general"."""
    return row.path.rpartition(".")[0] or "general"


def default_of(row: SettingField) -> str:
    """The default as one writes it in a configuration, or a word when it follows from elsewhere."""
    if row.derive is not None:
        return "computed"
    default: Any = row.default
    if default is None or default in ("", [], {}, set()):
        return ""
    value = getattr(default, "value", default)
    listed = ",".join(map(str, sorted(value))) if isinstance(value, set | frozenset) else value
    return f"`{str(listed).lower() if isinstance(listed, bool) else listed}`"


def section(group: str, rows: list[SettingField]) -> str:
    """One group as a table."""
    lines = [f"## {group}", "", "| variable | default | |", "|---|---|---|"]
    for row in rows:
        older = f" Also `{'`, `'.join(row.aliases)}`." if row.aliases else ""
        meaning = " ".join(row.description.split()).replace("|", "\\|")
        lines.append(f"| `{row.env_name}` | {default_of(row)} | {meaning}{older} |")
    return "\n".join(lines)


def page() -> str:
    """The whole page."""
    groups = groupby(sorted(by_path().values(), key=group_of), key=group_of)
    return TEXT.format(groups="\n\n".join(section(name, list(rows)) for name, rows in groups))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")
