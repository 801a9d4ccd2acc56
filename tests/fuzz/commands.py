"""Command lines: any command with any of its options, on files that are valid and files that are not."""

from hypothesis import strategies as st

from tests.fuzz.bench import Bench
from tests.fuzz.oracle import Fault
from tests.fuzz.values import EXTREMES, Draw, mostly, pick, plain_texts

FILES = {
    "s.yaml": "strips: [{width: 10, speed: 0.7}, {width: 10, speed: 0.3}, {width: 10, speed: 0.45}]\noffset: 20\ndescent: {iterations: 20}\n",
    "m.yaml": "map: {cell: 1, speeds: {grid: [[1, 1, blocked], [1, 0.2, 1]]}}\nstart: [0.5, 0.5]\ngoal: [2.5, 0.5]\n",
    "bad.yaml": "strips: [{width: -1, speed: 1}]\n",
    "empty.yaml": "",
    "cases.jsonl": '{"widths": [1, 2], "speeds": [1, 2], "offset": 3, "id": "a"}\n',
    "bad.jsonl": '{"widths": [1, 2], "speeds": [1], "offset": 3, "id": "a"}\n{}\n',
    "cases.csv": "widths,speeds,offset\n1 2,1 2,3\n",
    "d/one.yaml": "strips: [{width: 1, speed: 1}, {width: 1, speed: 2}]\noffset: 1\n",
    "d/two.yaml": "strips: [{width: 3, speed: 1}, {width: 1, speed: 2}]\noffset: 1\ndescent: {method: snell}\n",
}
SCENARIOS = (
    "s.yaml",
    "s.yaml",
    "s.yaml",
    "m.yaml",
    "m.yaml",
    "d",
    "bad.yaml",
    "empty.yaml",
    "no.yaml",
    "-",
    "",
    ".",
    "cases.jsonl",
)
NUMBERS = ("0.5", "1", "1.5", "3", "0", "-1", "nan", "inf", "1e400", "abc", "", "1e3", "20")
COUNTS = ("1", "5", "20", "0", "-1", "1.5", "x", "9223372036854775808", "1e1")
RANGES = (
    *(
        "0.5:2.0",
        "1:2:3",
        "0.1:10:3:log",
        "1,2",
        "1",
        "2:1:3",
        "-0.1:0.1:7",
        "1:1:2",
        "1:2:1",
        "1:2:0",
        "1:2:x",
        ":",
        "",
        "a:b",
    ),
    *(
        "0:1:3:log",
        "nan",
        "1:inf:3",
        "1:2:3:4",
        "1:2:3:lin",
        "1e-5:1e5:3:log",
        "1:2:1e1",
        "1e308:-1e308:3",
        "5e-324:1:3:log",
    ),
)
NAMES = (
    "offset",
    "strips.1.speed",
    "strips.0.width",
    "descent.step",
    "descent.momentum",
    "goal.0",
    "map.cell",
    "strips.9.speed",
    "x",
    "",
)
FLAGS = ("--json", "--csv", "--quiet")
OUTPUTS = ("out.json", "out.csv", "out.geojson", "out.txt", "s.yaml", "no/out.json", "d", "out", "")

# For each command its arguments, its options with their values, and its flags.
SHARED = {"--method": ("gradient", "newton", "snell", "momentum", "adam", "gradiant", ""), "--iterations": COUNTS, "--tolerance": NUMBERS,
          "--initial": ("2,17", "1", "", "a,b", "nan,1", "1,2,3", "1e300,0")}  # fmt: skip
COMMANDS: dict[str, tuple[tuple[str, ...], dict[str, tuple[str, ...]], tuple[str, ...]]] = {
    "solve": (
        SCENARIOS,
        SHARED
        | {"--step": NUMBERS, "--show": ("x", "crossings", "y"), "--precision": ("64", "32", "16"), "--every": COUNTS, "-o": OUTPUTS}
        | {"--corridor": NUMBERS, "--isochrones": ("1,2", "0", "-1", "a", "", "nan", "1e300"), "--field": ("f.npy", "f.txt", "s.yaml")}
        | {"--isochrones-output": ("i.geojson", "i.json")},
        (*FLAGS, "--sensitivity"),
    ),
    "sweep": (
        ("s.yaml", "s.yaml", "s.yaml", "m.yaml", "bad.yaml", "no.yaml"),
        SHARED | {"--step": RANGES, "--vary": tuple(f"{name}={values}" for name in NAMES for values in RANGES), "--within": NUMBERS}
        | {"-o": (*OUTPUTS, "out.svg")},
        FLAGS,
    ),
    "batch": (
        ("cases.jsonl", "cases.csv", "d", "bad.jsonl", "s.yaml", "no.jsonl", "-", "."),
        {"-o": ("out.jsonl", "out.csv", "out.ndjson", "out.txt", "cases.jsonl", "no/out.csv")},
        ("--csv", "--sensitivity", "--resume", "--overwrite"),
    ),
    "check": (("d", "s.yaml", "m.yaml", "bad.yaml", "no.yaml", ".", "-"), {"--drift": NUMBERS, "--junit": ("j.xml", "j.txt")}, ("--update", "--json")),
    "graph": (
        ("s.yaml", "d/one.yaml", "m.yaml", "bad.yaml"),
        {"--expr": ("x**2 + y/2", "1/x", "sqrt(x)", "x", "x +", "log(0)", "x**x**x", "__import__('os')", "1e400", "9**999", "")}
        | {"--at": ("x=3,y=4", "x=0", "x=-1", "2,17", "start", "optimum", "end", "1", "x=nan", "x=1e308,y=1"), "-o": ("t.svg", "t.png")},
        ("--json", "--gradients", "--all"),
    ),
    "examples": (("lake", "cases", "soft_lake", "three_strips.yaml", "leak", ""), {"-o": ("e.yaml", "e.jsonl", "s.yaml")}, ("--json",)),
    "schema": ((), {"-o": ("x.json",)}, ("--map", "--json")),
    "new": (("n.yaml", "s.yaml", "no/n.yaml", "d", ""), {}, ("--map", "--force")),
    "plot": (("bad.yaml", "s.yaml"), {"-o": ("p.svg", "p.txt"), "--kind": ("paths", "x", "objective"), "--axes": ("1", "1,2", "9", "a")}, ()),
    "report": (("bad.yaml", "m.yaml"), {"-o": ("r.html", "r.txt")}, ()),
    "": ((), {}, ("--version", "--help", "-h")),
}  # fmt: skip


def play(draw: Draw, bench: Bench) -> None:
    """Run one command line on a folder of files; a sample of them twice."""
    for name, text in FILES.items():
        bench.write(name, text)
    arguments = draw_arguments(draw)
    stdin = FILES[pick(draw, "s.yaml", "cases.jsonl", "cases.csv", "empty.yaml")].encode() if "-" in arguments else b""
    ran = bench.run(*arguments, stdin=stdin)
    if (
        ran.code != 2
        and ran.before == ran.after
        and mostly(draw, 30)
        and bench.run(*arguments, stdin=stdin).out != ran.out
    ):
        raise Fault("not the same twice", f"{arguments}")


def draw_arguments(draw: Draw) -> list[str]:
    """A command with some of its options; mostly such that they could be meant."""
    command = pick(draw, *("solve", "solve", "sweep", "sweep", "batch", "check", "graph") * 3, *COMMANDS)
    places, options, flags = COMMANDS[command]
    arguments = [command] if command else []
    expression = command == "graph" and mostly(draw, 50)
    if places and not expression:
        # The first ones are valid.
        arguments.append(pick(draw, *(places[:2] if mostly(draw, 70) else places)))
    if expression:
        arguments += ["--expr", pick(draw, *(options["--expr"][:4] if mostly(draw, 70) else options["--expr"]))]
        arguments += ["--at", pick(draw, *(options["--at"][:1] if mostly(draw, 70) else options["--at"]))]
    elif command == "sweep" and mostly(draw, 90):
        arguments += ["--step", pick(draw, *(RANGES[:4] if mostly(draw, 70) else RANGES))]
    for _ in range(pick(draw, 0, 1, 1, 2, 3)):
        what = pick(draw, "flag", "flag", "option", "odd") if mostly(draw, 92) else "odd"
        if what == "flag" and flags:
            arguments.append(pick(draw, *flags))
        elif what == "option" and options:
            name = pick(draw, *options)
            values = options[name]
            arguments += [name, pick(draw, *(values[:2] if mostly(draw, 70) else values))]
        elif what == "odd" and not mostly(draw, 80):
            odd = pick(
                draw,
                "--foo",
                "-x",
                "--",
                "--json=1",
                "extra",
                "-",
                "--help",
                draw(plain_texts),
                draw(st.sampled_from(EXTREMES)).text,
            )
            arguments.insert(draw(st.integers(0, len(arguments))), odd.replace("\0", ""))
    return arguments
