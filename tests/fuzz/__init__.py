"""A fuzzer of the command line: inputs that are valid, almost valid and hostile, and what must hold for every one of them.

`make fuzz` runs it for some minutes, test_fuzz.py for some seconds. `python -m tests.fuzz --help` lists its options. A part
(scenarios, walks, lines, tables, records, commands) is a function that draws the input of one try, runs commands on it on a `Bench`,
which checks what holds for every run, and checks what is special to it. `PARTS` in campaign.py lists them;
`PROCESSES` in __main__.py lists those that need a process for each try.
"""
