"""The server as a library (database, orchestration, models, events) and, above it, the API, services and UI."""
