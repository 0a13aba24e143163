"""Transactions: values and side effects that count together or not at all.

A transaction collects what its block stages. When it ends well, its commit hooks run and its staged value is
stored under its key; when it fails, its rollback hooks run. A transaction inside another waits for the outer
one, so that several tasks commit or roll back together.

    PENDING -> ACTIVE -> STAGED -> COMMITTED | ROLLED_BACK

`bases` holds the body, written once for both colours, `colours` the two public classes and their context
managers, `latent` the transaction of a task run that nobody has asked for yet. Not here: where values are
stored (`results`), locks (`locking`), when a task run commits (`engine`).
"""

from prefect.transactions.bases import BaseTransaction
from prefect.transactions.colours import (
    AsyncTransaction,
    Transaction,
    atransaction,
    get_transaction,
    transaction,
)
from prefect.transactions.latent import LatentTransaction
from prefect.transactions.words import CommitMode, IsolationLevel, TransactionState

__all__ = [
    "AsyncTransaction",
    "BaseTransaction",
    "CommitMode",
    "IsolationLevel",
    "LatentTransaction",
    "Transaction",
    "TransactionState",
    "atransaction",
    "get_transaction",
    "transaction",
]
