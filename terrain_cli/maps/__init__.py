"""Ground as a raster: one slowness per cell."""
