"""A region of a map as the user writes it. This module imports neither JAX nor NumPy."""

from typing import Any, cast

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from terrain_cli.maps.problems import find_region_problems
from terrain_cli.maps.speeds import Speed
from terrain_cli.scenario.model import Model
from terrain_cli.scenario.values import Positive, Text


class Region(Model):
    """A region that lies over the cells of a map: lines or areas in a file, and what they do to the speed there."""

    name: Text | None = Field(default=None, description="Name of the region: lake, road, ...")
    file: Text = Field(
        description="GeoJSON, GeoPackage (.gpkg), shapefile or GPX. Its path is relative to the scenario."
    )
    width: Positive | None = Field(
        default=None, description="Width of the lines; the diameter of points. Areas have none."
    )
    speed: Speed | None = Field(default=None, description="The speed there, or the word blocked; instead of a factor.")
    factor: Positive | None = Field(
        default=None, description="What the speed is multiplied by there; instead of a speed."
    )
    layer: Text | None = Field(default=None, description="The layer of a GeoPackage that has several.")
    crs: Text | None = Field(
        default=None, description="The coordinate reference system of a file that names none, such as EPSG:26912."
    )

    @model_validator(mode="after")
    def _fits(self) -> "Region":
        for _, problem in find_region_problems({"speed": self.speed, "factor": self.factor}):
            raise PydanticCustomError("fits", cast(Any, problem))
        return self
