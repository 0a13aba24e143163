"""The words of transactions: isolation levels, commit modes, states. Not here: what follows from them."""

from prefect.utilities.collections import AutoEnum


class IsolationLevel(AutoEnum):
    """Whether equal work at the same time is done twice (READ_COMMITTED) or waited for (SERIALIZABLE)."""

    READ_COMMITTED = AutoEnum.auto()
    SERIALIZABLE = AutoEnum.auto()


class CommitMode(AutoEnum):
    """When a transaction commits: as its block ends (EAGER), with the outermost (LAZY), if told to (OFF)."""

    EAGER = AutoEnum.auto()
    LAZY = AutoEnum.auto()
    OFF = AutoEnum.auto()


class TransactionState(AutoEnum):
    """How far a transaction is."""

    PENDING = AutoEnum.auto()
    ACTIVE = AutoEnum.auto()
    STAGED = AutoEnum.auto()
    COMMITTED = AutoEnum.auto()
    ROLLED_BACK = AutoEnum.auto()
