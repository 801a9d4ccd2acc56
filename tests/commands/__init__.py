"""The commands. Here is what tests of several of them share."""

# Every command that reads a scenario, as words before and after its file.
READERS = [
    ("solve",),
    ("check",),
    ("sweep", "--step", "1"),
    ("plot", "-o", "x.png"),
    ("animate", "-o", "x.gif"),
    ("report", "-o", "x.html"),
    ("graph",),
    ("batch",),
]
MAP = "map: {cell: 1, speeds: {file: v.npy}}\nstart: [0, 0]\ngoal: [3, 1]\n"
