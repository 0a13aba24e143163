"""Blocks: typed, named configuration such as storage locations. Not here: how blocks are stored."""
