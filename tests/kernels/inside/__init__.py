"""Tests that only a guest runs: as root on a machine of its own, with one known kernel."""
