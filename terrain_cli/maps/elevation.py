"""The elevation model of a map as the user writes it. This module imports neither JAX nor NumPy."""

from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from terrain_cli.errors import InputError
from terrain_cli.maps.model import Band
from terrain_cli.scenario.model import Model
from terrain_cli.scenario.values import Number, Positive, Text, fail


class Elevation(Model):
    """Heights in metres: a raster, such as a GeoTIFF, or an array in a .npy file."""

    file: Text = Field(description="A raster or a .npy file. Its path is relative to the scenario.")
    band: Band | None = Field(
        default=None, description="The band of the raster, counted from 1. Needed if it has several."
    )
    nodata: Number | None = Field(
        default=None, description="The value that means no data, besides the one that the raster itself names."
    )
    smoothing: Positive | None = Field(
        default=None,
        description="Standard deviation of a Gaussian by which the heights are smoothed, m. Not smoothed unless given.",
    )


def to_elevation(value: object) -> object:
    """The mapping of an elevation model, of which only the name of the file may be written."""
    if isinstance(value, str):
        return {"file": value}
    if not isinstance(value, dict | Elevation):
        raise fail("must be the name of a file, such as dem.tif, or a mapping such as {file: dem.tif, smoothing: 30}")
    return value


WrittenElevation = Annotated[
    Elevation,
    BeforeValidator(to_elevation),
    WithJsonSchema({"anyOf": [{"type": "string"}, Elevation.model_json_schema()]}),
]


def require_elevation(elevation: Elevation | None, option: str) -> None:
    """Raises InputError for an option that only a map with elevation has."""
    if elevation is None:
        raise InputError(f"{option}: the map has no elevation: add it to the map, such as elevation: heights.tif")
