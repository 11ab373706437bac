"""Other projects' software beside ours: environments, processes and what they are asked.

`workers` holds programs that run inside a peer's environment; nothing here imports them.
"""
