"""From calls to parameters and back."""

import functools
import gc
import inspect
import pickle
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import Field

import prefect.utilities.callables as callables
from prefect.exceptions import ParameterBindError, ReservedArgumentError, SignatureMismatchError
from prefect.utilities.callables import (
    binder_for,
    call_with_parameters,
    cloudpickle_wrapped_call,
    collapse_variadic_parameters,
    explode_variadic_parameter,
    get_call_parameters,
    get_parameter_defaults,
    parameters_to_args_kwargs,
    raise_for_reserved_arguments,
)


def every_kind(a: Any, b: Any = 2, /, c: Any = 3, *args: Any, d: Any, e: Any = 5, **kwargs: Any) -> Any:
    return a, b, c, args, d, e, kwargs


def plain(a: Any, b: Any = 2) -> Any:
    return a, b


def keyword_only(*, a: Any, b: Any = 2) -> Any:
    return a, b


def nothing() -> None: ...


CALLS: list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = [
    (every_kind, (1,), {"d": 4}),
    (every_kind, (1, 20, 30, 40, 50), {"d": 4, "e": 6, "z": 7, "a": "a name used twice"}),
    (plain, (1,), {}),
    (plain, (), {"b": 1, "a": 0}),
    (plain, (1, 20), {}),
    (keyword_only, (), {"a": 1}),
    (nothing, (), {}),
]


@pytest.mark.parametrize(("fn", "args", "kwargs"), CALLS)
def test_binding_agrees_with_inspect(
    fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    bound = inspect.signature(fn).bind(*args, **kwargs)
    assert get_call_parameters(fn, args, kwargs, apply_defaults=False) == dict(bound.arguments)
    bound.apply_defaults()
    parameters = get_call_parameters(fn, args, kwargs)
    assert parameters == dict(bound.arguments)
    assert list(parameters) == list(inspect.signature(fn).parameters)


@pytest.mark.parametrize(("fn", "args", "kwargs"), CALLS)
def test_parameters_call_the_function_as_the_arguments_did(
    fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    parameters = get_call_parameters(fn, args, kwargs)
    assert call_with_parameters(fn, parameters) == fn(*args, **kwargs)


@pytest.mark.parametrize(
    ("fn", "args", "kwargs"),
    [
        (plain, (), {}),
        (plain, (1, 2, 3), {}),
        (plain, (1,), {"a": 2}),
        (plain, (1,), {"z": 2}),
        (keyword_only, (1,), {}),
        (every_kind, (), {"a": 1, "d": 2}),
        (every_kind, (1,), {}),
    ],
)
def test_what_does_not_fit_is_a_bind_error(
    fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    with pytest.raises(ParameterBindError, match=fn.__name__):
        get_call_parameters(fn, args, kwargs)


def test_defaults_are_the_very_objects_in_the_signature() -> None:
    default: list[int] = []

    def fn(a: Any = default, *, b: Any = default) -> None: ...

    parameters = get_call_parameters(fn, (), {})
    assert parameters["a"] is default
    assert parameters["b"] is default


def test_default_given_as_a_pydantic_field_is_the_value_in_it() -> None:
    def fn(a: int = Field(3, ge=1)) -> None: ...

    assert get_call_parameters(fn, (), {}) == {"a": 3}


def test_parameters_may_be_incomplete_when_defaults_stand_in() -> None:
    assert parameters_to_args_kwargs(plain, {"a": 1}) == ((1,), {})
    assert parameters_to_args_kwargs(every_kind, {"a": 1, "d": 4}) == ((1,), {"d": 4})


def test_unknown_parameters_are_refused() -> None:
    with pytest.raises(SignatureMismatchError, match="z"):
        parameters_to_args_kwargs(plain, {"a": 1, "z": 2})


class Greeter:
    def greet(self, name: str, loud: bool = False) -> tuple[Any, ...]:
        return self, name, loud

    @classmethod
    def make(cls, name: str) -> tuple[Any, ...]:
        return cls, name

    @staticmethod
    def shout(name: str) -> str:
        return name.upper()

    def __call__(self, times: int = 1) -> int:
        return times


def test_bound_methods_leave_out_self_and_unbound_ones_do_not() -> None:
    greeter = Greeter()
    assert get_call_parameters(greeter.greet, ("Ada",), {}) == {"name": "Ada", "loud": False}
    assert get_call_parameters(Greeter.greet, (greeter, "Ada"), {})["self"] is greeter
    assert get_call_parameters(Greeter.make, ("Ada",), {}) == {"name": "Ada"}
    assert get_call_parameters(Greeter.shout, ("Ada",), {}) == {"name": "Ada"}
    assert get_call_parameters(greeter, (), {}) == {"times": 1}


def test_partials_and_wrapped_functions_bind_by_what_they_still_take() -> None:
    assert get_call_parameters(functools.partial(plain, 1), (), {}) == {"b": 2}

    @functools.wraps(plain)
    def wrapper(*args: Any, **kwargs: Any) -> Any: ...

    assert get_call_parameters(wrapper, (1,), {}) == {"a": 1, "b": 2}


def test_names_that_are_no_identifiers_still_bind() -> None:
    def fn(**kwargs: Any) -> None: ...

    fn.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter("lambda_", inspect.Parameter.KEYWORD_ONLY, default=1)]
    )
    assert get_call_parameters(fn, (), {"lambda_": 2}) == {"lambda_": 2}


def test_an_unhashable_callable_binds() -> None:
    class Unhashable:
        __hash__ = None  # type: ignore[assignment]

        def __call__(self, x: int) -> int:
            return x

    assert get_call_parameters(Unhashable(), (1,), {}) == {"x": 1}


def test_binders_are_made_once_and_do_not_keep_functions_alive() -> None:
    def fn(a: int) -> None: ...

    greeter = Greeter()
    assert binder_for(fn) is binder_for(fn)
    assert binder_for(greeter.greet) is binder_for(Greeter().greet)
    assert binder_for(greeter.greet) is not binder_for(Greeter.greet)
    gone = weakref.ref(fn)
    del fn
    gc.collect()
    assert gone() is None


def test_binding_makes_few_python_calls() -> None:
    binder = binder_for(plain)
    calls = 0

    def count(frame: Any, event: str, arg: Any) -> None:
        nonlocal calls
        calls += event == "call"

    import sys

    sys.setprofile(count)
    try:
        binder.arguments(binder.bind((1,), {"b": 2}))
    finally:
        sys.setprofile(None)
    assert calls <= 4


def test_defaults_and_reserved_names() -> None:
    assert get_parameter_defaults(every_kind) == {"b": 2, "c": 3, "e": 5}
    raise_for_reserved_arguments(plain, ["wait_for"])
    with pytest.raises(ReservedArgumentError, match="'b'"):
        raise_for_reserved_arguments(plain, ["wait_for", "b"])


def test_extra_parameters_collapse_into_kwargs_and_explode_again() -> None:
    def fn(a: Any, **options: Any) -> None: ...

    collapsed = collapse_variadic_parameters(fn, {"a": 1, "x": 2, "y": 3})
    assert collapsed == {"a": 1, "options": {"x": 2, "y": 3}}
    assert explode_variadic_parameter(fn, collapsed) == {"a": 1, "x": 2, "y": 3}
    assert collapse_variadic_parameters(fn, {"a": 1}) == {"a": 1}
    assert explode_variadic_parameter(plain, {"a": 1}) == {"a": 1}
    with pytest.raises(ValueError, match="x"):
        collapse_variadic_parameters(plain, {"a": 1, "x": 2})


def test_a_wrapped_call_survives_plain_pickle() -> None:
    offset = 10
    call = cloudpickle_wrapped_call(lambda x, *, y: x + y + offset, 1, y=2)
    assert pickle.loads(pickle.loads(pickle.dumps(call))()) == 13


@pytest.mark.parametrize("name", callables.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(callables, name) is not None
