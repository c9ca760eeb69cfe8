"""Engines that answer SQL about a dataset: they exist already, and none is of our own."""
