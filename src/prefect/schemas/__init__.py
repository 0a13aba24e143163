"""The nouns of the system, one file each: what a state, a run, a deployment *is*.

Here live plain pydantic models and pure data (also the table of state transitions). Not here: how a noun is
stored (`server/database`), decided upon (`server/orchestration`) or produced (`engine`). The documented import
paths `prefect.client.schemas.*`, `prefect.server.schemas.*` and `prefect.events.schemas.*` are faces of this room.
"""
