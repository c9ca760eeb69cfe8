"""The only code that opens a proc filesystem."""
