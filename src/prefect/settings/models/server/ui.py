"""`settings.server.ui`: the UI our own server serves."""

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting
from prefect.settings.models import _defaults


class ServerUISettings(PrefectBaseSettings, path="server.ui"):
    """The UI our own server serves."""

    enabled: bool = setting(True, "Serve it.", aliases=("PREFECT_UI_ENABLED",))
    v2_enabled: bool = setting(True, "Serve the current UI rather than its predecessor.")
    api_url: str | None = setting(
        None,
        "Where the UI finds its API. Default: api.url, else the address of the server.",
        aliases=("PREFECT_UI_API_URL",),
        derive=_defaults.ui_api_url,
    )
    serve_base: str = setting("/", "Path the UI is served under.", aliases=("PREFECT_UI_SERVE_BASE",))
    static_directory: str | None = setting(
        None, "Folder the built UI is put into.", aliases=("PREFECT_UI_STATIC_DIRECTORY",)
    )
    show_promotional_content: bool = setting(True, "Show links to offers and news.")
