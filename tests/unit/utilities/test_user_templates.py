"""What is refused of templates that users write."""

import pytest
from jinja2.exceptions import SecurityError

from prefect.utilities.user_templates import TemplateRefusedError, check_template, template_environment


def loops(depth: int) -> str:
    return "{% for x in y %}" * depth + "." + "{% endfor %}" * depth


@pytest.mark.parametrize("template", ["", "text", "{{ x }}", "{{ x | upper }}", loops(2), loops(1) * 10])
def test_good_templates_pass(template: str) -> None:
    check_template(template)


@pytest.mark.parametrize(
    ("template", "message", "line"),
    [
        ("{{ x", "unexpected end of template", 1),
        ("a\nb {{ x", "unexpected end of template", 2),
        ("{{ x | no_such_filter }}", "no_such_filter", 1),
        (loops(3), "depth of 3", 0),
        (loops(1) * 11, "11 for loops", 0),
    ],
)
def test_what_is_wrong_is_told_with_its_line(template: str, message: str, line: int) -> None:
    with pytest.raises(TemplateRefusedError, match=message) as refused:
        check_template(template)
    told = refused.value.content["error"]
    assert (told["line"], told["source"]) == (line, template)


GIANTS = ["{{ 10 ** 1000000 }}", "{{ 'a' * 10 ** 9 }}", "{{ 10 ** 9 * [0] }}", "{{ '%1000000000d' % 1 }}"]


@pytest.mark.parametrize("template", GIANTS)
def test_giants_are_not_computed(template: str) -> None:
    check_template(template)
    compiled = template_environment().from_string(template)
    with pytest.raises(SecurityError, match="too large"):
        compiled.render()


@pytest.mark.parametrize("template", ["{{ 'a' | center(1000000000) | length }}", "{{ ('a' * 9) | upper }}"])
def test_nothing_is_computed_to_check_a_template(template: str) -> None:
    check_template(template)


@pytest.mark.parametrize(
    ("template", "rendered"),
    [
        ("{{ 2 ** 10 }}", "1024"),
        ("{{ 'ab' * 2 }}", "abab"),
        ("{{ '%s!' % 'x' }}", "x!"),
        ("{{ 7 % 4 }}", "3"),
    ],
)
def test_small_things_are_computed(template: str, rendered: str) -> None:
    assert template_environment().from_string(template).render() == rendered


def test_unknown_tests_are_refused() -> None:
    with pytest.raises(TemplateRefusedError, match="No test named 'nosuch'"):
        check_template("{{ x is nosuch }}")


def test_a_template_that_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(TemplateRefusedError):
        check_template("{{ " + "(" * 3000)
