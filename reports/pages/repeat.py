"""How to repeat one verdict: the command that measures it again, and what it was measured from."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from claims.core.record import Record
from reports.data.places import ROUTING_ALONE, Kind, kind_of, repeats
from reports.text.markdown import plain

#: Options of a run that say where results go or how the run is shared out, and change no verdict.
_ELSEWHERE = re.compile(
    r"-n|--dist|--report-dir|-k|-m|-q|-v+|-x|--tb|-p|--durations|--benchmark\S*|--junit\S*|-W|-r\w*"
)
#: A name that ``pytest -k`` takes as it is.
_NAME = re.compile(r"[\w.-]+")
#: What the commands of a page call a file or folder that only the reader knows.
FOLDER = "FOLDER"


@dataclass(frozen=True)
class Repeat:
    """``command`` repeats a verdict; ``from_saved`` does so from saved evidence, without the model, where there is any.

    ``read`` are (what, where, SHA-256) of the evidence and of the text that the number was made from, as far as the
    record has them; ``version`` is the claim's.
    """

    command: str
    from_saved: str
    read: list[tuple[str, str, str]]
    version: int


def repeat(record: Record) -> Repeat:
    """Return how to repeat the verdict of a record."""
    saved = _mapping(record.provenance.get("evidence"))
    found = [(str(kind), *_file(said)) for kind, said in saved.items()]
    population = _mapping(record.provenance.get("population"))
    if population.get("digest"):
        found.append((f"text: {plain(population.get('name', ''), 80)}", "", str(population["digest"])))
    return Repeat(command_of(record), _from_saved(record), found, record.version)


def command_of(record: Record) -> str:
    """Return the command that measures one verdict again, as far as the record's provenance says how it was measured.

    Of a run that kept its command line, the options that numbers depend on are those; else the seed is, and a
    checkpoint that does not come with the suite is named.
    """
    return shlex.join(["pytest", *_run(record), "-k", _chosen(record)])


def whole_command_of(record: Record) -> str:
    """Return the command that measures every claim on a record's checkpoint again, as `command_of` does for one."""
    run, name = _run(record), record.key[0]
    return shlex.join(["pytest", *run, *([] if run[1:2] or not _NAME.fullmatch(name) else ["-k", name])])


def _run(record: Record) -> list[str]:
    said = record.provenance.get("command")
    return _kept(shlex.split(said)) if isinstance(said, str) else _rebuilt(record)


def _kept(arguments: list[str]) -> list[str]:
    """Return the arguments of a run without those that change no verdict; claims are chosen anew."""
    kept: list[str] = []
    skip = False
    for place, argument in enumerate(arguments):
        name, given, _ = argument.partition("=")
        if skip:
            skip = False
        elif _ELSEWHERE.fullmatch(name) and (argument.startswith("-")):
            flag = name in ("-q", "-x") or name.startswith("-v")
            skip = not given and not flag and place + 1 < len(arguments) and not arguments[place + 1].startswith("-")
        else:
            kept.append(argument)
    return kept if any(not one.startswith("-") for one in kept[:1]) else ["claims", *kept]


def _rebuilt(record: Record) -> list[str]:
    seed = record.provenance.get("seed")
    seeded = ["--seed", str(seed)] if seed else []
    return ["claims", *_place(record), *seeded]


def _place(record: Record) -> list[str]:
    """Return the option that names a checkpoint which does not come with the suite."""
    facts, name = record.checkpoint, record.key[0]
    if facts.get("evidence") == ROUTING_ALONE:
        return ["--routing", FOLDER]
    comes = str(facts.get("about") or "").startswith(("embedded", "untrained control"))
    if comes or kind_of(record) in (Kind.EXPERIMENT, Kind.GENERATED):
        return []
    option = "--dense" if kind_of(record) == Kind.DENSE else "--checkpoint"
    revision = str(facts.get("revision") or "")
    return [option, f"{name}@{revision}" if re.fullmatch(r"[0-9a-f]{40}", revision) else name]


def _chosen(record: Record) -> str:
    """Return what ``-k`` chooses: the claim, on its checkpoint where pytest can take the name."""
    name = record.key[0]
    alone = kind_of(record) in (Kind.GENERATED, Kind.EXPERIMENT) or bool(repeats(record))
    return f"{record.claim} and {name}" if _NAME.fullmatch(name) and not alone else record.claim


def _from_saved(record: Record) -> str:
    folders = {str(_mapping(said).get("folder", "")) for said in _mapping(record.provenance.get("evidence")).values()}
    traces = sorted(filter(None, folders))
    if not traces or kind_of(record) != Kind.MOE:
        return ""
    seed = record.provenance.get("seed")
    named = [part for folder in traces for part in ("--trace", folder)]
    return shlex.join(["pytest", "claims", *named, *(["--seed", str(seed)] if seed else []), "-k", record.claim])


def _file(said: object) -> tuple[str, str]:
    facts = _mapping(said)
    return str(facts.get("folder", "")), str(facts.get("sha256", ""))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
