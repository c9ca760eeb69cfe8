"""Recordings as other programs' files: one module for each format, all listed in `registry`."""
