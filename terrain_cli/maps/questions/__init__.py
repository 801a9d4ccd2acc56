"""What can be asked of the solution of a map: each module is a question, with the options of `terrain solve` that ask it."""
