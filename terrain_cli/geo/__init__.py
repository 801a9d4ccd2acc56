"""The outside world: rasters, coordinate reference systems, vectors and tracks. The only place that imports their packages."""
