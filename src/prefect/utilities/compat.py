"""Differences between the versions of Python this package runs on. At present there are none to bridge."""
