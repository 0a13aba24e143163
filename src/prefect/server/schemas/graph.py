"""The graph of a run as the server names it. Home: `prefect.schemas.graphs`."""

from prefect.schemas.graphs import Edge, Graph, GraphArtifact, GraphState, Node

__all__ = [
    "Edge",
    "Graph",
    "GraphArtifact",
    "GraphState",
    "Node",
]
