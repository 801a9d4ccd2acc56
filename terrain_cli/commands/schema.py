"""`terrain schema`: the JSON schema of a scenario."""

import json

import typer


def schema() -> None:
    """Print the JSON schema of a scenario, of strips or of a map, for editors that check and complete YAML.

    Example: terrain schema > scenario.schema.json
    """
    from pydantic import TypeAdapter

    from terrain_cli.maps.scenario import MapScenario
    from terrain_cli.scenario.load import Scenario

    both: TypeAdapter[Scenario | MapScenario] = TypeAdapter(Scenario | MapScenario)
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "terrain scenario",
        **both.json_schema(),
    }
    typer.echo(json.dumps(document, indent=2))
