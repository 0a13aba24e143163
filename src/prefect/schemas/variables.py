"""A variable as it is stored. Not here: the class users call (`prefect.variables.Variable`)."""

from pydantic import Field

from prefect.schemas.bases import ObjectBaseModel
from prefect.types import StrictVariableValue
from prefect.types.names import MAX_VARIABLE_NAME_LENGTH


class Variable(ObjectBaseModel):
    """A named value of any JSON type. Names of older stores may have forms no longer allowed for new ones."""

    name: str = Field(max_length=MAX_VARIABLE_NAME_LENGTH)
    value: StrictVariableValue
    tags: list[str] = Field(default_factory=list)
