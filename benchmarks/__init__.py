"""Benchmarks that people can repeat: `make bench`, or `python -m benchmarks PART...` for some of them.

A part is a module with a function `run()` that yields a `Table` after the other; `__main__` lists them.
"""
