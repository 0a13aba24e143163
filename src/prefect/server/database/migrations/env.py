"""What Alembic runs for every command: the revisions, over the connection that `upgrading` hands in."""

from __future__ import annotations

from alembic import context

from prefect.server.database.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    # the whole way up is one transaction: a store is never between two revisions
    transaction_per_migration=False,
    # of SQLite Alembic assumes that nobody has begun the transaction, and commits each revision by itself
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
