"""Tokens against cross-site requests: one per client, for a limited time.

Not here: which requests must carry one (`server/api/gates`).
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa

from prefect.schemas.bases import now, uuid7
from prefect.schemas.csrf_tokens import CsrfToken
from prefect.server.database.tables import csrf_token

_TOKEN_BYTES = 32


def issue_csrf_token(connection: sa.Connection, client: str, lifetime: timedelta) -> CsrfToken:
    """A new token for a client; the one it had is void, and those whose time is over are forgotten."""
    moment = now()
    connection.execute(
        sa.delete(csrf_token).where(sa.or_(csrf_token.c.client == client, csrf_token.c.expiration <= moment))
    )
    issued = CsrfToken(
        id=uuid7(),
        created=moment,
        updated=moment,
        token=secrets.token_hex(_TOKEN_BYTES),
        client=client,
        expiration=moment + lifetime,
    )
    connection.execute(sa.insert(csrf_token).values(**dict(issued)))
    return issued


def csrf_token_expiration(connection: sa.Connection, client: str, token: str) -> datetime | None:
    """Until when a client may use that token; None: it is not its token, or its time is over."""
    row = connection.execute(
        sa.select(csrf_token.c.token, csrf_token.c.expiration).where(csrf_token.c.client == client)
    ).first()
    if row is None or not hmac.compare_digest(row.token.encode(), token.encode()):
        return None
    expiration: datetime = row.expiration
    return expiration if expiration > now() else None
