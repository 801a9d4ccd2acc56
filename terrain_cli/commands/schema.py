"""`terrain schema`: the JSON schema of a scenario."""

import json
from functools import reduce
from operator import or_
from typing import Any

from terrain_cli import kinds


def schema() -> None:
    """Print the JSON schema of scenarios, of strips and of maps.

    Editors use it to check and complete YAML as you type.

    Example: terrain schema > scenario.schema.json
    """
    from pydantic import TypeAdapter

    from terrain_cli.show.console import data_out

    models: list[Any] = [kind.scenario.MODEL for kind in kinds.KINDS.values()]
    any_kind: TypeAdapter[Any] = TypeAdapter(reduce(or_, models))
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "terrain scenario",
        **any_kind.json_schema(),
    }
    print(json.dumps(document, indent=2), file=data_out())
