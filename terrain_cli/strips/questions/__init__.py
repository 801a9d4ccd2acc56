"""Questions about a solution of strips: one module each, with the options of `terrain solve` that ask it."""
