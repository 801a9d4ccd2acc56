"""Walking: ground with heights, on which the speed depends on the slope in the direction of travel."""
