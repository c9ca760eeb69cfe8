"""What a recording may cost, and what is read of it: by CPU time, by turns, by what has changed."""
