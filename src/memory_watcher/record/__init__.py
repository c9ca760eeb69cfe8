"""The recording loop: when to read, which processes, one process, all of it."""
