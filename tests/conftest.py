"""What holds for all tests."""

from hypothesis import settings

# A loaded machine is slow, which says nothing about the code: examples have no deadline.
settings.register_profile("memory-watcher", deadline=None)
settings.load_profile("memory-watcher")
