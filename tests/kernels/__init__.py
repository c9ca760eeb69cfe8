"""Boots other kernels under QEMU and runs the recorder in them.

cache.py says where what was fetched is kept, archive.py gets packages, kernel.py a kernel and its
modules, initramfs.py what starts it, roots.py a Debian to run in, project.py this project for that
Debian, guest.py boots all that, runs one command inside and gets its files out.
"""
