"""The nouns under the import paths of the server; their home is `prefect.schemas`, one of each."""
