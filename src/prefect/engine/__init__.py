"""The engine: the life of a task run and of a flow run, each written once.

It works on what it is handed (anything with the attributes of a `Task` or `Flow`) and never imports the classes
users author with. Not here: what may follow which state (`server/orchestration`), how anything is stored
(`server/database`), which thread or process a task run lives in (`task_runners`).
"""
