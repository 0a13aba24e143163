"""What `@flow` makes of a function, before anything runs."""

import inspect
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from prefect import Flow, flow, task
from prefect.exceptions import (
    InvalidNameError,
    ParameterTypeError,
    ReservedArgumentError,
    SignatureMismatchError,
)
from prefect.futures import PrefectFuture
from prefect.task_runners import ConcurrentTaskRunner, ThreadPoolTaskRunner


@flow
def my_first_flow(x: int, y: str = "b") -> int:
    """Adds nothing.

    Twice.
    """
    return x


async def _async_body() -> None: ...


def hook(flow: Any, flow_run: Any, state: Any) -> None: ...


# --- names and texts ------------------------------------------------------------------------------------


def test_the_name_comes_from_the_function_with_dashes() -> None:
    assert my_first_flow.name == "my-first-flow"


def test_a_lambda_is_a_flow_too() -> None:
    assert flow(lambda: 1).name == "unknown-lambda"


@pytest.mark.parametrize("name", ["a/b", "50%", "a&b", "a>b", "a<b"])
def test_names_that_would_break_addresses_are_refused(name: str) -> None:
    with pytest.raises(InvalidNameError):
        flow(name=name)(lambda: 1)


def test_a_name_is_text() -> None:
    with pytest.raises(TypeError):
        flow(name=3)(lambda: 1)  # type: ignore[call-overload]


def test_the_description_is_the_cleaned_docstring_unless_given() -> None:
    assert my_first_flow.description == "Adds nothing.\n\nTwice."
    assert flow(description="mine")(my_first_flow.fn).description == "mine"
    assert flow(lambda: 1).description is None


def test_the_version_is_given_or_made_of_the_file() -> None:
    import hashlib

    assert flow(version="v1")(lambda: 1).version == "v1"
    assert my_first_flow.version == hashlib.md5(Path(__file__).read_bytes()).hexdigest()


def test_what_is_not_callable_is_no_flow() -> None:
    with pytest.raises(TypeError):
        Flow(fn="nothing", name="x")  # type: ignore[arg-type]


# --- options --------------------------------------------------------------------------------------------


def test_defaults_of_the_options() -> None:
    assert my_first_flow.retries == 0
    assert my_first_flow.retry_delay_seconds == 0
    assert my_first_flow.timeout_seconds is None
    assert my_first_flow.persist_result is None
    assert my_first_flow.log_prints is None
    assert my_first_flow.should_validate_parameters is True
    assert isinstance(my_first_flow.task_runner, ThreadPoolTaskRunner)


def test_a_task_runner_may_be_a_class_or_an_instance() -> None:
    assert isinstance(flow(task_runner=ThreadPoolTaskRunner)(lambda: 1).task_runner, ThreadPoolTaskRunner)
    runner = ThreadPoolTaskRunner(max_workers=3)
    assert flow(task_runner=runner)(lambda: 1).task_runner is runner
    assert ConcurrentTaskRunner is ThreadPoolTaskRunner


def test_kinds_of_functions_are_known() -> None:
    def generator() -> Any:
        yield 1

    assert not my_first_flow.isasync
    assert flow(_async_body).isasync
    assert flow(generator).isgenerator
    assert not my_first_flow.isgenerator


@pytest.mark.parametrize("name", ["return_state", "wait_for"])
def test_names_that_calls_use_are_reserved(name: str) -> None:
    namespace: dict[str, Any] = {}
    exec(f"def reserved({name}): ...", namespace)
    with pytest.raises(ReservedArgumentError):
        flow(namespace["reserved"])


@pytest.mark.parametrize("event", ["completion", "failure", "cancellation", "crashed", "running"])
def test_hooks_are_lists_of_callables(event: str) -> None:
    assert getattr(flow(**{f"on_{event}": [hook]})(lambda: 1), f"on_{event}_hooks") == [hook]
    with pytest.raises(TypeError):
        flow(**{f"on_{event}": hook})(lambda: 1)
    with pytest.raises(TypeError):
        flow(**{f"on_{event}": ["hook"]})(lambda: 1)


@pytest.mark.parametrize("event", ["completion", "failure", "cancellation", "crashed", "running"])
def test_hooks_are_added_by_decorators(event: str) -> None:
    one = flow(lambda: 1)
    assert getattr(one, f"on_{event}")(hook) is hook
    assert getattr(one, f"on_{event}_hooks") == [hook]


@pytest.mark.parametrize("option", ["result_storage", "result_serializer"])
def test_saying_how_to_store_results_means_storing_them(option: str) -> None:
    value = "json" if option == "result_serializer" else Path("/nowhere")
    assert flow(**{option: value})(lambda: 1).persist_result is True
    assert flow(**{option: value, "persist_result": False})(lambda: 1).persist_result is False


def test_a_run_name_is_text_or_a_callable() -> None:
    with pytest.raises(TypeError):
        flow(flow_run_name=3)(lambda: 1)  # type: ignore[call-overload]


def test_the_parameter_schema_describes_the_signature() -> None:
    schema = my_first_flow.parameters
    assert schema.required == ["x"]
    assert schema.properties["x"]["type"] == "integer"
    assert schema.properties["y"]["default"] == "b"


def test_a_flow_looks_like_its_function() -> None:
    assert my_first_flow.__name__ == "my_first_flow"
    assert my_first_flow.__doc__ == my_first_flow.fn.__doc__
    assert list(inspect.signature(my_first_flow).parameters) == ["x", "y"]


# --- copies ---------------------------------------------------------------------------------------------


def test_with_options_changes_a_copy() -> None:
    copy = my_first_flow.with_options(name="other", retries=2, timeout_seconds=5, log_prints=True)
    assert (copy.name, copy.retries, copy.timeout_seconds, copy.log_prints) == ("other", 2, 5, True)
    assert (my_first_flow.name, my_first_flow.retries) == ("my-first-flow", 0)
    assert copy.fn is my_first_flow.fn
    assert copy.description == my_first_flow.description


def test_with_options_keeps_what_is_not_given() -> None:
    original = flow(
        name="n", version="v", retries=1, persist_result=True, on_failure=[hook], log_prints=True
    )(lambda: 1)
    copy = original.with_options()
    assert (copy.name, copy.version, copy.retries) == ("n", "v", 1)
    assert (copy.persist_result, copy.log_prints, copy.on_failure_hooks) == (True, True, [hook])


def test_with_options_can_take_results_back_to_the_default() -> None:
    assert flow(persist_result=True)(lambda: 1).with_options(persist_result=None).persist_result is None
    assert flow(log_prints=True)(lambda: 1).with_options(log_prints=False).log_prints is False


# --- parameters -----------------------------------------------------------------------------------------


def test_parameters_are_coerced() -> None:
    assert my_first_flow.validate_parameters({"x": "3", "y": "z"}) == {"x": 3, "y": "z"}


def test_models_are_made_from_dictionaries() -> None:
    class Point(BaseModel):
        x: int

    @flow
    def takes(point: Point) -> None: ...

    assert takes.validate_parameters({"point": {"x": "1"}}) == {"point": Point(x=1)}


@pytest.mark.parametrize("parameters", [{"x": "three"}, {"x": None}, {"x": 1, "y": []}])
def test_what_does_not_fit_is_a_type_error(parameters: dict[str, Any]) -> None:
    with pytest.raises(ParameterTypeError):
        my_first_flow.validate_parameters(parameters)


def test_what_the_function_does_not_take_is_a_mismatch() -> None:
    with pytest.raises(SignatureMismatchError):
        my_first_flow.validate_parameters({"x": 1, "unknown": 2})


def test_arbitrary_classes_are_checked_by_their_type() -> None:
    class Thing: ...

    @flow
    def takes(thing: Thing) -> None: ...

    thing = Thing()
    assert takes.validate_parameters({"thing": thing})["thing"] is thing
    with pytest.raises(ParameterTypeError):
        takes.validate_parameters({"thing": object()})


def test_serialized_parameters_are_json() -> None:
    class Point(BaseModel):
        x: int

    @flow
    def takes(a: Any, b: Any, c: Any) -> None: ...

    values = {"a": object(), "b": Point(x=1), "c": [1, {"k": "v"}]}
    assert takes.serialize_parameters(values) == {"a": "<object>", "b": {"x": 1}, "c": [1, {"k": "v"}]}


def test_a_future_among_the_parameters_is_named() -> None:
    seen: dict[str, Any] = {}

    @task
    def number() -> int:
        return 1

    @flow
    def takes(value: Any) -> None: ...

    @flow
    def parent() -> None:
        future = number.submit()
        assert isinstance(future, PrefectFuture)
        seen.update(takes.serialize_parameters({"value": future}))
        future.wait()

    parent()
    assert seen == {"value": "<PrefectConcurrentFuture>"}


# --- in classes -----------------------------------------------------------------------------------------


class Holder:
    factor = 10

    @flow
    def method(self, x: int) -> int:
        return self.factor * x

    @classmethod
    @flow
    def of_class(cls, x: int) -> int:
        return cls.factor * x

    @staticmethod
    @flow
    def static(x: int) -> int:
        return x


def test_methods_bind_their_object_and_do_not_record_it(store: Any) -> None:
    state = Holder().method(2, return_state=True)
    assert state.result() == 20
    assert store.flow_run(state.state_details.flow_run_id).parameters == {"x": 2}


def test_class_methods_and_static_methods() -> None:
    assert Holder.of_class(3) == 30
    assert Holder.static(4) == 4
    assert Holder().static(5) == 5
