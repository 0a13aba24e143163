"""What may be asked of the store and done to it: plain functions over a connection, one module a noun.

Reads, updates and deletions take a SQLAlchemy connection (`server/database/engine`) and return the nouns of
`prefect.schemas`; filters are taken as the user gave them. `transitions` and `recovery` work on the plain
connection of the write path instead. Not here: the rules (`server/orchestration`).
"""
