"""What a notebook shows that a terminal cannot: the losses of a run as they come, and the page in a frame.

Both run the command in a process of its own: the kernel loads no model, and a GPU's memory is free again at the end.

    finetune_live(home, "tech-challenge", "--steps", "100")
    page = show_page(home, "--adapter", "tech-challenge")
"""

import atexit
import shlex
import socket
import sys
import tempfile
import time
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen
from typing import IO, Any

from finetune.training.curve import loss_png
from finetune.training.status import read_status
from index.errors import UserError
from ui.free_port import check_port

ADDRESS = "127.0.0.1"
HEIGHT_PX = 800  # of the frame
POLL_S = 0.2


def finetune_live(home: Path, recipe: str, *options: str) -> None:
    """Run `titlewise finetune RECIPE`, print what it says, and draw its losses above that as they come.

    `options` are the command's own, but for `--name`. An interrupted cell stops the run; `--resume` goes on.

    Raises `UserError` with the command's last line where it fails.
    """
    from IPython.display import DisplayHandle, Image

    command = _command(home, "finetune", recipe, *options)
    run = home / "runs" / Path(recipe).stem
    line = ""
    chart = DisplayHandle()
    chart.display(Image(loss_png([])))
    with Popen(command, stdout=PIPE, stderr=STDOUT, text=True, encoding="utf-8") as running:
        assert running.stdout is not None
        try:
            for line in running.stdout:
                print(line, end="")
                chart.update(Image(loss_png(read_status(run).log)))
        except BaseException:
            running.terminate()
            raise
    chart.update(Image(loss_png(read_status(run).log)))
    if running.returncode:
        raise _failed(command, line)


def show_page(home: Path, *options: str, port: int = 8501) -> Popen[bytes]:
    """Serve the page as `titlewise ui` does, with its `options`, and show it below the cell, in Google Colab too.

    Returns the process that serves it; its `terminate` ends it, and the kernel's end does.

    Raises `UserError` where the port is taken; with the command's last line where it fails.
    """
    from IPython.display import IFrame, display

    check_port(ADDRESS, port, "titlewise ui")
    colab = _colab()
    origin = ("--origin", colab.eval_js(f"google.colab.kernel.proxyPort({port})")) if colab else ()
    command = _command(home, "ui", "--port", str(port), *origin, *options)
    with tempfile.TemporaryFile() as log:  # a pipe would fill: nobody reads on
        page = Popen(command, stdout=log, stderr=STDOUT)
        atexit.register(page.terminate)
        _wait_for(page, command, port, log)
    if colab:
        colab.serve_kernel_port_as_iframe(port, height=HEIGHT_PX)
    else:
        display(IFrame(f"http://{ADDRESS}:{port}", "100%", HEIGHT_PX))
    return page


def _command(home: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "ui.cli", "--home", str(home), *words]


def _colab() -> Any:
    """Return what Google Colab shows outputs with; None elsewhere."""
    if "google.colab" not in sys.modules:
        return None
    from google.colab import output

    return output


def _wait_for(page: Popen[bytes], command: list[str], port: int, log: IO[bytes]) -> None:
    """Wait until the page answers, which it does once the model is loaded."""
    try:
        while True:
            if page.poll() is not None:
                log.seek(0)
                lines = log.read().decode(errors="replace").splitlines()
                raise _failed(command, lines[-1] if lines else "")
            with socket.socket() as probe:
                if probe.connect_ex((ADDRESS, port)) == 0:
                    return
            time.sleep(POLL_S)
    except KeyboardInterrupt:
        page.terminate()
        raise


def _failed(command: list[str], line: str) -> UserError:
    """Return the error that a command's last line tells of, in its own words where they are a `UserError`'s."""
    happened, _, rest = line.strip().removeprefix("titlewise: ").partition("; expected ")
    expected, _, mend = rest.partition("; mend it with: ")
    words = shlex.join(["titlewise", *command[3:]])
    return UserError(happened or f"{words} ended without a word", expected or "a command that ends well", mend or words)
