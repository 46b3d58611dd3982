"""Damaged, hostile or mismatched input ends in one clear sentence, another exit code than 0 or 1, and no new file.

A few kinds of each part are here; `test_refused_checkpoints.py`, `test_store_refusals.py`, `test_every_kind.py`,
`test_rollouts_refused.py` and `reports/tests/test_main.py` hold the others. `test_full_disk.py` holds what disks
refuse, `test_end_to_end.py` asks of whole processes.
"""

import io
import re
import shutil
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from claims import recheck
from claims.core.record import write_records
from claims.core.verdict import Verdict
from claims.tests.support import damage
from claims.tests.support.asking import Said, entries, program, suite
from claims.tests.support.damage import certified, inside, link, pipe, sparse, traced, write
from fixtures.checkpoints.spec import resolve
from fixtures.messages.errors import PopulationError
from fixtures.messages.printable import is_printable
from fixtures.rollouts.__main__ import main as rollouts
from fixtures.session.evidence_folder import evidence_folder
from fixtures.tests.support.damaged_evidence import flip_a_bit
from fixtures.tests.support.tiny_checkpoints import (
    GATE,
    edit_json,
    edit_weights,
    header,
    save,
    small_tokenizer,
)
from fixtures.text import populations
from fixtures.text.corpora import Document
from fixtures.text.populations import text_population
from reports.__main__ import main as reports
from reports.tests.support.samples import record

Edit = Callable[[Path], object]
HOSTILE = "<img src=x onerror=alert(1)> [a](javascript:b) `c` | **d**"


@dataclass(frozen=True)
class Kind:
    """A kind of bad input: the command line, where ``{}`` is the test's folder, and the sentence it must end in."""

    arguments: str
    sentence: str
    prepare: Edit = lambda folder: None
    ask: Callable[[Sequence[str]], Said] = suite


def mine(sentence: str, *edits: Edit) -> Kind:
    """Return the kind of a damaged checkpoint."""
    return Kind("--device cpu --profile quick --checkpoint {}/mine", sentence, inside("mine", *edits))


def saved(sentence: str, *edits: Edit) -> Kind:
    """Return the kind of damaged evidence."""
    return Kind("--trace {}/saved", sentence, traced(*edits))


def answered(sentence: str, edit: Edit) -> Kind:
    """Return the kind of a damaged rollouts file."""
    return Kind("--checkpoint olmoe-init --rollouts {}/answers.jsonl", sentence, edit)


def asked(arguments: str, sentence: str, prepare: Edit = lambda folder: None) -> Kind:
    """Return the kind of a wrong option."""
    return Kind(f"--checkpoint olmoe-init {arguments}", sentence, prepare)


def whole_numbers(tensors: dict[str, torch.Tensor]) -> None:
    tensors[GATE] = torch.ones(4, 32, dtype=torch.int64)


def bomb() -> bytes:
    """An npz whose one array says that it holds 2^45 numbers."""
    member, archive = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array_header_1_0(member, {"descr": "<f8", "fortran_order": False, "shape": (1 << 45,)})
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("weight.npy", member.getvalue())
    return archive.getvalue()


def no_layer(folder: Path) -> None:
    edit_json("config.json", num_hidden_layers=0)(folder)
    edit_weights(lambda tensors: [tensors.pop(name) for name in list(tensors) if ".layers." in name])(folder)


CHARSMAP = {"type": "Precompiled", "precompiled_charsmap": "AAAA"}
TEMPLATE = {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "?", "type_id": 0}}], "pair": []}
WITHOUT: dict[str, object] = {"model": {"type": "BPE", "vocab": {}, "merges": []}, "post_processor": None}
BOMB = damage.zipped("weights", bytes(20_000_000))

KINDS: dict[str, Kind] = {
    # a checkpoint's name
    "empty name": Kind("--checkpoint=", r"^The checkpoint's name is empty"),
    "name misspelt": Kind("--checkpoint olmoe-aus", r"olmoe-aux"),
    "checkpoint without experts": Kind("--checkpoint small-dense-s0", r"no mixture of experts"),
    "path out of the folder": Kind("--checkpoint ../../no/such", r"^There is no folder \.\./\.\./no/such; check"),
    "hub id with a path": Kind("--checkpoint org/name@../../etc", r"^There is no checkpoint 'org/name@\.\./"),
    "name that colours the terminal": Kind("--checkpoint ./\x1b[31mred", r"^There is no folder \./\\x1b\[31mred;"),
    "folder name of two lines": Kind(
        "--checkpoint {}/a\nb", r"^The folder a\\nb has a character in its name", inside("a\nb")
    ),
    "folder name that turns the line": Kind("--checkpoint {}/a\u202eb", r"^The folder a\\u202eb", inside("a\u202eb")),
    "folder name that is no text": Kind("--checkpoint {}/a\udcffb", r"^The folder a\\udcffb", inside("a\udcffb")),
    "file in place of a folder": Kind("--checkpoint {}/f", r"f is a file; give the folder", write("f", b"")),
    "one folder by two names": Kind(
        "--checkpoint {}/mine --checkpoint {}/link", r"given twice \(as ", lambda f: link("link", "mine")(f)
    ),
    "a checkpoint for its own untrained twin": Kind(
        "--checkpoint olmoe-aux --untrained olmoe-aux", "^The checkpoint olmoe-aux is given twice; give it once"
    ),
    # its configuration
    "config that links to itself": mine(r"^mine has no config\.json", link("config.json", "config.json")),
    "config a pipe": mine(r"^mine has no config\.json", pipe("config.json")),
    "config of absurd sizes": mine(r"^No olmoe model can be built", edit_json("config.json", hidden_size=10**12)),
    "config without layers": mine(r"has no Mixture-of-Experts layer", no_layer),
    "more choices than experts": mine(
        r"choose more experts than they have", edit_json("config.json", num_experts_per_tok=9)
    ),
    "model type a path": mine(r"model_type '\.\./\.\./etc', which", edit_json("config.json", model_type="../../etc")),
    "unknown activation": mine(r"^No olmoe model can be built", edit_json("config.json", hidden_act="os.system")),
    "context of four tokens": mine(r"reads 4 tokens", edit_json("config.json", max_position_embeddings=4)),
    # its weights
    "zip bomb for weights": mine(r"is no safetensors file \(\d+ bytes\)", write("model.safetensors", BOMB)),
    "header longer than the file": mine(
        r"is no safetensors file", write("model.safetensors", (1 << 20).to_bytes(8, "little") + b"{}")
    ),
    "header without end": mine(r"is cut short", write("model.safetensors", b"\xff" * 8 + b"{}")),
    "tensor name of two lines": mine(
        r"damaged header at tensor a\\nb\\x1b;", header(lambda t: t.update({"a\nb\x1b": {"dtype": 3}}))
    ),
    "tensor of too many axes": mine(
        r"damaged header at tensor", header(lambda t: t[GATE].update(shape=[10**3000] * 1_000))
    ),
    "offsets below zero": mine(r"damaged header at", header(lambda t: t[GATE].update(data_offsets=[-4, 252]))),
    "weights that link nowhere": mine(r"neither model\.safetensors", link("model.safetensors", "../../blob")),
    "weights a device": mine(r"neither model\.safetensors", link("model.safetensors", "/dev/zero")),
    "weights too large for their dtype": mine(
        r"holds infinity", edit_weights(lambda t: t.update({GATE: torch.full((4, 32), 1e300, dtype=torch.float64)}))
    ),
    # its tokenizer
    "tokenizer huge": mine(r"tokenizer\.json of mine has more than 500 MB", sparse("tokenizer.json", 1 << 40)),
    "tokenizer that panics": mine(
        r"^The tokenizer of mine cannot be loaded", edit_json("tokenizer.json", normalizer=CHARSMAP)
    ),
    "tokenizer that panics later": mine(
        r"^The tokenizer of mine cannot be loaded",
        edit_json("tokenizer.json", post_processor={**TEMPLATE, "special_tokens": {}}),
    ),
    "tokenizer without tokens": mine(
        r"of mine makes no token of plain English", edit_json("tokenizer.json", **WITHOUT)
    ),
    # saved evidence
    "evidence with one bit changed": saved(r"is damaged: its SHA-256 is not the saved one", flip_a_bit),
    "evidence without end": saved(r"evidence\.json in .* is damaged", sparse("evidence.json", 1 << 40)),
    "evidence of an older program": saved(
        r"pruning holds no evidence", lambda f: inside("pruning", write("trace.json", b"{}"))(f.parent)
    ),
    "evidence and a model": Kind("--trace {}/saved --checkpoint olmoe-init", r"give one or the other", traced()),
    # rollouts
    "rollouts binary": answered(r"line 1 is not one JSON object in UTF-8", write("answers.jsonl", b"\x80\x00\xff")),
    # options
    "threshold no number": asked("--threshold kernel-energy.margin=much", r"is not CLAIM\.NAME=VALUE"),
    "threshold unknown": asked("--threshold kernel-energy.marjin=1", r"no such threshold"),
    "batch of nothing": asked("--batch-size 0", r"is not a whole number above 0"),
    "config of a billion layers": mine(r"num_hidden_layers 1e\+09", edit_json("config.json", num_hidden_layers=10**9)),
    "no choices": mine(r"num_experts_per_tok 0", edit_json("config.json", num_experts_per_tok=0)),
    "norm without number": mine(r"rms_norm_eps", edit_json("config.json", rms_norm_eps=float("nan"))),
    "unknown quantisation": mine(r"quant", edit_json("config.json", quantization_config={"quant_method": "evil"})),
    "router of whole numbers": mine(r"gate\.weight \(I64\)", edit_weights(whole_numbers)),
    "certificate empty": Kind("{}/records.jsonl", r"damaged", certified(b""), program(recheck.main)),
    "certificate a zip bomb": Kind("{}/records.jsonl", r"damaged|too large", certified(bomb()), program(recheck.main)),
    "records a pipe": Kind("render {}/records.jsonl", r"no file", pipe("records.jsonl"), program(reports)),
    "seed no number": asked("--seed zero", r"'zero' is not a seed"),
    "seed below zero": asked("--seed -1", r"'-1' is not a seed"),
    "threshold not finite": asked("--threshold kernel-energy.margin=nan", r"CLAIM\.NAME=VALUE"),
    "expectations nested": asked("--expected {}/e.toml", r"not TOML", write("e.toml", b"a=" + b"[" * 99_999)),
    "expectations, an endless number": asked("--expected {}/e.toml", r"not TOML", write("e.toml", b"a=" + b"9" * 5000)),
    "expectations that are no table": asked(
        "--expected {}/e.toml", r"entry 1 is .*, not a table", write("e.toml", b"expect = [1]")
    ),
    "layers without end": asked("--layers 0-99999999999", r"is not all, first, middle, last or numbers"),
    "layers beyond": asked("--profile quick --device cpu --layers 99", r"^--layers 99: no MoE layer 99; this model"),
    "device unknown": asked("--device abacus", r"^There is no device 'abacus'"),
    "device map unknown": asked("--device-map evil", r"^There is no --device-map evil"),
    "pair of one arm": asked("--pair loss=olmoe-aux", r"two or more checkpoints"),
    "dense model with experts": asked("--dense olmoe-aux", r"has a mixture of experts; give it to --checkpoint"),
    "pair of one": asked("--pair loss=olmoe-aux,olmoe-aux", r"cannot be compared with itself"),
    "expectations binary": asked("--expected {}/e.toml", r"e\.toml: not TOML", write("e.toml", b"\xff\x00")),
    "expectations a folder": asked("--expected {}", r"cannot be read \(Is a directory\)"),
    "report folder a file": asked("--report-dir {}/f/under", r"f is not a folder", write("f", b"")),
    # other command lines
    "records in no folder": Kind("render {}", r"cannot read .*records\.jsonl", ask=program(reports)),
    "certificate outside": Kind(
        "{}/records.jsonl", r"outside the records' folder", certified(b"", "../a.npz"), program(recheck.main)
    ),
    "certificate with a pickle": Kind(
        "{}/records.jsonl", r"allow_pickle=False", certified(damage.pickled_array()), program(recheck.main)
    ),
    "published answers nested": Kind(
        "convert {}/a.json --out {}/out", r"^a\.json is not JSON", write("a.json", b"[" * 99_999), program(rollouts)
    ),
    "published answers without end": Kind(
        "convert {}/a.json --out {}/out", r"^a\.json has more than 2 GiB", sparse("a.json", 1 << 40), program(rollouts)
    ),
}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("tiny") / "mine", "olmoe", num_experts=4)


@pytest.mark.parametrize("case", KINDS)
def test_ends_in_one_sentence(case: str, tiny: Path, tmp_path: Path) -> None:
    kind = KINDS[case]
    if "/mine" in kind.arguments:
        shutil.copytree(tiny, tmp_path / "mine")
    kind.prepare(tmp_path)
    before = entries(tmp_path)
    given = [part.replace("{}", str(tmp_path)) for part in kind.arguments.split(" ")]
    if kind.ask is suite and "--report-dir" not in given:
        given += ["--report-dir", str(tmp_path / "out")]
    code, said = kind.ask(given)
    assert code not in (0, 1)
    assert re.search(kind.sentence, said), said
    assert is_printable(said), said
    assert "Traceback" not in said
    assert entries(tmp_path) == before


@pytest.mark.parametrize("name", [HOSTILE, "a|b", "..", "con.", "x" * 200, "# a", "&lt;b&gt;"])
def test_a_folder_s_name_stays_text_wherever_it_is_shown(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "outer" / name
    folder.mkdir(parents=True, exist_ok=True)
    shown = resolve(str(folder)).name
    assert evidence_folder(tmp_path, shown).parent == tmp_path / "traces"
    (tmp_path / "run").mkdir()
    write_records(tmp_path / "run" / "records.jsonl", [record("kernel-energy", shown, Verdict.SUPPORTED)])
    before = set(entries(tmp_path))
    assert program(reports)(["html", str(tmp_path / "run")]) == (0, "")
    assert program(reports)(["render", str(tmp_path / "run")]) == (0, "")
    pages = [*(tmp_path / "run").rglob("*.md"), tmp_path / "run" / "report.html"]
    assert len(pages) > 3
    for page in pages:
        markup = r"<img src=x" if page.suffix == ".html" else r"(?<!\\)<img src=x|(?<!\\)\]\(javascript"
        text = page.read_text("utf-8")
        outside = (
            text if page.suffix == ".html" else re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)
        )
        assert not re.search(markup, outside), page  # a block of code shows it as it is
    assert all(entry.startswith("run/") for entry in set(entries(tmp_path)) - before)


@pytest.mark.parametrize("texts", [[], ["", " \n"], ["w1"]])
def test_corpora_without_tokens(texts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Document("prose", str(number), text) for number, text in enumerate(texts)]
    monkeypatch.setattr(populations, "documents", lambda *_: found)
    reader: Any = small_tokenizer()
    with pytest.raises(PopulationError, match=r"^The corpus prose holds 0 sequences .* smaller --profile"):
        text_population(reader, "quick", 0, 4096)
