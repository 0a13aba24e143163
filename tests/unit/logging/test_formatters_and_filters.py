"""Formatters and filters on their own."""

import json
import logging
import sys

import pytest

from prefect.logging.filters import ObfuscateApiKeyFilter, redact_substr
from prefect.logging.formatters import JsonFormatter, PrefectFormatter, format_exception_info
from prefect.settings import PREFECT_API_KEY, temporary_settings


def record(name="n", message="hi", args=(), exc_info=None, **extra):
    made = logging.LogRecord(name, logging.INFO, "/a/b.py", 7, message, args, exc_info)
    vars(made).update(extra)
    return made


def test_run_formats():
    formatter = PrefectFormatter(
        "plain %(message)s",
        flow_run_fmt="flow %(flow_run_name)s %(message)s",
        task_run_fmt="task %(task_run_name)s %(message)s",
    )
    assert formatter.format(record()) == "plain hi"
    assert formatter.format(record("prefect.flow_runs", flow_run_name="a")) == "flow a hi"
    assert formatter.format(record("prefect.task_runs", task_run_name="b")) == "task b hi"
    assert formatter.format(record("prefect.task_runs.kid", task_run_name="b")) == "plain hi"


@pytest.mark.parametrize(("style", "fmt"), [("%", "%(message)s!"), ("{", "{message}!"), ("$", "$message!")])
def test_styles(style, fmt):
    formatter = PrefectFormatter("x", style=style, flow_run_fmt=fmt, validate=False)
    assert formatter.format(record("prefect.flow_runs", flow_run_name="a")) == "hi!"


def test_an_invalid_run_format_is_refused():
    with pytest.raises(ValueError, match=r"[Ii]nvalid"):
        PrefectFormatter("%(message)s", flow_run_fmt="no fields")


def test_the_time_of_each_record_is_its_own():
    formatter = PrefectFormatter("%(asctime)s", datefmt="%S")
    formatter.converter = lambda seconds: __import__("time").gmtime(seconds)
    times = []
    for created in (0.1, 0.9, 1.0, 59.5, 0.2):
        made = record()
        made.created = created
        times.append(formatter.format(made))
    assert times == ["00", "00", "01", "59", "00"]


def test_json_holds_every_attribute():
    fields = json.loads(
        JsonFormatter("default", "", "%").format(record(args=("x",), flow_run_id="abc", odd=object))
    )
    assert (fields["name"], fields["severity"], fields["flow_run_id"], fields["args"]) == (
        "n",
        "INFO",
        "abc",
        ["x"],
    )
    assert "object" in fields["odd"]


def test_pretty_json_is_indented():
    assert JsonFormatter("pretty", "", "%").format(record()).startswith('{\n  "name"')


def test_unknown_json_format_is_refused():
    with pytest.raises(ValueError, match="'yaml'"):
        JsonFormatter("yaml", "", "%")


def test_exceptions_in_json():
    try:
        raise LookupError("lost")
    except LookupError:
        info = sys.exc_info()
    fields = json.loads(JsonFormatter("default", "", "%").format(record(exc_info=info)))
    assert fields["exc_info"] == format_exception_info(info)
    assert fields["exc_info"]["type"] == "LookupError"
    assert fields["exc_info"]["message"] == "lost"
    assert "test_exceptions_in_json" in fields["exc_info"]["traceback"]
    assert format_exception_info((None, None, None)) == {"type": None, "message": None, "traceback": None}


def test_redaction_reaches_into_collections():
    found = redact_substr({"a": "xx-key-yy", "b": ["key", ("key",), {"key"}], 3: 4}, "key")
    assert found == {"a": "xx-********-yy", "b": ["********", ("********",), {"********"}], 3: 4}


def test_the_api_key_is_masked_in_message_and_arguments():
    made = record(message="with s3cret-key: %s", args=("s3cret-key",))
    with temporary_settings({PREFECT_API_KEY: "s3cret-key"}):
        assert ObfuscateApiKeyFilter().filter(made) is True
    assert made.getMessage() == "with ********: ********"


def test_a_later_key_is_masked_too():
    for key in ("first-key", "second-key"):
        made = record(message=key)
        with temporary_settings({PREFECT_API_KEY: key}):
            ObfuscateApiKeyFilter().filter(made)
        assert made.getMessage() == "********"
