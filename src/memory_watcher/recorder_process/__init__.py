"""A recorder in a process of its own, which the recorded process starts, asks and ends."""
