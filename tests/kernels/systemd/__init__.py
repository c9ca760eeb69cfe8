"""Tests that only a guest with systemd runs: services as they are."""
