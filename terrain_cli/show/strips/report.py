"""A report as one page: HTML, style, script and numbers in a single file that opens in any browser and needs no network.

The template, the style and the parts of the script are in `page/`. page_data.py gathers the numbers of all runs.
"""

import base64
import hashlib
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from terrain_cli.files import write
from terrain_cli.show.strips.landscape import landscape_title
from terrain_cli.show.strips.page_data import LABEL, document
from terrain_cli.strips.questions.sensitivity import ROWS, describe, find_one_percent, most_telling
from terrain_cli.strips.report import Report
from terrain_cli.text import number, percent, visible

# The parts of the script, in the order in which they run.
SCRIPT = ("state", "numbers", "svg", "landscape", "paths", "objective", "cliff", "tree", "table", "controls", "page")


def write_report(report: Report, path: Path) -> None:
    """Write the page. Raises InputError where it cannot be written."""
    write(path, render(report))


def render(report: Report) -> str:
    """The HTML of the page."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    folder = files("terrain_cli.show.strips") / "page"
    style = (folder / "page.css").read_text(encoding="utf-8")
    parts = [(folder / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPT]
    script = '"use strict";\n(() => {\n' + "\n".join(parts) + "})();\n"  # names that no other script can see
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((folder / "page.html.jinja").read_text(encoding="utf-8"))
    return template.render(
        describe_report(report),
        policy=policy(style, script),
        style=Markup(style),
        script=Markup(script),
        data=Markup(as_data(document(report))),
    )


def policy(style: str, script: str) -> str:
    """The content security policy: the page may run its own script and use its own style, and nothing else."""
    allowed = {"default-src": "'none'", "img-src": "data:", "base-uri": "'none'", "form-action": "'none'"}
    for kind, text in (("script-src", script), ("style-src", style)):
        allowed[kind] = f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
    return "; ".join(f"{kind} {sources}" for kind, sources in allowed.items())


def as_data(value: Any) -> str:
    """JSON for a script element: no text in it can end the element or begin a comment."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def describe_report(report: Report) -> dict[str, Any]:
    """The values that the template fills in, which do not depend on the iteration."""
    asked, scenario = report.asked, report.asked.scenario
    units = {name: visible(text) for name, text in scenario.units.model_dump().items()}
    gains, costs = find_one_percent(report.sensitivity)
    largest = max(gains.max(), 0.0) or 1.0
    saved = asked.straight_time / float(asked.optimum.time) - 1
    return {
        "name": visible(scenario.name),
        "description": visible((scenario.description or "").strip(), keep="\n"),
        "count": f"{len(scenario.strips):,}",
        "unknowns": len(scenario.strips) - 1,
        "offset": f"{scenario.offset:g}",
        "across": f"{sum(scenario.widths):g}",
        "units": units,
        "strips": [
            {"name": visible(scenario.strip_name(i)), "width": f"{strip.width:g}", "speed": f"{strip.speed:g}"}
            for i, strip in enumerate(scenario.strips)
        ],
        "best": f"{float(asked.optimum.time):.6g}",
        "straight": f"{asked.straight_time:.6g}",
        "saved": percent(saved) if abs(saved) > 1e-12 else "0 %",
        "runs": sum(len(runs) for runs in report.runs.values()),
        "methods": [(name, LABEL[name]) for name in report.runs],
        "asked": asked.message,
        "landscape": landscape_title(report.landscape, scenario, ", ") if report.landscape else "",
        "sensitivity": [
            {
                "name": visible(scenario.strip_name(i)),
                "gain": number(float(gains[i])),
                "cost": number(float(costs[i])),
                "share": f"{100 * max(gains[i], 0.0) / largest:.1f}",
            }
            for i in most_telling(gains)
        ],
        "folded_strips": len(gains) > ROWS,
        "listed": min(ROWS, len(gains)),
        "sentences": [visible(text) for text in describe(scenario, report.sensitivity)],
        "tree": report.tree is not None,
        "interrupted": report.interrupted,
    }
