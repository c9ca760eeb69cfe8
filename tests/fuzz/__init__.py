"""Damaged recordings, made from good ones, through every command: `make fuzz` runs many."""
