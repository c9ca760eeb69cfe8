"""Layouts that were captured elsewhere, as texts."""
