"""Records of results through `terrain check`: what is recorded is the same afterwards, and what was changed is noticed."""

import json
from typing import Any

from tests.fuzz.bench import Bench
from tests.fuzz.lines import BOM, read_object
from tests.fuzz.oracle import Fault, Ran
from tests.fuzz.scenarios import draw_map, draw_strips
from tests.fuzz.values import Draw, mostly, mutate, mutate_text, pick, write, write_block

RECORD = "s.expected.json"
CLOSE = 1e-6  # relative; what differs by more must be noticed


def play(draw: Draw, bench: Bench) -> None:
    """Record a scenario, compare it with its record, change the record, and compare again."""
    bench.write("s.yaml", write_block(draw_strips(draw) if mostly(draw, 92) else draw_map(draw)))
    if bench.run("check", "s.yaml", "--update").code != 0:
        raise Fault("not recorded", "a valid scenario")
    _expect(bench.run("check", "s.yaml"), 0, "what was just recorded")
    data = (bench.folder / RECORD).read_bytes()
    before = json.loads(data)
    how = pick(draw, "number", "number", "value", "text")
    if how == "number":
        data = json.dumps(_change_number(draw, before)).encode()
    elif how == "value":
        data = write(mutate(draw, before)).encode(errors="surrogatepass")
    else:
        data = mutate_text(draw, data, data)
    bench.write(RECORD, data)
    ran = bench.run("check", pick(draw, "s.yaml", "."), "--json")
    after = read_object(data.removeprefix(BOM))
    if after is None:
        if ran.code == 0:
            raise Fault("check passes what is no record", f"{data[:300]!r}")
    elif json.dumps(after) == json.dumps(before):
        _expect(ran, 0, "a record that says the same")
    elif _moved(before, after) and ran.code == 0:
        raise Fault("check passes what differs", f"{_moved(before, after)}: {ran.out.decode()[:300]}")
    elif how == "number" and ran.code != 1:
        raise Fault("check refuses what differs", f"exit code {ran.code}: {ran.err[:300]}")
    if ran.code == 2 and RECORD not in ran.err:
        raise Fault("a record refused without its name", ran.err[:300])
    if ran.code != 2 and mostly(draw, 30):
        bench.run("check", "s.yaml", "--update")
        _expect(bench.run("check", "s.yaml"), 0, "what was just updated")


def _expect(ran: Ran, code: int, what: str) -> None:
    if ran.code != code:
        raise Fault(f"check: {what}", f"exit code {ran.code}, not {code}: {ran.out.decode()[:300]} {ran.err[:300]}")


def _change_number(draw: Draw, record: dict[str, Any]) -> dict[str, Any]:
    """The record with another number in it, by more than any tolerance."""
    changed: dict[str, Any] = json.loads(json.dumps(record))
    result = changed["result"]
    if "time" in result and result["status"] != "diverged" and result["time"] is not None and mostly(draw, 50):
        result["time"] *= pick(draw, 1.001, -1, 0, 1e300)
    elif "time" in result and result["status"] != "diverged":
        result["iterations"] += pick(draw, 2, 1000, -(10**6), 1e300)
    elif "time" in result:
        result["status"] = "iterations" if result["status"] == "diverged" else "diverged"
    else:
        route = pick(draw, *result["routes"])
        route["time"] = 1.5 if route["time"] is None else route["time"] * 1.001 + 1e-3
    return changed


def _moved(before: Any, after: Any, name: str = "", status: Any = None) -> str:
    """The name of something recorded that differs by more than any tolerance, or is missing; "" if there is none.

    What check may leave uncompared: keys of a later version that it does not know, and the numbers of a descent that diverged.
    """
    if isinstance(before, dict) and isinstance(after, dict):
        status = before.get("status", status)
        found = (
            _moved(item, after[key], f"{name}.{key}", status) if key in after else f"{name}.{key}"
            for key, item in before.items()
        )
    elif isinstance(before, list) and isinstance(after, list):
        if len(before) != len(after):
            return name
        found = (_moved(a, b, f"{name}[{i}]", status) for i, (a, b) in enumerate(zip(before, after, strict=True)))
    elif name.startswith(".result") and status == "diverged" and name != ".result.status":
        return ""
    elif name == ".result.iterations":
        return "" if isinstance(after, int | float) and abs(before - after) <= 1 else name
    elif isinstance(after, int) and abs(after) > 2**1023:  # no float
        return "" if before == after else name
    elif isinstance(before, float) and isinstance(after, int | float) and not isinstance(after, bool):
        # Displacements and distances are compared with a slack of their own.
        close = (
            name.startswith((".result.x", ".result.crossings"))
            or "distance" in name
            or abs(before - after) <= CLOSE * abs(before)
        )
        return "" if close else name
    else:
        return "" if before == after else name
    return next(filter(None, found), "")
