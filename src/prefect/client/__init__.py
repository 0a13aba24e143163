"""The client: how a program reads and changes runs, in its own process or through a server.

Not here: the operations themselves (`server/models`), the nouns they speak of (`schemas`).
"""
