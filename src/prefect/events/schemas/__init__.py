"""Events and automations under their documented import paths; their home is `prefect.schemas`."""
