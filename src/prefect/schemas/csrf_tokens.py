"""A token against cross-site requests. Not here: issuing it (`server/models/csrf_tokens`)."""

from datetime import datetime

from prefect.schemas.bases import ObjectBaseModel


class CsrfToken(ObjectBaseModel):
    """What a client must send with every request that changes something, if the server asks for it."""

    token: str
    client: str
    expiration: datetime
