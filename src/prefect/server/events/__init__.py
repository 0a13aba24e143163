"""Events in the store: keeping, finding and counting them; runs' states told as events; what is told live.

A library as all of the brain: no web framework, no sockets (`server/api/websockets`), no threads of its own
(`server/services`).
"""
