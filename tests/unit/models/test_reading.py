"""What is stored comes back as the nouns users know, in the order and the pages they ask for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from prefect.exceptions import ObjectNotFound
from prefect.schemas.bases import now, uuid7
from prefect.schemas.filters.flow_runs import FlowRunFilter
from prefect.schemas.flows import Flow
from prefect.schemas.logs import Log
from prefect.schemas.runs import Constant, FlowRun, FlowRunPolicy, Parameter, TaskRun, TaskRunResult
from prefect.schemas.sorting import FlowRunSort, FlowSort, LogSort, TaskRunSort
from prefect.schemas.states import StateType
from prefect.server.database import tables
from prefect.server.models import flow_runs, flows, logs, states, task_runs
from prefect.server.models.filters import Filters
from prefect.server.models.nouns import lateness, run_time

T0 = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class TestNouns:
    def test_a_flow_run_with_everything(self, connection: sa.Connection, fill: Any) -> None:
        flow = fill.flow("etl")
        pool = fill.insert(tables.work_pool, name="pool", type="process")
        queue = fill.insert(tables.work_queue, name="q", work_pool_id=pool)
        id = fill.flow_run(
            flow, "all", "Failed/TimedOut", parameters={"x": [1, None]}, context={"c": 1}, labels={"l": True},
            tags=["t"], empirical_policy={"retries": 2, "pause_keys": ["k"]}, job_variables={"v": {}},
            created_by={"type": "USER"}, work_queue_id=queue, run_count=3, message="why",
            details={"pause_reschedule": True},
        )  # fmt: skip
        run = flow_runs.read_flow_run(connection, id)
        assert (run.name, run.flow_id, run.run_count, run.tags, run.labels) == (
            "all",
            flow,
            3,
            ["t"],
            {"l": True},
        )
        assert run.parameters == {"x": [1, None]}
        assert run.empirical_policy == FlowRunPolicy(retries=2, pause_keys={"k"})
        assert (run.work_pool_id, run.work_pool_name, run.job_variables) == (pool, "pool", {"v": {}})
        assert run.created_by is not None
        assert run.created_by.type == "USER"
        assert run.start_time == T0 + MINUTE
        assert run.total_run_time == run.estimated_run_time == MINUTE
        assert run.estimated_start_time_delta == MINUTE
        state = run.state
        assert state is not None
        assert (state.id, state.type, state.name, state.message) == (
            run.state_id, StateType.FAILED, "TimedOut", "why",
        )  # fmt: skip
        assert (state.state_details.flow_run_id, state.state_details.pause_reschedule) == (id, True)

    def test_a_task_run_with_its_inputs(self, connection: sa.Connection, fill: Any) -> None:
        flow_run, upstream = fill.flow_run(fill.flow()), uuid7()
        edges = {
            "x": [{"input_type": "task_run", "id": str(upstream)}, {"input_type": "parameter", "name": "p"}],
            "y": [{"input_type": "constant", "type": "int"}],
            "z": [],
        }
        id = fill.task_run(
            flow_run, task_inputs=edges, details={"cache_key": "c"}, empirical_policy={"retries": 1}
        )
        run = task_runs.read_task_run(connection, id)
        assert run.task_inputs == {
            "x": [TaskRunResult(id=upstream), Parameter(name="p")],
            "y": [Constant(type="int")],
            "z": [],
        }
        assert run.empirical_policy.retries == 1
        assert run.state is not None
        details = run.state.state_details
        assert (details.flow_run_id, details.task_run_id, details.cache_key) == (flow_run, id, "c")

    def test_a_run_of_which_only_the_projection_is_known(self, connection: sa.Connection, fill: Any) -> None:
        id = fill.flow_run(
            fill.flow(), state=None, state_id=uuid7(), state_type="CRASHED", state_name="Crashed"
        )
        fill.connection.execute(tables.flow_run.update().values(state_timestamp=T0))
        state = flow_runs.read_flow_run(connection, id).state
        assert state is not None
        assert (state.type, state.timestamp) == (StateType.CRASHED, T0)

    def test_a_run_without_a_state(self, connection: sa.Connection, fill: Any) -> None:
        run = flow_runs.read_flow_run(connection, fill.flow_run(fill.flow(), state=None))
        assert (run.state, run.state_type, run.tags, run.parameters) == (None, None, [], {})

    def test_each_noun_is_complete_and_valid(self, connection: sa.Connection, fill: Any) -> None:
        """Cheap construction must not leave out a field nor let through what validation would refuse."""
        flow = fill.flow()
        run = flow_runs.read_flow_run(connection, fill.flow_run(flow, state="Running"))
        task = task_runs.read_task_run(connection, fill.task_run(run.id, state="Running"))
        fill.log("said", flow_run_id=run.id)
        [record] = logs.read_logs(connection)
        found: list[tuple[Any, Any]] = [
            (FlowRun, run), (TaskRun, task), (Flow, flows.read_flow(connection, flow)), (Log, record)
        ]  # fmt: skip
        for model, noun in found:
            assert set(noun.__dict__) == set(model.model_fields)
            assert model.model_validate(noun.model_dump()) == noun

    def test_what_is_not_there_is_named(self, connection: sa.Connection) -> None:
        id = uuid7()
        readers: list[Any] = [
            flows.read_flow, flow_runs.read_flow_run, task_runs.read_task_run, states.read_flow_run_state,
            states.read_task_run_state,
        ]  # fmt: skip
        for read in readers:
            with pytest.raises(ObjectNotFound, match=str(id)):
                read(connection, id)
        with pytest.raises(ObjectNotFound, match="'nobody'"):
            flows.read_flow_by_name(connection, "nobody")

    def test_a_flow_by_name(self, connection: sa.Connection, fill: Any) -> None:
        assert flows.read_flow_by_name(connection, "flow" if fill.flow("flow") else "").name == "flow"


class TestEstimates:
    def test_only_a_running_run_is_still_running(self) -> None:
        later = T0 + 3 * MINUTE
        assert run_time("RUNNING", T0, MINUTE, later) == 4 * MINUTE
        assert run_time("PAUSED", T0, MINUTE, later) == MINUTE
        assert run_time("RUNNING", later, MINUTE, T0) == MINUTE, "a clock set back takes nothing away"

    @pytest.mark.parametrize(
        ("type", "expected", "started", "late"),
        [
            ("RUNNING", T0, T0 + MINUTE, MINUTE),
            ("RUNNING", T0, T0 - MINUTE, timedelta(0)),
            ("SCHEDULED", T0, None, 5 * MINUTE),
            ("SCHEDULED", T0 + 9 * MINUTE, None, timedelta(0)),
            ("CANCELLED", T0, None, timedelta(0)),
            ("RUNNING", None, T0, timedelta(0)),
            (None, T0, None, 5 * MINUTE),
        ],
    )
    def test_lateness(self, type: str | None, expected: Any, started: Any, late: timedelta) -> None:
        assert lateness(type, expected, started, T0 + 5 * MINUTE) == late

    def test_average_lateness(self, connection: sa.Connection, fill: Any) -> None:
        assert flow_runs.average_lateness(connection) is None
        flow = fill.flow()
        fill.flow_run(flow, start_time=T0 + MINUTE)
        fill.flow_run(flow, start_time=T0 + 3 * MINUTE)
        assert flow_runs.average_lateness(connection) == 2 * MINUTE


class TestOrderAndPages:
    @pytest.fixture
    def runs(self, fill: Any) -> None:
        flow = fill.flow()
        fill.flow_run(flow, "b", start_time=T0 + 2 * MINUTE, end_time=T0 + 9 * MINUTE)
        fill.flow_run(
            flow, "a", "Scheduled", expected_start_time=T0 + MINUTE, next_scheduled_start_time=T0 + MINUTE
        )
        fill.flow_run(flow, "d", start_time=T0 + 3 * MINUTE, end_time=T0 + 8 * MINUTE)
        later = {"expected_start_time": T0 - MINUTE, "next_scheduled_start_time": T0 - MINUTE}
        fill.flow_run(flow, "c", "Scheduled", **later)

    @pytest.mark.parametrize(
        ("sort", "names"),
        [
            (FlowRunSort.ID_DESC, "cdab"),
            (FlowRunSort.NAME_ASC, "abcd"),
            (FlowRunSort.NAME_DESC, "dcba"),
            (FlowRunSort.START_TIME_ASC, "cabd"),
            (FlowRunSort.START_TIME_DESC, "dbac"),
            (FlowRunSort.EXPECTED_START_TIME_ASC, "cbda"),
            (FlowRunSort.EXPECTED_START_TIME_DESC, "adbc"),
            (FlowRunSort.NEXT_SCHEDULED_START_TIME_ASC, "cabd"),
            (FlowRunSort.END_TIME_DESC, "bdca"),
        ],
    )
    def test_flow_runs(self, connection: sa.Connection, runs: None, sort: FlowRunSort, names: str) -> None:
        assert [run.name for run in flow_runs.read_flow_runs(connection, sort=sort)] == list(names)
        pages = [
            run.name
            for offset in range(0, 4, 2)
            for run in flow_runs.read_flow_runs(connection, sort=sort, limit=2, offset=offset)
        ]
        assert pages == list(names)

    @pytest.mark.parametrize(
        ("sort", "names"),
        [
            (TaskRunSort.ID_DESC, "cba"),
            (TaskRunSort.NAME_ASC, "abc"),
            (TaskRunSort.NAME_DESC, "cba"),
            (TaskRunSort.EXPECTED_START_TIME_ASC, "bca"),
            (TaskRunSort.EXPECTED_START_TIME_DESC, "acb"),
            (TaskRunSort.NEXT_SCHEDULED_START_TIME_ASC, "bac"),
            (TaskRunSort.END_TIME_DESC, "acb"),
            (TaskRunSort.DURATION_ASC, "bac"),
            (TaskRunSort.DURATION_DESC, "cab"),
        ],
    )
    def test_task_runs(self, connection: sa.Connection, fill: Any, sort: TaskRunSort, names: str) -> None:
        run = fill.flow_run(fill.flow())
        fill.task_run(run, "a", expected_start_time=T0 + 2 * MINUTE)
        fill.task_run(run, "b", "Scheduled", expected_start_time=T0, next_scheduled_start_time=T0)
        fill.task_run(run, "c", "Running", expected_start_time=T0 + MINUTE)
        assert [task.name for task in task_runs.read_task_runs(connection, sort=sort)] == list(names)

    def test_flows(self, connection: sa.Connection, fill: Any) -> None:
        fill.flow("b", created=T0, updated=T0 + 3 * MINUTE)
        fill.flow("a", created=T0 + MINUTE, updated=T0 + 2 * MINUTE)
        expected = {
            FlowSort.CREATED_DESC: "ab", FlowSort.UPDATED_DESC: "ba", FlowSort.NAME_ASC: "ab",
            FlowSort.NAME_DESC: "ba",
        }  # fmt: skip
        for sort, names in expected.items():
            assert [flow.name for flow in flows.read_flows(connection, sort=sort)] == list(names)
        assert [flow.name for flow in flows.read_flows(connection, limit=1, offset=1)] == ["b"]

    def test_logs_of_one_moment_keep_their_order(self, connection: sa.Connection, fill: Any) -> None:
        for message in "abc":
            fill.log(message)
        fill.log("before", timestamp=T0 - MINUTE)
        ascending = [log.message for log in logs.read_logs(connection)]
        assert ascending == ["before", "a", "b", "c"]
        descending = [log.message for log in logs.read_logs(connection, sort=LogSort.TIMESTAMP_DESC)]
        assert descending == ascending[::-1]
        assert [log.message for log in logs.read_logs(connection, limit=2, offset=1)] == ["a", "b"]


class TestStates:
    def test_the_states_of_a_run_in_order(self, connection: sa.Connection, fill: Any) -> None:
        run = fill.flow_run(fill.flow())
        task = fill.task_run(run)
        for table, owner in (
            (tables.flow_run_state, {"flow_run_id": run}),
            (tables.task_run_state, {"task_run_id": task}),
        ):
            fill.insert(table, **owner, timestamp=T0, type="PENDING", name="Pending")
        assert [state.name for state in states.read_flow_run_states(connection, run)] == [
            "Pending",
            "Completed",
        ]
        of_task = states.read_task_run_states(connection, task)
        assert [state.name for state in of_task] == ["Pending", "Completed"]
        assert {state.state_details.flow_run_id for state in of_task} == {run}
        assert states.read_task_run_state(connection, of_task[0].id) == of_task[0]
        first = states.read_flow_run_states(connection, run)[0]
        assert states.read_flow_run_state(connection, first.id) == first
        assert states.read_flow_run_states(connection, uuid7()) == []


class TestCounts:
    def test_task_runs_by_state_and_by_flow_run(self, connection: sa.Connection, fill: Any) -> None:
        flow = fill.flow()
        one, other = fill.flow_run(flow), fill.flow_run(flow)
        for state in ("Completed", "Completed", "Failed"):
            fill.task_run(one, state=state)
        of_one = Filters(flow_runs=FlowRunFilter.model_validate({"id": {"any_": [str(one)]}}))
        by_state = task_runs.count_task_runs_by_state(connection, of_one)
        assert by_state == {StateType.COMPLETED: 2, StateType.FAILED: 1}
        assert task_runs.count_task_runs_of(connection, [one, other]) == {one: 3, other: 0}


class TestChanging:
    def test_fields_change_and_the_time_of_change_with_them(
        self, connection: sa.Connection, fill: Any
    ) -> None:
        before = now()
        flow = fill.flow()
        run, task = fill.flow_run(flow), fill.task_run(None)
        flows.update_flow(connection, flow, {"tags": ["new"], "labels": {"a": 1}})
        flow_runs.update_flow_run(
            connection, run, {"name": "new", "empirical_policy": FlowRunPolicy(retries=5)}
        )
        task_runs.update_task_run(connection, task, {"name": "new"})
        changed_flow = flows.read_flow(connection, flow)
        assert (changed_flow.tags, changed_flow.labels) == (["new"], {"a": 1})
        changed_run = flow_runs.read_flow_run(connection, run)
        assert (changed_run.name, changed_run.empirical_policy.retries) == ("new", 5)
        assert task_runs.read_task_run(connection, task).name == "new"
        assert changed_flow.updated is not None
        assert changed_flow.updated >= before
        assert changed_flow.created == T0

    def test_what_is_not_there_cannot_change(self, connection: sa.Connection) -> None:
        updates: list[Any] = [flows.update_flow, flow_runs.update_flow_run, task_runs.update_task_run]
        for update in updates:
            with pytest.raises(ObjectNotFound):
                update(connection, uuid7(), {})
