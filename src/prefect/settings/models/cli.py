"""`settings.cli`: how the command line talks."""

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting


class CLISettings(PrefectBaseSettings, path="cli"):
    """How the command line talks."""

    colors: bool = setting(True, "Use colours on terminals.")
    prompt: bool | None = setting(None, "Ask questions. Default: only when the terminal is interactive.")
    wrap_lines: bool = setting(True, "Wrap long lines at the width of the terminal.")
    progress: bool | None = setting(
        None, "Show the live progress of running flows. Default: only when standard error is a terminal."
    )
