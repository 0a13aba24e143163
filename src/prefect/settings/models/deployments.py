"""`settings.deployments`: defaults for deploying flows."""

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting


class DeploymentsSettings(PrefectBaseSettings, path="deployments"):
    """Defaults for deploying flows."""

    clear_schedules_on_empty: bool = setting(
        False, "Deploying with an empty list of schedules removes the existing ones."
    )
    default_work_pool_name: str | None = setting(
        None, "Work pool of deployments that name none.", aliases=("PREFECT_DEFAULT_WORK_POOL_NAME",)
    )
    default_docker_build_namespace: str | None = setting(
        None,
        "Registry and namespace put before image names that have none.",
        aliases=("PREFECT_DEFAULT_DOCKER_BUILD_NAMESPACE",),
    )
