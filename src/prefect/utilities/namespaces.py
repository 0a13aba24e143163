"""What can be made of a piece of source code without running all of it: its names, the signature in it.

It serves to look at flows whose requirements are not installed here.
"""

from __future__ import annotations
import __future__

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

_DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef, ast.Assign, ast.AnnAssign)


def safe_load_namespace(source_code: str, filepath: str | None = None) -> dict[str, Any]:
    """Run the imports and definitions at the top of a script, leaving out those that fail.

    Statements that do something else (calls, loops, `if`) are not run.

    Args:
        source_code: of the script.
        filepath: where it is, so that what lies beside it can be imported.

    Raises:
        SyntaxError: the source is no Python.
    """
    tree = ast.parse(source_code, filename=filepath or "<string>")
    namespace: dict[str, Any] = {"__name__": "prefect_safe_namespace_loader"}
    if filepath is not None:
        namespace["__file__"] = filepath
    beside = [str(Path(filepath).resolve().parent)] if filepath else []
    flags = _future_flags(tree)
    sys.path[:0] = beside
    try:
        for statement in _statements(tree):
            module = ast.Module(body=[statement], type_ignores=[])
            try:
                exec(compile(module, filepath or "<string>", "exec", flags, dont_inherit=True), namespace)
            except Exception:
                # What needs the name this leaves undefined fails here in its turn.
                continue
    finally:
        for directory in beside:
            sys.path.remove(directory)
    return namespace


def function_without_body(source_code: str, name: str, filepath: str | None = None) -> Callable[..., Any]:
    """A function with the signature and docstring of one at the top of a script, and nothing else of it.

    Decorators are left off. Defaults that cannot be made here become None.

    Raises:
        AttributeError: the script has no such function.
        SyntaxError: the source is no Python.
    """
    tree = ast.parse(source_code, filename=filepath or "<string>")
    functions = (node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
    node = next((node for node in functions if node.name == name), None)
    if node is None:
        raise AttributeError(f"No function {name!r} at the top of {filepath or 'the script'}.")
    namespace = safe_load_namespace(source_code, filepath)
    node.decorator_list = []
    docstring = ast.get_docstring(node)
    node.body = [ast.copy_location(ast.Expr(ast.Constant(docstring)), node.body[0])]
    node.args.defaults = [_or_none(default, namespace) for default in node.args.defaults]
    node.args.kw_defaults = [default and _or_none(default, namespace) for default in node.args.kw_defaults]
    module = ast.fix_missing_locations(ast.Module(body=[node], type_ignores=[]))
    # Annotations stay text, as some may name what is not installed.
    flags = _future_flags(tree) | __future__.annotations.compiler_flag
    exec(compile(module, filepath or "<string>", "exec", flags, dont_inherit=True), namespace)
    return cast("Callable[..., Any]", namespace[name])


def _or_none(default: ast.expr, namespace: dict[str, Any]) -> ast.expr:
    try:
        eval(compile(ast.Expression(default), "<default>", "eval", dont_inherit=True), namespace)
    except Exception:
        return ast.copy_location(ast.Constant(None), default)
    return default


def _statements(tree: ast.Module) -> Iterator[ast.stmt]:
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            # Name by name: one that is missing must not take the others with it.
            for alias in node.names:
                yield _with_only(node, alias)
        elif isinstance(node, _DEFINITIONS):
            yield node


def _with_only(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> ast.stmt:
    if isinstance(node, ast.Import):
        return ast.copy_location(ast.Import(names=[alias]), node)
    return ast.copy_location(ast.ImportFrom(module=node.module, names=[alias], level=node.level), node)


def _future_flags(tree: ast.Module) -> int:
    names = [
        alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module == "__future__"
        for alias in node.names
    ]
    flags = 0
    for name in names:
        flags |= getattr(__future__, name).compiler_flag
    return flags
