"""prefect.runtime: what its attributes say inside runs, outside, from the API and from the environment."""

import uuid
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from prefect.context import FlowRunContext, TaskRunContext
from prefect.runtime import _attributes, deployment, flow_run, task_run
from prefect.settings import PREFECT_API_URL, PREFECT_UI_URL, temporary_settings

WHEN = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


class FakeApi:
    """A client over what the test put there."""

    def __init__(self):
        self.flow_runs, self.task_runs, self.flows, self.deployments = {}, {}, {}, {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def read_flow_run(self, run_id):
        return self.flow_runs[run_id]

    def read_task_run(self, run_id):
        return self.task_runs[run_id]

    def read_flow(self, flow_id):
        return self.flows[flow_id]

    def read_deployment(self, deployment_id):
        return self.deployments[deployment_id]

    def new_flow_run(self, name, called_by=None, **values):
        """A flow run; `called_by`: the flow run it is a subflow of."""
        parent_task_run_id = None
        if called_by is not None:
            parent_task_run_id = uuid.uuid4()
            self.task_runs[parent_task_run_id] = SimpleNamespace(flow_run_id=called_by.id)
        fields = {
            "id": uuid.uuid4(),
            "name": name,
            "flow_id": uuid.uuid4(),
            "flow_version": "v1",
            "tags": ["a", "b"],
            "run_count": 2,
            "expected_start_time": WHEN,
            "parameters": {"x": 1},
            "parent_task_run_id": parent_task_run_id,
            "deployment_id": None,
            "job_variables": None,
        }
        run = SimpleNamespace(**fields | values)
        self.flow_runs[run.id] = run
        self.flows[run.flow_id] = SimpleNamespace(name="my-flow")
        return run


@pytest.fixture
def api(monkeypatch):
    fake = FakeApi()
    monkeypatch.setattr(_attributes, "_client", lambda: fake)
    return fake


def inside(run, **values):
    flow = SimpleNamespace(name="my-flow", version="v1")
    return FlowRunContext.model_construct(flow=flow, flow_run=run, parameters={"x": 1}, **values)


def inside_task(flow_run_id=None):
    run = SimpleNamespace(id=uuid.uuid4(), name="my-task-0", tags=["t"], run_count=3, flow_run_id=flow_run_id)
    task = SimpleNamespace(name="my-task")
    return TaskRunContext.model_construct(task=task, task_run=run, parameters={"y": 2})


def everything(module):
    return {name: getattr(module, name) for name in module.__all__}


def test_outside_runs_everything_is_empty():
    facts = everything(flow_run)
    assert datetime.now(UTC) - facts.pop("scheduled_start_time") < timedelta(minutes=1)
    assert facts.pop("tags") == []
    assert facts.pop("parameters") == {}
    assert facts.pop("run_count") == 0
    assert set(facts.values()) == {None}
    facts = everything(task_run)
    assert (facts.pop("tags"), facts.pop("parameters"), facts.pop("run_count")) == ([], {}, 0)
    assert set(facts.values()) == {None}
    facts = everything(deployment)
    assert facts.pop("parameters") == {}
    assert set(facts.values()) == {None}


def test_inside_a_flow_run(api):
    run = api.new_flow_run("my-run")
    with inside(run):
        assert everything(flow_run) == {
            "id": str(run.id),
            "name": "my-run",
            "flow_name": "my-flow",
            "flow_version": "v1",
            "tags": ["a", "b"],
            "run_count": 2,
            "scheduled_start_time": WHEN,
            "parameters": {"x": 1},
            "parent_flow_run_id": None,
            "parent_deployment_id": None,
            "root_flow_run_id": str(run.id),
            "api_url": None,
            "ui_url": None,
            "job_variables": {},
        }


def test_inside_a_task_run(api):
    run = api.new_flow_run("my-run")
    with inside(run), inside_task(run.id) as context:
        assert everything(task_run) == {
            "id": str(context.task_run.id),
            "name": "my-task-0",
            "task_name": "my-task",
            "tags": ["t"],
            "run_count": 3,
            "parameters": {"y": 2},
            "api_url": None,
            "ui_url": None,
        }
        assert flow_run.name == "my-run"


def test_a_task_run_knows_its_flow_run_without_its_context(api):
    run = api.new_flow_run("elsewhere")
    with inside_task(run.id):
        assert (flow_run.id, flow_run.name) == (str(run.id), "elsewhere")


def test_urls():
    run = SimpleNamespace(id=uuid.uuid4())
    urls = {PREFECT_API_URL: "http://api.test/api", PREFECT_UI_URL: "http://ui.test/"}
    with temporary_settings(urls), inside(run), inside_task() as context:
        assert flow_run.api_url == f"http://api.test/api/flow-runs/flow-run/{run.id}"
        assert flow_run.ui_url == f"http://ui.test/flow-runs/flow-run/{run.id}"
        assert task_run.api_url == f"http://api.test/api/runs/task-run/{context.task_run.id}"
        assert task_run.ui_url == f"http://ui.test/runs/task-run/{context.task_run.id}"


def test_the_line_of_calls(api):
    deployment_id = uuid.uuid4()
    root = api.new_flow_run("root")
    parent = api.new_flow_run("parent", called_by=root, deployment_id=deployment_id)
    with inside(api.new_flow_run("child", called_by=parent)):
        assert flow_run.parent_flow_run_id == str(parent.id)
        assert flow_run.parent_deployment_id == str(deployment_id)
        assert flow_run.root_flow_run_id == str(root.id)


def test_before_its_flow_is_entered_a_process_asks_the_api(api, monkeypatch):
    run = api.new_flow_run("started")
    monkeypatch.setenv("PREFECT__FLOW_RUN_ID", str(run.id))
    assert flow_run.id == str(run.id)
    assert flow_run.name == "started"
    assert flow_run.flow_name == "my-flow"
    assert flow_run.flow_version == "v1"
    assert flow_run.parameters == {"x": 1}
    assert deployment.flow_run_id == str(run.id)


def test_deployment_is_read_once(api):
    deployment_id = uuid.uuid4()
    api.deployments[deployment_id] = SimpleNamespace(
        name="nightly", version="7", job_variables={"cpu": 1, "memory": 2}
    )
    run = api.new_flow_run("r", deployment_id=deployment_id, job_variables={"memory": 4})
    with inside(run):
        assert (deployment.id, deployment.flow_run_id) == (str(deployment_id), str(run.id))
        assert deployment.name == "nightly"
        assert deployment.parameters == {"x": 1}
        assert flow_run.job_variables == {"cpu": 1, "memory": 4}
        del api.deployments[deployment_id]
        assert deployment.version == "7"


@pytest.mark.parametrize(
    ("variable", "text", "module", "name", "value"),
    [
        ("FLOW_RUN__ID", "mine", flow_run, "id", "mine"),
        ("FLOW_RUN__RUN_COUNT", "3", flow_run, "run_count", 3),
        ("FLOW_RUN__SCHEDULED_START_TIME", "2026-01-02T03:04", flow_run, "scheduled_start_time", WHEN),
        ("FLOW_RUN__SCHEDULED_START_TIME", "2026-01-02T05:04+02:00", flow_run, "scheduled_start_time", WHEN),
        ("TASK_RUN__NAME", "mine", task_run, "name", "mine"),
        ("DEPLOYMENT__VERSION", "9", deployment, "version", "9"),
        ("FLOW_RUN__MADE_UP", "anything", flow_run, "made_up", "anything"),
    ],
)
def test_environment_replaces_values(monkeypatch, variable, text, module, name, value):
    monkeypatch.setenv("PREFECT__RUNTIME__" + variable, text)
    assert getattr(module, name) == value


@pytest.mark.parametrize(("module", "name"), [(flow_run, "tags"), (task_run, "parameters")])
def test_environment_cannot_replace_collections(monkeypatch, module, name):
    group = module.__name__.rpartition(".")[2].upper()
    monkeypatch.setenv(f"PREFECT__RUNTIME__{group}__{name.upper()}", "a")
    with pytest.raises(ValueError, match="single values"):
        getattr(module, name)


def test_a_number_must_be_one(monkeypatch):
    monkeypatch.setenv("PREFECT__RUNTIME__TASK_RUN__RUN_COUNT", "many")
    with pytest.raises(ValueError, match="many"):
        task_run.run_count  # noqa: B018


@pytest.mark.parametrize("module", [flow_run, task_run, deployment])
def test_names(module):
    assert dir(module) == sorted(module.__all__) == sorted(module.FIELDS)
    with pytest.raises(AttributeError, match=f"{module.__name__} has no attribute 'nope'"):
        module.nope  # noqa: B018
