"""What a fork will do with each step: pure verdicts over facts."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from prefect.engine.forecast import StepFacts, Verdict, forecast


def step(name: str, *upstreams: StepFacts, **told: Any) -> StepFacts:
    facts: dict[str, Any] = {
        "id": uuid4(),
        "name": f"{name}-0",
        "task_name": name,
        "upstreams": tuple(one.id for one in upstreams),
        "has_key": True,
        "result_is_stored": True,
        "source_is_same": True,
    }
    return StepFacts(**{**facts, **told})


def verdicts(
    *steps: StepFacts, changed: frozenset[str] = frozenset(), from_task: str | None = None
) -> list[tuple[Verdict, str]]:
    return [(one.verdict, one.reason) for one in forecast(steps, changed, from_task)]


def test_what_is_the_same_is_reused() -> None:
    load = step("load")
    assert (
        verdicts(load, step("scale", load))
        == [(Verdict.REUSED, "same source, same inputs, result stored")] * 2
    )


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"has_key": False}, "does not cache"),
        ({"result_is_stored": False}, "not stored any more"),
        ({"source_is_same": False}, "source of its task has changed"),
        ({"flow_parameters": frozenset({"factor"})}, "depends on the changed parameter factor"),
    ],
)
def test_why_a_step_runs(told: Any, reason: str) -> None:
    [(verdict, said)] = verdicts(step("scale", **told), changed=frozenset({"factor"}))
    assert verdict is Verdict.RUN
    assert reason in said


def test_what_follows_a_step_that_runs_depends_on_what_that_gives() -> None:
    load = step("load", source_is_same=False)
    scale = step("scale", load)
    last = step("last", scale)
    found = verdicts(load, scale, last)
    assert [verdict for verdict, _ in found] == [Verdict.RUN, Verdict.DEPENDS, Verdict.DEPENDS]
    assert found[1][1] == "reused if load-0 gives the same value again"
    assert found[2][1] == "reused if scale-0 gives the same value again"


def test_what_follows_nothing_that_runs_is_reused_beside_it() -> None:
    assert [verdict for verdict, _ in verdicts(step("changed", source_is_same=False), step("other"))] == [
        Verdict.RUN,
        Verdict.REUSED,
    ]


def test_a_task_that_is_not_found_makes_it_uncertain() -> None:
    [(verdict, said)] = verdicts(step("load", source_is_same=None))
    assert verdict is Verdict.DEPENDS
    assert "was not found" in said


def test_a_changed_parameter_makes_inputs_uncertain() -> None:
    [(verdict, said)] = verdicts(step("load"), changed=frozenset({"b", "a"}))
    assert verdict is Verdict.DEPENDS
    assert said.endswith("the changed parameter a, b")


def test_from_a_task_on_everything_runs() -> None:
    found = verdicts(step("a"), step("b"), step("a"), from_task="b")
    assert [verdict for verdict, _ in found] == [Verdict.REUSED, Verdict.RUN, Verdict.RUN]


def test_an_upstream_that_is_no_step_is_no_matter() -> None:
    [(verdict, _)] = verdicts(step("load", upstreams=(UUID(int=7),)))
    assert verdict is Verdict.REUSED
