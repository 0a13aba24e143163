"""Alembic's environment and the revisions of the schema, one set for SQLite and PostgreSQL.

A revision is a record: once released it is never edited. After adding one, add its number to
`schema.REVISIONS` and generate `schema.sql` again. Only `upgrading` runs what is here.
"""
