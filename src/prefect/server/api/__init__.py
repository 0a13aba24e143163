"""The REST API of the server: operations as routes, who may use them, and the process that serves them.

Nothing is decided here: what an operation does is in `server/operations`. The only room with a web framework.
"""
