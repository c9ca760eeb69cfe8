"""Answers: a typed question about a recording -> a frozen answer.

What every view shows comes from here: commands, terminal UI, report and scripts ask the same
functions. Answers hold facts and what was derived from them, in bytes and UTC nanoseconds; how they
look is decided in `render`.

    moment      when: `peak`, `floor`, `start`, `end`, a time, a percentage, a measurement's number
    layouts     a measurement -> its mappings, each with its kind and name
    process     one process at a moment
    group       processes that belong together at a moment: a command, a selection, children
    machine     all processes of a machine at a moment
    processes   who was recorded, and each one's peaks
    assurance   whether anything higher was missed
    history     a figure over time, by kind, name, mapping or process
    compared    two recordings over time
    diff        what differs between two moments, or two recordings
    check       recordings judged by budgets, with what is to blame
"""
