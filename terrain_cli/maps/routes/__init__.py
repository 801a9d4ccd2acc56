"""Routes across a map: search on graphs, then descent on crossings."""
