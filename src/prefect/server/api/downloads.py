"""Files as answers: sent piece by piece as they are made, so that none is ever held whole.

Not here: what is in one (`prefect.schemas.downloads` and who makes them).
"""

from __future__ import annotations

from starlette.types import Send

from prefect.schemas.downloads import Download
from prefect.server.api.threads import Threads


async def send_download(send: Send, download: Download, threads: Threads) -> None:
    """Send a file; each of its parts is made in a thread once the one before it was taken."""
    headers = [
        (b"content-type", f"{download.media_type}; charset=utf-8".encode()),
        (b"content-disposition", download.disposition.encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    while (part := await threads.go_on(next, download.parts, None)) is not None:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
