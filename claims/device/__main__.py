"""Check a real GPU: ``python -m claims.device [--device cuda:0] [-o FOLDER]``; in under eight minutes.

Verdicts of two embedded checkpoints beside the CPU's, what each capture costs at real widths, and Jacobians against
automatic differentiation. Writes device.json and device.md. Exit 0 where all agree, 1 where something does not, 2 where
there is no device or the folder cannot be written.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fixtures.files.templates import fill_beside
from fixtures.files.whole_files import write_whole

SECONDS = 450
MOST_APART = 1e-3
MOST_OFF = {"jacrev": 1e-8, "module": 1e-5}


def main(arguments: Sequence[str] | None = None) -> int:
    """Check, and write what was found."""
    parser = argparse.ArgumentParser(prog="python -m claims.device", description=__doc__)
    parser.add_argument("--device", help="cuda:N, mps, or cpu for a trial (default: the first GPU)")
    parser.add_argument("--tiny", action="store_true", help="small widths, for a trial")
    parser.add_argument("-o", "--output", type=Path, default=Path("out-gpu"), help="folder (default: %(default)s)")
    options = parser.parse_args(arguments)
    from fixtures.checkpoints.devices import choose_device
    from fixtures.messages.errors import CheckpointError

    try:
        device = choose_device(options.device, None)
    except CheckpointError as error:
        print(error, file=sys.stderr)
        return 2
    if device == "cpu" and options.device is None:
        print("There is no GPU here: torch finds neither CUDA nor MPS, so nothing was checked.", file=sys.stderr)
        return 2
    try:
        options.output.mkdir(parents=True, exist_ok=True)
        found = checked(device, options.output, tiny=options.tiny)
        write_whole(options.output / "device.json", json.dumps(found, indent=1) + "\n")
        write_whole(options.output / "device.md", page(found))
    except OSError as error:
        print(f"The results cannot be written: {error}.", file=sys.stderr)
        return 2
    print(f"{options.output / 'device.md'}: {'all agree' if not found['wrong'] else '; '.join(found['wrong'])}.")
    return 1 if found["wrong"] else 0


def checked(device: str, folder: Path, *, tiny: bool) -> dict[str, Any]:
    """Do everything; JSON values, with a sentence for each thing that is not as it should be under ``wrong``."""
    import torch
    import transformers

    from claims.device.beside_the_cpu import beside_the_cpu
    from claims.device.jacobians import jacobian_agreement
    from claims.device.wide import REAL, TINY, costs, wide

    start = time.monotonic()
    size = TINY if tiny else REAL
    model = wide(size, device, torch.float32 if tiny else torch.bfloat16)
    capture = [asdict(cost) for cost in costs(model, device)]
    agreement = jacobian_agreement(model, device)
    del model
    beside = beside_the_cpu(device, folder / "runs", max(30.0, SECONDS - (time.monotonic() - start)))
    wrong = [
        f"{each.checkpoint}: {each.failed or '; '.join(each.changed)}" for each in beside if each.failed or each.changed
    ]
    wrong += [
        f"{each.checkpoint}: {each.furthest[1]} is {each.furthest[0]:.1e} away" for each in beside
        if each.furthest[0] > MOST_APART
    ]  # fmt: skip
    wrong += [
        f"Jacobians are off by {off:.1e} ({what})"
        for what, off in agreement._asdict().items()
        if off is not None and off > MOST_OFF[what]
    ]
    name = torch.cuda.get_device_name(device) if device.startswith("cuda") else device
    return {
        "device": name,
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "size": size._asdict(),
        "capture": capture,
        "jacobians": agreement._asdict(),
        "beside the CPU": [asdict(each) for each in beside],
        "seconds": round(time.monotonic() - start, 1),
        "wrong": wrong,
    }


def page(found: dict[str, Any]) -> str:
    """What was found, as Markdown."""
    return fill_beside(__file__, "device.md.j2", found=found)


if __name__ == "__main__":
    sys.exit(main())
