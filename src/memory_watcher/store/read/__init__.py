"""The parts of a recording that is read: each answers questions of one kind."""
