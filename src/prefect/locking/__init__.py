"""Locks on keys, for transactions that must not compute the same thing twice.

`protocol` says what a lock manager is; `memory` locks within a process, `filesystem` between the processes
that share a directory, `database` between those that share a store of runs. Not here: leases of runs,
concurrency limits.
"""
