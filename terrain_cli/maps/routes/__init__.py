"""Routes across a map: candidates from a graph search, refined by descent on where they cross the cell edges."""
