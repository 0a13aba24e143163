"""The store: tables, schema, migrations, and the ways to open it.

The one room that imports a database driver. `opening`, `schema`, `holders` and `journal` work on plain
`sqlite3` and load nothing heavy; `tables`, `types` and `engine` load SQLAlchemy; only `upgrading` Alembic.
Not here: what the rows mean (`server/models`) and what may happen to them (`server/orchestration`).
"""
