"""The commands, one module each. A command parses its arguments, calls the solver and shows the result."""
