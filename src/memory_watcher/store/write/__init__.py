"""The parts of a writer: each writes the tables of one question, all in one transaction."""
