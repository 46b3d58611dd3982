"""How to repeat one verdict: the command that measures it again, and what it was measured from."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claims.core.record import Record
from fixtures.messages.published_command import joined
from fixtures.session.evidence_folder import evidence_folder
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
    """``command`` repeats a verdict; ``saved`` does so without the model, from the evidence that the run left, if any.

    ``text`` is (name, SHA-256) of the text or other population that was read, as far as the record has it;
    ``evidence`` says which numbers of the model the verdict was computed from; ``version`` is the claim's.
    """

    command: str
    saved: str
    text: tuple[str, str] | None
    version: int
    evidence: str


def repeat(record: Record) -> Repeat:
    """Return how to repeat the verdict of a record."""
    population = record.provenance.get("population")
    facts: Mapping[str, Any] = population if isinstance(population, Mapping) else {}
    text = (plain(facts.get("name", "text"), 80), plain(facts["digest"], 80)) if facts.get("digest") else None
    return Repeat(command_of(record), _saved(record), text, record.version, _evidence(record))


def _evidence(record: Record) -> str:
    """Return the digest of what a verdict was computed from in a sentence, or why there is none."""
    if record.evidence is None:
        return "The record is of before the digest of the evidence was kept; it is unknown."
    if not record.evidence:
        return "It was computed from nothing that was captured from a model."
    return f"Digest of the evidence that it was computed from: {record.evidence}."


def command_of(record: Record) -> str:
    """Return the command that measures one verdict again, as far as the record's provenance says how it was measured.

    Of a run that kept its command line, the options that numbers depend on are those; else the seed is, and a
    checkpoint that does not come with the suite is named.
    """
    return joined(["pytest", *_run(record), "-k", _chosen(record)])


def whole_command_of(record: Record) -> str:
    """Return the command that measures every claim on a record's checkpoint again, as `command_of` does for one."""
    run, name = _run(record), record.key[0]
    return joined(["pytest", *run, *([] if run[1:2] or not _NAME.fullmatch(name) else ["-k", name])])


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
    return ["claims", *_place(record), *_seeded(record)]


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


def _saved(record: Record) -> str:
    if kind_of(record) != Kind.MOE or record.checkpoint.get("evidence") == ROUTING_ALONE:
        return ""
    root = Path(_given(record, "--report-dir") or "out")
    folder = evidence_folder(root, record.key[0]).as_posix()
    name = str(record.provenance.get("untrained") or "")  # an embedded one is found beside
    twin = ["--untrained", evidence_folder(root, name).as_posix()] if name and _given(record, "--untrained") else []
    return joined(["pytest", "claims", "--trace", folder, *twin, *_seeded(record), "-k", record.claim])


def _given(record: Record, option: str) -> str:
    """Return what the run's command line gave to an option; "" for nothing."""
    said = record.provenance.get("command")
    arguments = shlex.split(said) if isinstance(said, str) else []
    for place, argument in enumerate(arguments):
        name, given, value = argument.partition("=")
        if name == option:
            return value if given else next(iter(arguments[place + 1 : place + 2]), "")
    return ""


def _seeded(record: Record) -> list[str]:
    seed = record.provenance.get("seed")
    return ["--seed", str(seed)] if seed else []
