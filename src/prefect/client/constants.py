"""The version of the REST API that clients speak."""

SERVER_API_VERSION = "0.8.4"
"""Sent with every request; a server refuses versions it cannot serve."""
