"""A value handed to a flow run while it runs or waits, stored under a key of that run."""

import json
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator

from prefect.schemas.bases import ObjectBaseModel
from prefect.types.names import raise_on_name_alphanumeric_dashes_only

InputKey = Annotated[str, AfterValidator(raise_on_name_alphanumeric_dashes_only)]


class FlowRunInput(ObjectBaseModel):
    """A JSON text for a flow run, under a key of lower-case letters, digits and dashes."""

    flow_run_id: UUID
    key: InputKey
    value: str
    sender: str | None = None

    @property
    def decoded_value(self) -> Any:
        """The value the JSON text stands for.

        Raises:
            json.JSONDecodeError: the text is no JSON.
        """
        return json.loads(self.value)
