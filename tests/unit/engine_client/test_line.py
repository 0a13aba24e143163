"""What answers over HTTP mean to whoever has sent a message."""

from __future__ import annotations

from typing import Any, cast

import httpx
import pytest

from prefect._steps import Life
from prefect.client.engine.line import HttpLine, Refused, Unreachable
from prefect.client.orchestration._messages import Message
from prefect.client.orchestration.http import HttpTransport

MESSAGE = Message("POST", "/engine/record", {}, b"{}")


class Answers:
    """Stands for the transport: gives one answer, or fails."""

    url = "http://server.test"

    def __init__(self, answer: httpx.Response | Exception) -> None:
        self._answer = answer

    def send(self, message: Message, repeatable: bool) -> Life[httpx.Response]:
        yield from ()
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def line(answer: httpx.Response | Exception) -> HttpLine:
    return HttpLine(cast(HttpTransport, Answers(answer)))


def test_an_answer_is_its_body() -> None:
    assert line(httpx.Response(200, json={"lost": []})).send(MESSAGE) == b'{"lost":[]}'


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_an_answer_that_invites_to_ask_again_is_none(status: int) -> None:
    with pytest.raises(Unreachable) as raised:
        line(httpx.Response(status)).send(MESSAGE)
    assert raised.value.status == status


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 409, 413, 422])
def test_another_answer_is_a_refusal(status: int) -> None:
    request = httpx.Request("POST", "http://server.test/engine/record")
    with pytest.raises(Refused) as raised:
        line(httpx.Response(status, request=request, text="because")).send(MESSAGE)
    assert raised.value.status == status
    assert "because" in raised.value.reason


def test_no_answer_at_all_is_told() -> None:
    with pytest.raises(Unreachable, match="connection refused"):
        line(httpx.ConnectError("connection refused")).send(MESSAGE)


def test_a_page_is_no_answer_of_an_api() -> None:
    page: Any = httpx.Response(200, html="<!doctype html>")
    with pytest.raises(Unreachable, match=r"a web page.*PREFECT_API_URL.*/api"):
        line(page).send(MESSAGE)
