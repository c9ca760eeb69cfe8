"""One file per output. Nothing here opens a database or a proc filesystem."""
