"""Nouns only Prefect Cloud has. Our server has none of them; our client can talk to one that does."""

from uuid import UUID

from pydantic import IPvAnyNetwork

from prefect.schemas.bases import PrefectBaseModel


class Workspace(PrefectBaseModel):
    """A workspace of an account."""

    account_id: UUID
    account_name: str
    account_handle: str
    workspace_id: UUID
    workspace_name: str
    workspace_description: str
    workspace_handle: str

    @property
    def handle(self) -> str:
        """`account/workspace`, unique and readable."""
        return f"{self.account_handle}/{self.workspace_handle}"

    def api_url(self) -> str:
        """Where the API of this workspace is."""
        from prefect.settings import get_current_settings

        base = get_current_settings().cloud.api_url
        return f"{base}/accounts/{self.account_id}/workspaces/{self.workspace_id}"

    def ui_url(self) -> str:
        """Where the UI of this workspace is."""
        from prefect.settings import get_current_settings

        base = get_current_settings().cloud.ui_url
        return f"{base}/account/{self.account_id}/workspace/{self.workspace_id}"

    def __hash__(self) -> int:
        return hash(self.handle)


class IPAllowlistEntry(PrefectBaseModel):
    """A network that may reach the account."""

    ip_network: IPvAnyNetwork
    enabled: bool
    description: str | None = None
    last_seen: str | None = None


class IPAllowlist(PrefectBaseModel):
    """The networks that may reach the account."""

    entries: list[IPAllowlistEntry]


class IPAllowlistMyAccessResponse(PrefectBaseModel):
    """Whether this client may reach the account, and why."""

    allowed: bool
    detail: str
