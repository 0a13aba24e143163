"""The tree of errors: what can be caught as what, what messages say, what survives pickling."""

import inspect
import pickle
import subprocess
import sys

import httpx
import pydantic
import pytest

import prefect.exceptions as exceptions
from prefect.exceptions import (
    ExternalSignal,
    FlowScriptError,
    ObjectAlreadyExists,
    ObjectNotFound,
    ParameterBindError,
    ParameterTypeError,
    Pause,
    PrefectException,
    PrefectHTTPStatusError,
    PrefectSignal,
    ScriptError,
    SignatureMismatchError,
    StoreError,
    TerminationSignal,
    exception_traceback,
)


def subclasses_in_module(base: type) -> list[type]:
    return [
        c for c in vars(exceptions).values() if inspect.isclass(c) and issubclass(c, base) and c is not base
    ]


@pytest.mark.parametrize("signal", [PrefectSignal, ExternalSignal])
def test_signals_pass_through_except_exception(signal: type[BaseException]) -> None:
    for cls in [signal, *subclasses_in_module(signal)]:
        assert not issubclass(cls, Exception)


@pytest.mark.parametrize(
    ("name", "also"),
    [
        ("ParameterBindError", TypeError),
        ("SignatureMismatchError", TypeError),
        ("ReservedArgumentError", TypeError),
        ("InvalidNameError", ValueError),
        ("MissingProfileError", ValueError),
        ("MissingContextError", RuntimeError),
    ],
)
def test_errors_can_be_caught_as_the_builtin_they_resemble(name: str, also: type[Exception]) -> None:
    cls = getattr(exceptions, name)
    assert issubclass(cls, PrefectException)
    assert issubclass(cls, also)


def test_every_error_is_drawn_in_the_module_docstring() -> None:
    drawn = exceptions.__doc__ or ""
    for cls in subclasses_in_module(BaseException):
        assert cls.__name__.startswith("_") or cls.__name__ in drawn


def test_importing_errors_loads_no_http_client_and_no_pydantic() -> None:
    code = "import sys, prefect.exceptions; print(*[m for m in ('httpx', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_bind_failure_shows_the_signature_but_no_values() -> None:
    def greet(name: str, *, loud: bool = False) -> None: ...

    with pytest.raises(TypeError) as caught:
        inspect.signature(greet).bind("secret-1", "secret-2", shout=True)
    error = ParameterBindError.from_bind_failure(
        greet, caught.value, ("secret-1", "secret-2"), {"shout": "secret-3"}
    )
    assert "name: str, *, loud: bool = False" in str(error)
    assert "2 positional" in str(error)
    assert "shout" in str(error)
    assert "secret" not in str(error)


def test_validation_error_becomes_one_line_for_each_fault() -> None:
    class Model(pydantic.BaseModel):
        count: int
        sizes: list[int]

    with pytest.raises(pydantic.ValidationError) as caught:
        Model.model_validate({"count": "many", "sizes": [1, "big"]})
    lines = str(ParameterTypeError.from_validation_error(caught.value)).splitlines()
    assert lines[0] == "Flow run received invalid parameters:"
    assert [line.split(":")[0] for line in lines[1:]] == [" - count", " - sizes.1"]
    assert "many" not in lines[1]


def test_bad_params_names_both_sides() -> None:
    assert "['a', 'b']" in str(SignatureMismatchError.from_bad_params(["a", "b"], ["c"]))


@pytest.mark.parametrize(
    "error",
    [
        ScriptError(ValueError("broken"), "script.py"),
        FlowScriptError(ValueError("broken"), "script.py"),
        ObjectNotFound(ValueError("http"), "no such flow"),
        ObjectAlreadyExists(ValueError("http"), "again"),
        TerminationSignal(15),
        Pause("paused", state="state"),  # type: ignore[arg-type]
        exceptions.EventTooLarge(10, 5),
        exceptions.StoreLockedError("/tmp/p.db", "database is locked"),
        ParameterTypeError("wrong"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_survive_pickling(error: BaseException) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert {k: str(v) for k, v in vars(copy).items()} == {k: str(v) for k, v in vars(error).items()}


def test_refused_by_api_says_the_help_or_what_http_said() -> None:
    assert str(ObjectNotFound(ValueError("404 for /flows/x"))) == "404 for /flows/x"
    assert str(ObjectNotFound(ValueError("404"), "There is no flow 'x'.")) == "There is no flow 'x'."


def http_error(response: httpx.Response) -> httpx.HTTPStatusError:
    with pytest.raises(httpx.HTTPStatusError) as caught:
        response.raise_for_status()
    return caught.value


def test_http_error_includes_the_details_of_a_json_body() -> None:
    request = httpx.Request("GET", "http://api/flows")
    original = http_error(httpx.Response(404, json={"detail": "Flow not found"}, request=request))
    error = PrefectHTTPStatusError.from_httpx_error(original)
    assert "Flow not found" in str(error)
    assert error.response.status_code == 404
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)
    assert type(copy) is PrefectHTTPStatusError


def test_http_error_with_a_body_that_is_no_json() -> None:
    request = httpx.Request("GET", "http://api/flows")
    original = http_error(httpx.Response(502, text="<html>", request=request))
    assert "Response:" not in str(PrefectHTTPStatusError.from_httpx_error(original))


def test_unknown_name_in_the_module_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="NoSuchError"):
        _ = exceptions.NoSuchError  # type: ignore[attr-defined]


@pytest.mark.parametrize("cls", subclasses_in_module(StoreError), ids=lambda cls: cls.__name__)
def test_store_errors_say_where_what_and_what_to_do(cls: type[StoreError]) -> None:
    message = str(cls("/home/me/prefect.db", "disk I/O error"))
    assert "/home/me/prefect.db" in message
    assert "disk I/O error" in message
    assert cls.remedy in message
    assert cls.problem in message


def test_store_errors_hide_the_password_in_a_url() -> None:
    error = exceptions.StoreUnavailableError("postgresql://me:p@ss/word@db:5432/prefect")
    assert "p@ss" not in str(error)
    assert "word" not in error.location
    assert "me:***@db:5432/prefect" in str(error)


def test_traceback_text_includes_the_cause() -> None:
    try:
        try:
            raise KeyError("inner")
        except KeyError as inner:
            raise ValueError("outer") from inner
    except ValueError as outer:
        text = exception_traceback(outer)
    assert "KeyError: 'inner'" in text
    assert text.rstrip().endswith("ValueError: outer")
