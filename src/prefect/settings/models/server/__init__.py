"""`settings.server`: rows that only a process with the API server, or the store, reads."""
