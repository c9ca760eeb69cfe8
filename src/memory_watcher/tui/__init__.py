"""The terminal UI: one program that looks at a machine as it is now, or at a recording.

What it shows is made in threads of their own, as frozen values (`view`), by one of two sources:
`live` or `replay`. Only `app` and the `*_widget` modules know textual; nothing here opens files
under /proc or asks SQL.
"""
