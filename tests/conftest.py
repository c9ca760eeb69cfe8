"""What holds for all tests."""

import signal

from hypothesis import settings

# Under nohup and in a shell's background they are ignored, and so they would be in every command
# that tests send them to.
for _number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.SIG_DFL)

# A loaded machine is slow, which says nothing about the code: examples have no deadline.
settings.register_profile("memory-watcher", deadline=None)
settings.load_profile("memory-watcher")
