"""`terrain schema`: the JSON schema of a scenario."""

import json

import typer


def schema() -> None:
    """Print the JSON schema of a scenario, for editors that check and complete YAML.

    Example: terrain schema > scenario.schema.json
    """
    from terrain_cli.scenario import Scenario

    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Scenario.model_json_schema()}
    typer.echo(json.dumps(document, indent=2))
