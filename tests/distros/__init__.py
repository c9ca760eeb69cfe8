"""Runs tests in other versions of Debian: other C libraries, Pythons and SQLites, this kernel."""
