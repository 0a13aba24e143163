"""Jinja templates that users write: what is refused before one is kept, and what they may compute.

A template that cannot be parsed, or whose loops could hold up the server, is refused when it is given, not when
it is needed. Not here: what templates can refer to, placeholders in job templates (`templating`).
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import nodes
    from jinja2.sandbox import ImmutableSandboxedEnvironment

MOST_LOOPS = 10
DEEPEST_LOOPS = 2
LARGEST_PRODUCT = 1_000_000
"""Of a text or list and a number; of the digits of a power."""


class TemplateRefusedError(ValueError):
    """A template is broken, or does too much.

    Args:
        message: what is wrong.
        line: where, from 1; 0: in all of it.
        source: the template.
    """

    def __init__(self, message: str, line: int, source: str) -> None:
        super().__init__(message)
        self.message, self.line, self.source = message, line, source

    @property
    def content(self) -> dict[str, dict[str, str | int]]:
        """What an API answers."""
        return {"error": {"line": self.line, "message": self.message, "source": self.source}}


def check_template(template: str) -> None:
    """Refuse a template that is broken or does too much.

    Raises:
        TemplateRefusedError: it is.
    """
    from jinja2 import TemplateSyntaxError, nodes

    try:
        # parsed, not compiled: a compiler computes what is constant, however long that takes
        parsed = template_environment().parse(template)
        loops = len(list(parsed.find_all(nodes.For)))
        _must_know_names(parsed, template)
    except TemplateSyntaxError as error:
        message = error.message or "The template is broken."
        raise TemplateRefusedError(message, error.lineno, template) from None
    except RecursionError:
        raise TemplateRefusedError("The template is nested too deeply.", 0, template) from None
    if loops > MOST_LOOPS:
        message = f"Contains {loops} for loops. Templates can contain no more than {MOST_LOOPS} for loops."
        raise TemplateRefusedError(message, 0, template)
    depth = _depth_of_loops(parsed)
    if depth > DEEPEST_LOOPS:
        message = (
            f"Contains nested for loops at a depth of {depth}. "
            f"Templates can nest for loops no more than {DEEPEST_LOOPS} loops deep."
        )
        raise TemplateRefusedError(message, 0, template)


def _must_know_names(parsed: nodes.Template, template: str) -> None:
    """Filters and tests are there."""
    from jinja2 import nodes

    environment = template_environment()
    for kind, known in ((nodes.Filter, environment.filters), (nodes.Test, environment.tests)):
        for node in parsed.find_all(kind):
            if node.name not in known:
                message = f"No {kind.__name__.lower()} named {node.name!r}."
                raise TemplateRefusedError(message, node.lineno, template)


@cache
def template_environment() -> ImmutableSandboxedEnvironment:
    """What users' templates are rendered in: nothing outside of what they are handed, and no giants."""
    from jinja2.exceptions import SecurityError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Bounded(ImmutableSandboxedEnvironment):
        # nothing of these is computed when a template is compiled, either
        intercepted_binops = frozenset(ImmutableSandboxedEnvironment.default_binop_table)

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            if _size_of(operator, left, right) > LARGEST_PRODUCT:
                raise SecurityError(f"The result of {operator!r} would be too large.")
            return super().call_binop(context, operator, left, right)

    return Bounded()


def _size_of(operator: str, left: Any, right: Any) -> float:
    """About how large a result is: the length of a text or list, the bits of a power."""
    if operator == "*":
        for one, other in ((left, right), (right, left)):
            if isinstance(one, str | bytes | list | tuple) and isinstance(other, int):
                return len(one) * other
    if operator == "**" and isinstance(left, int) and isinstance(right, int):
        return left.bit_length() * right
    if operator == "%" and isinstance(left, str):
        # a width may be asked for
        return max((int(number) for number in re.findall(r"\d+", left)), default=0)
    return 0


def _depth_of_loops(parsed: nodes.Node) -> int:
    from jinja2 import nodes

    deepest = 0
    waiting: list[tuple[nodes.Node, int]] = [(parsed, 0)]
    while waiting:
        node, depth = waiting.pop()
        inner = depth + isinstance(node, nodes.For)
        deepest = max(deepest, inner)
        waiting.extend((child, inner) for child in node.iter_child_nodes())
    return deepest
