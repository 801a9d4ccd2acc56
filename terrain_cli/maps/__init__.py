"""Maps: ground given as a raster of cells, arrival times over it, and the fastest routes across it."""
