"""Benchmarks: `make bench` prints what recording costs, against the bars of the project."""
