"""Questions about a solution of a map: one module each, with the options of `terrain solve` that ask it."""
