"""Labels under their documented import path. Home: `prefect.schemas.labelling`."""

from prefect.schemas.labelling import LabelDiver, Labelled

__all__ = [
    "LabelDiver",
    "Labelled",
]
