"""`terrain` with even ground as a third kind, for one command after another.

Each line of stdin is a JSON list, a folder and the arguments; each line of stdout one of the exit code, stdout and stderr.
"""

import json
import os
import sys
import tempfile

from tests.flat import enter

enter()

from terrain_cli.cli import main  # noqa: E402  after the entry


def run(folder: str, *arguments: str) -> tuple[object, str, str]:
    """Run one command in a folder. The streams are replaced below Python, where everything that is printed passes."""
    os.chdir(folder)
    kept = [os.dup(number) for number in (1, 2)]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        for number, file in ((1, out), (2, err)):
            os.dup2(file.fileno(), number)
        code: object = 0
        try:
            main(list(arguments))
        except SystemExit as exit_:
            code = exit_.code or 0
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, old in zip((1, 2), kept, strict=True):
                os.dup2(old, number)
                os.close(old)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode())
    return code, texts[0], texts[1]


for line in sys.stdin:
    print(json.dumps(run(*json.loads(line))), flush=True)
