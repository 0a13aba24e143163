"""Questions to JSON columns, in the words of each database. Not here: the columns (`server/database`)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

Element = sa.ColumnElement[Any]


class list_holds(FunctionElement[bool]):
    """Whether a JSON list of texts holds a text: `list_holds(column, text)`."""

    type = sa.Boolean()
    inherit_cache = True


class object_text(FunctionElement[str]):
    """The text under a key of a JSON object, NULL without it: `object_text(column, key)`."""

    type = sa.Text()
    inherit_cache = True


def list_is_empty(column: Element) -> sa.ColumnElement[bool]:
    """Whether a JSON list has no members; NULL stands for an empty one."""
    return sa.or_(column.is_(None), column == [])


@compiles(list_holds)
def _list_holds(element: Any, compiler: Any, **kwargs: Any) -> str:
    column, text = (compiler.process(clause, **kwargs) for clause in element.clauses)
    return f"EXISTS (SELECT 1 FROM json_each({column}) WHERE json_each.value = {text})"


@compiles(list_holds, "postgresql")
def _list_holds_postgresql(element: Any, compiler: Any, **kwargs: Any) -> str:
    column, text = (compiler.process(clause, **kwargs) for clause in element.clauses)
    # the function behind the operator `?`, which drivers take for a parameter
    return f"jsonb_exists({column}, {text})"


@compiles(object_text)
def _object_text(element: Any, compiler: Any, **kwargs: Any) -> str:
    column, key = (compiler.process(clause, **kwargs) for clause in element.clauses)
    # quoted, since a key may have dots in it
    return f"""json_extract({column}, '$."' || {key} || '"')"""


@compiles(object_text, "postgresql")
def _object_text_postgresql(element: Any, compiler: Any, **kwargs: Any) -> str:
    column, key = (compiler.process(clause, **kwargs) for clause in element.clauses)
    return f"({column} ->> {key})"
