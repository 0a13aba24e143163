"""Who did something: the field types `created_by` and `updated_by` that several nouns share."""

from uuid import UUID

from prefect.schemas.bases import PrefectBaseModel


class CreatedBy(PrefectBaseModel):
    """Who made something: a deployment's schedule, an automation, a user."""

    id: UUID | None = None
    type: str | None = None
    display_value: str | None = None


class UpdatedBy(PrefectBaseModel):
    """Who changed something last."""

    id: UUID | None = None
    type: str | None = None
    display_value: str | None = None
