"""How the final state of a flow follows from what its function returned or raised."""

from typing import Any

import pytest

from prefect import flow, task
from prefect.client.schemas.objects import StateType
from prefect.exceptions import CancelledRun, CrashedRun
from prefect.states import Cancelled, Completed, Crashed, Failed, Paused


@task
def fine() -> str:
    return "fine"


@task
def broken() -> None:
    raise ValueError("broken")


@task
def stopped() -> Any:
    return Cancelled(message="stopped")


def ends(body: Any, **options: Any) -> Any:
    return flow(body, name="ends", **options)(return_state=True)


@pytest.mark.parametrize("value", [None, 0, "text", [], (), {}, [1, 2], {"a": 1}, object()])
def test_any_plain_value_completes(value: Any) -> None:
    state = ends(lambda: value)
    assert (state.type, state.name) == (StateType.COMPLETED, "Completed")
    assert state.result() is value


@pytest.mark.parametrize("make", [Completed, Failed, Cancelled, Crashed])
def test_a_state_made_by_the_user_is_the_final_state(make: Any) -> None:
    state = ends(lambda: make(name="Mine", message="told so"))
    assert (state.type, state.name, state.message) == (make().type, "Mine", "told so")


@pytest.mark.parametrize(("make", "error"), [(Cancelled, CancelledRun), (Crashed, CrashedRun)])
def test_a_state_made_by_the_user_is_raised_by_a_plain_call(make: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        flow(lambda: make(message="told so"), name="ends")()


def test_the_value_of_a_completed_state_made_by_the_user() -> None:
    assert flow(lambda: Completed(data=5), name="ends")() == 5


@pytest.mark.parametrize("how", ["future", "state"])
def test_a_single_returned_future_or_state_is_given_as_its_state(how: str) -> None:
    def run(one: Any) -> Any:
        return one.submit() if how == "future" else one(return_state=True)

    state = flow(lambda: run(fine), name="ends")()
    assert state.is_completed()
    assert state.result() == "fine"
    with pytest.raises(ValueError, match="broken"):
        flow(lambda: run(broken), name="ends")()
    assert ends(lambda: run(broken)).is_failed()


def test_futures_that_all_completed_complete() -> None:
    state = ends(lambda: [fine.submit(), fine.submit()])
    assert state.is_completed()
    assert "All states completed" in state.message
    assert [one.result() for one in state.result()] == ["fine", "fine"]


def test_one_failed_future_fails_and_is_counted() -> None:
    state = ends(lambda: [fine.submit(), broken.submit(), broken.submit()])
    assert state.is_failed()
    assert "2/3 states failed" in state.message
    with pytest.raises(ValueError, match="broken"):
        state.result()


def test_one_cancelled_future_cancels() -> None:
    assert ends(lambda: [fine.submit(), stopped.submit(), broken.submit()]).is_cancelled()


def test_states_are_aggregated_like_futures() -> None:
    assert ends(lambda: [Completed(), Failed()]).is_failed()
    assert ends(lambda: (Completed(), Completed())).is_completed()
    assert ends(lambda: {Completed(), Cancelled()}).is_cancelled()
    assert ends(lambda: [Completed(), Crashed()]).is_failed()


def test_a_paused_state_among_others_pauses() -> None:
    state = ends(lambda: [Completed(), Paused()])
    assert state.is_paused() or state.is_failed()


def test_mixtures_are_plain_values() -> None:
    state = ends(lambda: [Failed(), "text"])
    assert state.is_completed()
    assert state.result()[1] == "text"


def test_a_dictionary_of_futures_is_a_plain_value() -> None:
    state = ends(lambda: {"a": broken.submit()})
    assert state.is_completed()
    assert state.result()["a"].is_failed()


def test_futures_that_are_not_returned_do_not_decide() -> None:
    def body() -> str:
        broken.submit()
        return "still"

    assert ends(body).result() == "still"


def test_asking_for_a_failed_result_raises_in_the_body() -> None:
    def body() -> None:
        broken.submit().result()

    assert ends(body).is_failed()


def test_a_generator_object_is_returned_as_a_list() -> None:
    state = ends(lambda: (number for number in range(3)))
    assert state.result() == [0, 1, 2]


def test_a_plain_call_gives_the_states_of_several_futures_without_raising() -> None:
    states = flow(lambda: [fine.submit(), broken.submit()], name="ends")()
    assert [state.type for state in states] == [StateType.COMPLETED, StateType.FAILED]


def test_a_raised_exception_decides_before_anything_else() -> None:
    def body() -> Any:
        fine.submit().wait()
        raise KeyError("raised")

    state = ends(body)
    assert state.is_failed()
    assert isinstance(state.result(raise_on_failure=False), KeyError)


def test_a_task_may_return_a_state_too() -> None:
    @flow
    def parent() -> tuple[str, str]:
        state = stopped(return_state=True)
        return state.name, state.message

    assert parent() == ("Cancelled", "stopped")


def test_a_returned_exception_is_a_value() -> None:
    error = ValueError("returned")
    assert ends(lambda: error).is_completed()
