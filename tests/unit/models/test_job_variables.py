"""Job variables are held to what their work pool says of its variables."""

import itertools
from typing import Any

import pytest
import sqlalchemy as sa

from prefect.schemas.actions.deployments import DeploymentCreate, DeploymentUpdate
from prefect.schemas.actions.runs import DeploymentFlowRunCreate
from prefect.schemas.actions.work_pools import WorkPoolCreate
from prefect.server.models import deploying, work_pools
from prefect.server.models.deployment_runs import create_run_of_deployment

VARIABLES = {
    "type": "object",
    "properties": {
        "image": {"type": "string"},
        "cpu": {"type": "integer", "default": 1},
        "env": {"type": "object"},
    },
    "required": ["image"],
}
TEMPLATE = {"job_configuration": {"image": "{{ image }}"}, "variables": VARIABLES}


@pytest.fixture
def deploy(connection: sa.Connection, fill: Any) -> Any:
    work_pools.create_work_pool(connection, WorkPoolCreate(name="pool", base_job_template=TEMPLATE))
    flow, names = fill.flow(), (f"d{number}" for number in itertools.count())

    def deploy(pool: str | None = "pool", **variables: Any) -> Any:
        asked = DeploymentCreate(name=next(names), flow_id=flow, work_pool_name=pool, job_variables=variables)
        return deploying.create_deployment(connection, asked)

    return deploy


def run(connection: sa.Connection, deployment: Any, **variables: Any) -> Any:
    asked = DeploymentFlowRunCreate(job_variables=variables)
    return create_run_of_deployment(connection, deployment.id, asked).job_variables


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"image": "x"},
        {"image": "x", "cpu": None},
        {"unknown": 1},
        {"cpu": "{{ prefect.variables.cpu }}"},
        {"env": {"$ref": {"block_document_slug": "json/env"}}},
    ],
)
def test_what_fits_passes(deploy: Any, variables: dict[str, Any]) -> None:
    assert deploy(**variables).job_variables == variables


@pytest.mark.parametrize("variables", [{"image": 5}, {"image": None}, {"cpu": "x"}, {"env": 1}])
def test_what_does_not_fit_is_refused(connection: sa.Connection, deploy: Any, variables: Any) -> None:
    with pytest.raises(ValueError, match="do not fit the work pool"):
        deploy(**variables)
    deploy(pool=None, **variables)
    fits = deploy(image="x")
    with pytest.raises(ValueError, match="do not fit the work pool"):
        deploying.update_deployment(connection, fits.id, DeploymentUpdate(job_variables=variables))
    with pytest.raises(ValueError, match="do not fit the work pool"):
        run(connection, fits, **variables)


def test_a_run_has_all_that_must_be_given(connection: sa.Connection, deploy: Any) -> None:
    incomplete = deploy()
    with pytest.raises(ValueError, match="'image' is a required property"):
        run(connection, incomplete)
    assert run(connection, incomplete, image="x") == {"image": "x"}
    assert run(connection, incomplete, image="{{ prefect.variables.image }}")
    complete = deploy(image="x")
    assert run(connection, complete, cpu=2) == {"cpu": 2}
