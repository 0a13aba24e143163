"""Clients and subscribers: against a server of ours, a server that misbehaves, and the store of this process."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
import websockets
from websockets.asyncio.server import ServerConnection, serve

from event_samples import an_event
from prefect import flow, get_run_logger
from prefect._clock import VirtualClock, use_clock
from prefect.client.engine import flush_clients
from prefect.client.orchestration import get_client
from prefect.client.orchestration.local_events import LocalEvents
from prefect.events import Event, get_events_client, get_events_subscriber
from prefect.events._sockets import RefusedError
from prefect.events._subscribing import Seen
from prefect.events.clients import (
    AssertingEventsClient,
    AssertingPassthroughEventsClient,
    NullEventsClient,
    PrefectCloudAccountEventSubscriber,
    PrefectCloudEventsClient,
    PrefectCloudEventSubscriber,
    PrefectEventsClient,
    PrefectEventSubscriber,
)
from prefect.events.filters import EventFilter
from prefect.events.subscribers import FlowRunSubscriber
from prefect.flow_engine import run_flow
from prefect.logging.clients import PrefectCloudLogsSubscriber, PrefectLogsSubscriber, get_logs_subscriber
from prefect.schemas.bases import now
from prefect.server.events.hub import Message
from prefect.settings import temporary_settings
from prefect.states import Scheduled
from prefect.testing.server import running_server

PATIENCE_SECONDS = 60.0


def a_new_event(event: str = "thing.happened", **values: Any) -> Event:
    told = an_event(1, event, **{"id": uuid4(), "occurred": now(), **values})
    return Event.model_validate(told.model_dump(exclude={"received"}))


def named(*names: str) -> EventFilter:
    return EventFilter.model_validate({"event": {"name": list(names)}})


def in_time(life: Awaitable[Any]) -> Any:
    async def bounded() -> Any:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await life

    return asyncio.run(bounded())


@pytest.fixture(params=["with a server", "without a server"])
def api_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The same must hold with and without a server."""
    if request.param == "without a server":
        yield None
        return
    with running_server() as url, temporary_settings({"api.url": url}):
        yield url
        # what runs have told is sent while there is a server
        flush_clients()


# --- sending and getting --------------------------------------------------------------------------------


def test_what_one_sends_the_other_gets(api_url: str | None) -> None:
    before, after = a_new_event(), a_new_event()

    async def talk() -> list[UUID]:
        async with get_events_client() as client:
            await client.emit(before)
        async with get_events_subscriber(named("thing.happened")) as subscriber:
            got = [(await anext(subscriber)).id]
            async with get_events_client() as client:
                await client.emit(a_new_event("something.else"))
                await client.emit(after)
            return [*got, (await anext(subscriber)).id]

    assert in_time(talk()) == [before.id, after.id]
    assert get_client(sync_client=True).read_events(named("thing.happened")).total == 2


def test_states_of_runs_are_told(api_url: str | None) -> None:
    @flow
    def work() -> None:
        pass

    async def watch() -> list[str]:
        async with get_events_subscriber(EventFilter()) as subscriber:
            await asyncio.to_thread(work)
            return [(await anext(subscriber)).event for _ in range(3)]

    names = in_time(watch())
    assert names == ["prefect.flow-run.Pending", "prefect.flow-run.Running", "prefect.flow-run.Completed"]


def test_log_records_are_told(api_url: str | None) -> None:
    @flow
    def work() -> None:
        get_run_logger().info("Hello")

    async def watch() -> str:
        heard = asyncio.Event()

        async def work_again_and_again() -> None:
            # who watches logs does not get those of before, and nobody knows when it has begun to watch
            while not heard.is_set():
                await asyncio.to_thread(work)

        async with get_logs_subscriber() as subscriber:
            working = asyncio.ensure_future(work_again_and_again())
            while (log := await anext(subscriber)).message != "Hello":
                continue
            heard.set()
            await working
        return log.message

    assert in_time(watch()) == "Hello"


def test_all_of_a_flow_run_until_it_ends(api_url: str | None) -> None:
    @flow
    def work() -> None:
        pass

    run = get_client(sync_client=True).create_flow_run(work, state=Scheduled())

    async def watch() -> list[str]:
        async with FlowRunSubscriber(run.id, straggler_timeout=0) as told:
            await asyncio.to_thread(run_flow, work, run)
            return [item.event async for item in told if isinstance(item, Event)]

    assert in_time(watch())[-2:] == ["prefect.flow-run.Running", "prefect.flow-run.Completed"]


def test_a_flow_run_that_ended_long_ago_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prefect.events.subscribers._BACKFILL_SECONDS", 0.0)

    @flow
    def work() -> None:
        pass

    run_id = work(return_state=True).state_details.flow_run_id

    async def watch() -> list[Any]:
        async with FlowRunSubscriber(run_id, straggler_timeout=0) as told:
            return [item async for item in told]

    assert in_time(watch()) == []


def test_who_stops_waiting_for_an_event_does_not_lose_it(monkeypatch: pytest.MonkeyPatch) -> None:
    event = a_new_event()
    looking, may_look = threading.Event(), threading.Event()
    take = LocalEvents.take

    def take_slowly(watch: LocalEvents) -> list[Message]:
        looking.set()
        assert may_look.wait(PATIENCE_SECONDS)
        return take(watch)

    monkeypatch.setattr(LocalEvents, "take", take_slowly)
    get_client(sync_client=True).create_events([event])

    async def watch() -> UUID:
        async with get_events_subscriber() as subscriber:
            waiting = asyncio.ensure_future(anext(subscriber))
            await asyncio.to_thread(looking.wait, PATIENCE_SECONDS)
            waiting.cancel()
            await asyncio.wait({waiting})
            may_look.set()
            return (await anext(subscriber)).id

    assert in_time(watch()) == event.id


class Streamed:
    """Stands for a subscriber: gives items, and then ends or fails."""

    def __init__(self, *items: Any, error: Exception | None = None, fails_to_open: bool = False) -> None:
        self.items = list(items)
        self.error = error
        self.fails_to_open = fails_to_open
        self.is_open = False

    async def __aenter__(self) -> Streamed:
        if self.fails_to_open:
            raise ConnectionError("nobody there")
        self.is_open = True
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self.is_open = False

    def __aiter__(self) -> Streamed:
        return self

    async def __anext__(self) -> Any:
        if self.items:
            return self.items.pop(0)
        if self.error is not None:
            raise self.error
        raise StopAsyncIteration


@pytest.fixture
def streamed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FlowRunSubscriber]:
    """A subscriber to the run RUN, of which is told what is given."""

    def subscriber(logs: Streamed, events: Streamed, straggler_timeout: int = 0) -> FlowRunSubscriber:
        monkeypatch.setattr("prefect.events.subscribers.get_logs_subscriber", lambda *args: logs)
        monkeypatch.setattr("prefect.events.subscribers.get_events_subscriber", lambda *args: events)
        return FlowRunSubscriber(RUN, straggler_timeout)

    return subscriber


RUN = uuid4()


def entered(type: str) -> Event:
    """It is told that RUN has entered a state of that type."""
    resource = {"prefect.resource.id": f"prefect.flow-run.{RUN}", "prefect.state-type": type}
    return a_new_event(f"prefect.flow-run.{type.title()}", resource=resource)


async def all_of(told: FlowRunSubscriber) -> list[Any]:
    async with told:
        return [item async for item in told]


def test_without_events_nothing_of_a_flow_run_is_waited_for(streamed: Any) -> None:
    running = entered("RUNNING")
    assert in_time(all_of(streamed(Streamed(), Streamed(running)))) == [running]


def test_a_flow_run_that_is_run_again_has_not_ended(streamed: Any) -> None:
    first = [entered("FAILED"), entered("RUNNING"), a_new_event(), entered("COMPLETED")]
    told = streamed(Streamed(), Streamed(*first), straggler_timeout=0)

    async def watch() -> list[Any]:
        async with told:
            got = [await anext(told) for _ in first[:3]]
            assert told._patience_seconds is None
            return got + [item async for item in told]

    assert in_time(watch()) == first


def test_what_goes_wrong_with_a_stream_is_an_error(streamed: Any) -> None:
    with pytest.raises(ConnectionError, match="broken off"):
        in_time(all_of(streamed(Streamed(error=ConnectionError("broken off")), Streamed(entered("RUNNING")))))


def test_of_two_streams_both_are_opened_or_none(streamed: Any) -> None:
    logs = Streamed()
    with pytest.raises(ConnectionError, match="nobody there"):
        in_time(all_of(streamed(logs, Streamed(fails_to_open=True))))
    assert not logs.is_open


def test_a_flow_run_is_only_watched_within_the_block(streamed: Any) -> None:
    with pytest.raises(TypeError, match="async with"):
        in_time(anext(streamed(Streamed(), Streamed())))


# --- a server that misbehaves ---------------------------------------------------------------------------

Script = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def scripted(
    *scripts: Script, heard: Callable[[Any], None] = bool, answer: str = '{"type":"auth_success"}'
) -> AsyncIterator[str]:
    """A server that does something else with each connection, once it has heard who it is and let it in."""
    left = iter(scripts)

    async def handle(connection: ServerConnection) -> None:
        heard(json.loads(await connection.recv()))
        await connection.send(answer)
        await next(left, ServerConnection.wait_closed)(connection)

    async with serve(handle, "127.0.0.1", 0, subprotocols=[websockets.Subprotocol("prefect")]) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"http://127.0.0.1:{port}/api"


def telling(*events: Event, code: int | None = None) -> Script:
    async def script(connection: ServerConnection) -> None:
        assert json.loads(await connection.recv())["type"] == "filter"
        for event in events:
            text = event.model_dump_json()
            await connection.send(f'{{"type":"event","event":{text}}}')
        if code is not None:
            await connection.close(code, "for a reason")
        await connection.wait_closed()

    return script


def listening(heard: list[str]) -> Script:
    async def script(connection: ServerConnection) -> None:
        heard.extend([json.loads(message)["id"] async for message in connection])

    return script


def test_a_lost_connection_is_made_anew_and_nothing_comes_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prefect.events._sockets.FIRST_WAIT_SECONDS", 0.0)
    # it was a quarter of an hour ago, as far as a server looks back
    moments = itertools.count(0.0, 15 * 60.0)
    monkeypatch.setattr("prefect.events._subscribing.time", SimpleNamespace(monotonic=lambda: next(moments)))
    first, second = a_new_event(), a_new_event()

    async def watch() -> list[UUID]:
        scripts = [telling(first, code=1012), telling(code=1013), telling(first, second)]
        async with scripted(*scripts) as url, PrefectEventSubscriber(url) as subscriber:
            return [(await anext(subscriber)).id, (await anext(subscriber)).id]

    assert in_time(watch()) == [first.id, second.id]


@pytest.mark.parametrize("again", [False, True])
def test_a_stream_closed_in_good_order_ends_unless_told_otherwise(again: bool) -> None:
    first, second = a_new_event(), a_new_event()

    async def watch() -> list[UUID]:
        scripts = [telling(first, code=1000), telling(second, code=1008)]
        got = []
        async with (
            scripted(*scripts) as url,
            PrefectEventSubscriber(url, reconnect_on_clean_close=again) as subscriber,
        ):
            try:
                while True:
                    got.append((await anext(subscriber)).id)
            except StopAsyncIteration:
                assert not again
            except RefusedError:
                assert again
        return got

    assert in_time(watch()) == ([first.id, second.id] if again else [first.id])


@pytest.mark.parametrize("code", [1002, 1003, 1007, 1008, 1009])
def test_what_a_server_refuses_is_not_tried_again(code: int) -> None:
    async def watch() -> None:
        async with scripted(telling(code=code)) as url, PrefectEventSubscriber(url) as subscriber:
            await anext(subscriber)

    with pytest.raises(RefusedError, match=rf"code {code}\): for a reason"):
        in_time(watch())


@pytest.mark.parametrize("status", [401, 403])
def test_who_is_not_let_in_does_not_try_again(status: int) -> None:
    def refuse(connection: ServerConnection, request: Any) -> Any:
        return connection.respond(HTTPStatus(status), "no")

    async def come() -> None:
        async with serve(ServerConnection.wait_closed, "127.0.0.1", 0, process_request=refuse) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            async with PrefectEventSubscriber(f"http://127.0.0.1:{port}/api"):
                pass

    with pytest.raises(RefusedError, match=rf"HTTP {status}\. Check PREFECT_API_KEY"):
        in_time(come())


def test_events_that_may_be_lost_are_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prefect.events._sockets.FIRST_WAIT_SECONDS", 0.0)
    heard: list[str] = []
    events = [a_new_event() for _ in range(3)]

    async def break_off(connection: ServerConnection) -> None:
        heard.append(json.loads(await connection.recv())["id"])
        await connection.close(1012)

    async def talk() -> None:
        async with scripted(break_off, listening(heard)) as url, PrefectEventsClient(url) as client:
            for event in events:
                await client.emit(event)

    in_time(talk())
    assert heard[0] == str(events[0].id)
    assert list(dict.fromkeys(heard)) == [str(event.id) for event in events]


def test_an_event_that_is_refused_does_not_keep_others_from_being_sent() -> None:
    heard: list[str] = []
    odd, other = a_new_event("odd"), a_new_event("other")

    async def refuse(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.close(1007, "odd")

    async def talk() -> None:
        async with scripted(refuse, listening(heard)) as url, PrefectEventsClient(url) as client:
            # nobody knows when the refusal comes
            with pytest.raises(RefusedError, match=r"odd.* What was sent last may be lost \(events: \d+\)"):
                while True:
                    await client.emit(odd)
                    await asyncio.sleep(0)
            await client.emit(other)

    in_time(talk())
    assert heard == [str(other.id)]


def test_several_may_send_through_one_client() -> None:
    """What one has sent meanwhile is not taken for confirmed because of another's ping."""
    heard: list[str] = []
    events = [a_new_event() for _ in range(20)]

    async def break_off(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.close(1012)

    async def talk() -> None:
        async with (
            scripted(break_off, break_off, listening(heard)) as url,
            PrefectEventsClient(url, checkpoint_every=1) as client,
        ):
            await asyncio.gather(*map(client.emit, events))

    in_time(talk())
    assert set(heard) == {str(event.id) for event in events}


def test_a_server_that_is_not_there_is_an_error_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prefect.events._sockets.FIRST_WAIT_SECONDS", 0.0)

    async def talk() -> None:
        async with PrefectEventsClient("http://127.0.0.1:9/api", reconnection_attempts=1):
            pass

    with pytest.raises(OSError, match="Connect"):
        in_time(talk())


@pytest.mark.parametrize("code", [1000, 1011, 1013])
def test_a_server_that_lets_in_and_shows_the_door_is_left_alone_in_the_end(code: int) -> None:
    """And waited for in between, longer each time."""
    scripts = [telling(code=code) for _ in range(4)]

    async def watch() -> None:
        async with (
            scripted(*scripts) as url,
            PrefectEventSubscriber(url, None, 3, reconnect_on_clean_close=True) as subscriber,
        ):
            await anext(subscriber)

    with use_clock(VirtualClock()) as clock, pytest.raises(websockets.ConnectionClosed, match="for a reason"):
        in_time(watch())
    assert isinstance(clock, VirtualClock)
    assert clock.slept == [0.2, 0.4, 0.8]


def test_a_message_that_is_not_understood_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("prefect").propagate = True
    event = a_new_event()
    garbage = ["garbage", b"\xff", "[]", "7", '{"type":"news"}', '{"type":"event","event":{"event":"odd"}}']

    async def chatter(connection: ServerConnection) -> None:
        for message in garbage:
            await connection.send(message)
        await telling(event)(connection)

    async def watch() -> UUID:
        async with scripted(chatter) as url, PrefectEventSubscriber(url) as subscriber:
            return (await anext(subscriber)).id

    assert in_time(watch()) == event.id
    assert caplog.text.count("tells of no event is left out") == len(garbage)
    assert "'[]'" in caplog.text


@pytest.mark.parametrize("answer", ["garbage", "[]", "{}", '{"type":"auth"}'])
def test_a_server_that_does_not_know_the_handshake_is_none_of_ours(answer: str) -> None:
    async def come() -> None:
        async with scripted(answer=answer) as url, PrefectEventSubscriber(url):
            pass

    with pytest.raises(RefusedError, match=r"/events/out did not answer the handshake as expected: '"):
        in_time(come())


@pytest.mark.parametrize(
    "kind",
    [
        PrefectCloudEventsClient,
        PrefectCloudEventSubscriber,
        PrefectCloudAccountEventSubscriber,
        PrefectCloudLogsSubscriber,
    ],
)
def test_an_api_key_is_who_one_is(kind: Any) -> None:
    heard: list[Any] = []

    async def come() -> None:
        async with scripted(heard=heard.append) as url, kind(url, "my-key"):
            pass

    in_time(come())
    assert heard == [{"type": "auth", "token": "my-key"}]


@pytest.mark.parametrize("kind", [PrefectEventsClient, PrefectEventSubscriber, PrefectLogsSubscriber])
def test_without_a_server_there_is_nobody_to_speak_to(kind: Any) -> None:
    with pytest.raises(ValueError, match="PREFECT_API_URL"):
        kind()
    with pytest.raises(ValueError, match="'localhost:4200/api' is no URL of an API"):
        kind("localhost:4200/api")


def test_a_subscriber_is_only_read_while_it_is_entered(api_url: str | None) -> None:
    async def read(subscriber: Any) -> None:
        with pytest.raises(TypeError, match="async with"):
            await anext(subscriber)
        async with subscriber:
            pass
        with pytest.raises(TypeError, match="async with"):
            await anext(subscriber)

    for subscriber in (get_events_subscriber(), get_logs_subscriber()):
        in_time(read(subscriber))


# --- clients for tests ----------------------------------------------------------------------------------


def test_events_are_only_emitted_by_a_client_that_is_entered() -> None:
    with pytest.raises(TypeError, match="context manager"):
        in_time(NullEventsClient().emit(a_new_event()))


def test_an_asserting_client_keeps_what_is_emitted() -> None:
    event = a_new_event()

    async def talk() -> AssertingEventsClient:
        async with AssertingEventsClient(1, a=2) as client:
            await client.emit(event)
        return client

    client = in_time(talk())
    assert AssertingEventsClient.last is client
    assert (client.args, client.kwargs, client.client_name) == ((1,), {"a": 2}, "AssertingEventsClient")
    assert (client.pop_events(), client.events) == ([event], [])
    AssertingEventsClient.reset()
    assert (AssertingEventsClient.last, AssertingEventsClient.all) == (None, [])


def test_a_client_may_keep_and_send() -> None:
    event = a_new_event()

    async def talk(url: str) -> list[Event]:
        async with AssertingPassthroughEventsClient(url) as client:
            await client.emit(event)
        return client.events

    with running_server() as url:
        assert in_time(talk(url)) == [event]
    AssertingPassthroughEventsClient.reset()


def test_what_was_seen_is_forgotten_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([0.0, 1.0, 2.0, 3.0, 20.0])
    monkeypatch.setattr("prefect.events._subscribing.time", SimpleNamespace(monotonic=lambda: next(moments)))
    seen, (one, two, three) = Seen(size=2, seconds=10), (uuid4() for _ in range(3))
    assert [seen.add(id) for id in (one, one, two)] == [True, False, True]
    # the oldest makes room
    assert seen.add(three)
    assert seen.add(two)
