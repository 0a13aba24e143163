"""Cache policies: keys, their algebra, and the parts that explain them."""

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from prefect.cache_policies import (
    DEFAULT,
    FLOW_PARAMETERS,
    INPUTS,
    NO_CACHE,
    NONE,
    RUN_ID,
    TASK_SOURCE,
    CacheKeyFnPolicy,
    CachePolicy,
    CompoundCachePolicy,
    Inputs,
)
from prefect.exceptions import HashError
from prefect.locking.memory import MemoryLockManager
from prefect.transactions import IsolationLevel


def double(x: int) -> int:
    return 2 * x


def triple(x: int) -> int:
    return 3 * x


def context(fn: Any = double, flow_run_id: Any = "flow-run", task_run_id: Any = "task-run") -> Any:
    return SimpleNamespace(
        task=SimpleNamespace(fn=fn), task_run=SimpleNamespace(flow_run_id=flow_run_id, id=task_run_id)
    )


def key(policy: CachePolicy, inputs: Any = None, parameters: Any = None, ctx: Any = None) -> str | None:
    return policy.compute_key(ctx or context(), inputs or {}, parameters or {})


def test_inputs_are_compared_by_value() -> None:
    assert key(INPUTS, {"x": {1, 2}, "y": "a"}) == key(INPUTS, {"y": "a", "x": {2, 1}})
    assert key(INPUTS, {"x": 1}) != key(INPUTS, {"x": 2})
    assert key(INPUTS, {"x": 1}) != key(INPUTS, {"y": 1})
    assert key(INPUTS, {"x": 1}, ctx=context(double)) == key(INPUTS, {"x": 1}, ctx=context(triple))


def test_a_task_without_parameters_is_not_cached_by_its_inputs() -> None:
    assert key(INPUTS) is None
    assert key(INPUTS - "x", {"x": 1}) is not None


def test_task_source_changes_with_the_code() -> None:
    assert key(TASK_SOURCE, ctx=context(double)) == key(TASK_SOURCE, ctx=context(double))
    assert key(TASK_SOURCE, ctx=context(double)) != key(TASK_SOURCE, ctx=context(triple))


def test_task_source_without_a_file_is_the_bytecode() -> None:
    def typed(body: str) -> Any:
        space: dict[str, Any] = {}
        exec(f"def f(x): return {body}", space)
        return space["f"]

    one, same, other = typed("x + 1"), typed("x + 1"), typed("x + 2")
    assert key(TASK_SOURCE, ctx=context(one)) == key(TASK_SOURCE, ctx=context(same))
    assert key(TASK_SOURCE, ctx=context(one)) != key(TASK_SOURCE, ctx=context(other))
    assert key(TASK_SOURCE, ctx=context(len)) is not None


def test_run_id_is_that_of_the_flow_run_else_of_the_task_run() -> None:
    assert key(RUN_ID) == "flow-run"
    assert key(RUN_ID, ctx=context(flow_run_id=None)) == "task-run"


def test_flow_parameters() -> None:
    assert key(FLOW_PARAMETERS, parameters={"a": 1}) != key(FLOW_PARAMETERS, parameters={"a": 2})
    assert key(FLOW_PARAMETERS) is None
    assert FLOW_PARAMETERS.compute_key(context(), {}, None) is None  # type: ignore[arg-type]


def test_none_means_no_caching() -> None:
    assert key(NONE, {"x": 1}) is None
    assert key(NO_CACHE, {"x": 1}) is None


def test_default_depends_on_inputs_source_and_run() -> None:
    def of(x: int = 1, fn: Any = double, run: str = "a") -> str | None:
        return key(DEFAULT, {"x": x}, ctx=context(fn, run))

    assert of() == of()
    assert len({of(), of(x=2), of(fn=triple), of(run="b")}) == 4


# --- algebra ----------------------------------------------------------------------------------------------


def test_sums_are_flat_and_have_one_inputs() -> None:
    total = (INPUTS + TASK_SOURCE) + (RUN_ID + (INPUTS - "x"))
    assert isinstance(total, CompoundCachePolicy)
    assert total.policies == [TASK_SOURCE, RUN_ID, Inputs(exclude=["x"])]


def test_none_is_neutral() -> None:
    assert INPUTS + NONE is INPUTS
    assert NONE + INPUTS is INPUTS
    assert NONE - "x" is NONE


def test_sums_depend_on_all_summands_in_any_order() -> None:
    inputs = {"x": 1}
    assert key(INPUTS + TASK_SOURCE, inputs) == key(TASK_SOURCE + INPUTS, inputs)
    assert key(INPUTS + TASK_SOURCE, inputs) != key(INPUTS, inputs)
    assert key(INPUTS + FLOW_PARAMETERS, inputs) is not None
    assert key(INPUTS + FLOW_PARAMETERS) is None


@pytest.mark.parametrize("policy", [INPUTS, DEFAULT, INPUTS + TASK_SOURCE])
def test_subtracting_an_input_takes_it_out(policy: CachePolicy) -> None:
    less = policy - "y"
    assert key(less, {"x": 1, "y": 1}) == key(less, {"x": 1, "y": 2})
    assert key(less, {"x": 1, "y": 1}) != key(less, {"x": 2, "y": 1})
    assert key(policy, {"x": 1, "y": 1}) != key(policy, {"x": 1, "y": 2})


def test_subtracting_several_inputs() -> None:
    less = DEFAULT - "y" - "z"
    assert key(less, {"x": 1, "y": 1, "z": 1}) == key(less, {"x": 1, "y": 2, "z": 2})


def test_subtracting_an_input_from_a_policy_without_inputs_changes_nothing() -> None:
    assert TASK_SOURCE - "x" == TASK_SOURCE


def test_only_names_are_subtracted_and_only_policies_added() -> None:
    with pytest.raises(TypeError, match="int"):
        INPUTS - 3  # type: ignore[operator]
    with pytest.raises(TypeError, match="int"):
        INPUTS + 3  # type: ignore[operator]


def test_configure_makes_a_copy_that_sums_keep() -> None:
    locks = MemoryLockManager()
    kept = INPUTS.configure(key_storage=Path("/x"), isolation_level="SERIALIZABLE", lock_manager=locks)
    assert INPUTS.key_storage is None
    for policy in (kept + TASK_SOURCE, TASK_SOURCE + kept, kept - "x", (kept + TASK_SOURCE) - "x"):
        assert (policy.key_storage, policy.isolation_level, policy.lock_manager) == (
            Path("/x"),
            "SERIALIZABLE",
            locks,
        )
    assert kept.configure(key_storage=Path("/y")).isolation_level == "SERIALIZABLE"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"key_storage": "/x"}, {"key_storage": "/y"}),
        ({"isolation_level": "SERIALIZABLE"}, {"isolation_level": IsolationLevel.READ_COMMITTED}),
    ],
)
def test_sums_of_conflicting_policies_are_refused(one: dict[str, Any], other: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="cannot be added"):
        INPUTS.configure(**one) + TASK_SOURCE.configure(**other)


# --- functions and subclasses -----------------------------------------------------------------------------


def test_a_function_gives_the_key() -> None:
    policy = CachePolicy.from_cache_key_fn(lambda ctx, arguments: f"{ctx.task_run.id}-{arguments['x']}")
    assert isinstance(policy, CacheKeyFnPolicy)
    assert key(policy, {"x": 1}) == "task-run-1"
    assert key(CachePolicy.from_cache_key_fn(lambda ctx, arguments: None)) is None
    assert key(CacheKeyFnPolicy()) is None


class EvenOrOdd(CachePolicy):
    def compute_key(self, task_ctx: Any, inputs: Any, flow_parameters: Any, **kwargs: Any) -> str | None:
        return "even" if inputs["x"] % 2 == 0 else "odd"


def test_policies_of_ones_own_take_part_in_sums() -> None:
    policy = EvenOrOdd() + TASK_SOURCE
    assert key(policy, {"x": 2}) == key(policy, {"x": 4}) != key(policy, {"x": 3})


def test_a_policy_must_say_how() -> None:
    with pytest.raises(NotImplementedError):
        key(CachePolicy())


# --- why --------------------------------------------------------------------------------------------------


def differing(policy: CachePolicy, one: dict[str, Any], other: dict[str, Any], **ctx: Any) -> set[str]:
    mine = policy.key_parts(context(), one, {})
    theirs = policy.key_parts(context(**ctx), other, {})
    return {name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name)}


def test_parts_tell_what_differed() -> None:
    inputs = {"x": 1, "y": 2}
    assert differing(DEFAULT, inputs, inputs) == set()
    assert differing(DEFAULT, inputs, {"x": 1, "y": 3}) == {"input y"}
    assert differing(DEFAULT, inputs, inputs, fn=triple) == {"task source"}
    assert differing(DEFAULT, inputs, inputs, flow_run_id="other") == {"run"}
    assert differing(EvenOrOdd() + INPUTS, {"x": 2}, {"x": 4}) == {"input x"}


@pytest.mark.parametrize(
    "policy",
    [
        INPUTS,
        TASK_SOURCE,
        RUN_ID,
        NONE,
        DEFAULT,
        EvenOrOdd(),
        CachePolicy.from_cache_key_fn(lambda c, a: "k"),
    ],
)
def test_the_explained_key_is_the_key(policy: CachePolicy) -> None:
    explained = policy.explained_key(context(), {"x": 1}, {})
    assert explained.key == key(policy, {"x": 1})
    assert bool(explained.parts) == (explained.key is not None)


def test_a_subclass_of_a_policy_decides_itself() -> None:
    class Prefixed(Inputs):
        def compute_key(self, *args: Any, **kwargs: Any) -> str | None:
            return f"v2-{super().compute_key(*args, **kwargs)}"

    explained = Prefixed().explained_key(context(), {"x": 1}, {})
    assert explained.key == f"v2-{key(INPUTS, {'x': 1})}"
    assert explained.parts == {"Prefixed": explained.key}


def test_arguments_that_cannot_be_hashed_are_all_named() -> None:
    inputs = {"x": 1, "lock": threading.Lock(), "deep": [threading.Lock()]}
    for error in (HashError, ValueError):
        with pytest.raises(error, match=r"'lock'.*'deep'.*\[0\].*NO_CACHE"):
            key(DEFAULT, inputs)
    assert key(DEFAULT - "lock" - "deep", inputs) is not None


def test_flow_parameters_that_cannot_be_hashed_are_named() -> None:
    with pytest.raises(HashError, match="flow parameter 'lock'"):
        key(FLOW_PARAMETERS, parameters={"lock": threading.Lock()})
