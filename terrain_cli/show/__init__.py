"""Everything that people look at: the terminal, figures, the animation and the page of a report."""
