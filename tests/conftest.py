"""What holds for all tests."""

import signal

from hypothesis import settings

# Under nohup it is ignored, and so it would be in every command that tests send it to.
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# A loaded machine is slow, which says nothing about the code: examples have no deadline.
settings.register_profile("memory-watcher", deadline=None)
settings.load_profile("memory-watcher")
