"""The smallest whole program: one flow, a task or as many as asked for. `script.py` times it from outside."""

import sys

from prefect import flow, task


@task
def greet(name: str) -> str:
    return f"hello {name}"


@flow
def hello(tasks: int) -> str:
    return [greet("world") for _ in range(tasks)][-1]


if __name__ == "__main__":
    assert hello(int(sys.argv[1])) == "hello world"
