"""Values for parameters that are described by a schema: filling in what stands for them."""

from prefect.utilities.schema_tools.hydration import HydrationContext, HydrationError, hydrate

__all__ = ["HydrationContext", "HydrationError", "hydrate"]
