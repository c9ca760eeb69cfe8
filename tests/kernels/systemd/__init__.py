"""Tests that only a guest with systemd and podman runs: services and containers as they are."""
