# The commands that people and CI share. Needs Python 3.11 or newer and make, nothing else.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
# An index to take torch from. By default, on Linux, PyTorch's own of CPU builds, if it answers; empty for what pip finds.
TORCH_INDEX ?= auto
# How many processes run tests. Each that loads the model takes about 2 GB.
WORKERS ?= 2
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --constraint constraints.txt
PATIENTLY := .ci/patiently
PYTEST := $(BIN)/python -m pytest
COMPILE := $(BIN)/uv pip compile --quiet --universal --no-annotate --no-header
PARALLEL := --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
SAMPLE := When did the Heihe-Blagoveshchensk highway bridge open to freight?

.DEFAULT_GOAL := help
.PHONY: help run browser check test static lint types imports dependencies docker-lint workflow-lint deploy-lint unit tests indexed quality pictures peers soak coverage constraints notice audit sbom wheel hooks clean

help: ## Show these targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/runs ## Index the corpus, answer a sample question, serve on COOPBOT_HOST:COOPBOT_PORT (127.0.0.1:8000).
	$(BIN)/coopbot prepare
	$(BIN)/coopbot index
	$(BIN)/coopbot ask "$(SAMPLE)"
	$(BIN)/coopbot serve

check: .venv/installed ## What to run all the time: static checks, and the tests that need no model, server or process.
	@$(MAKE) --no-print-directory --keep-going --jobs 2 unit static

test: .venv/installed ## Everything that CI checks.
	@$(MAKE) --no-print-directory --keep-going --jobs 2 tests quality static

static: lint types imports dependencies docker-lint workflow-lint deploy-lint

lint: .venv/installed ## ruff, which `ruff check --fix` and `ruff format` satisfy.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed ## mypy, strict.
	$(BIN)/mypy

imports: .venv/installed ## import-linter: which module may import which.
	$(BIN)/lint-imports

dependencies: .venv/installed ## deptry: whether what is imported is declared, and what is declared is used.
	$(BIN)/deptry src

docker-lint: .venv/installed
	$(BIN)/hadolint Dockerfile

workflow-lint: .venv/installed
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.renovate .github/renovate.json
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))

deploy-lint: .venv/installed
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml
	$(BIN)/kubernetes-validate --strict --quiet deploy/kubernetes/*.yaml

unit: .venv/installed
	$(PYTEST) $(PARALLEL) -m "not model and not server and not process"

browser: .venv/installed ## A browser and fonts for Chinese, for the tests of the page, if there are none.
	@.ci/browser $(BIN)/python

# The tests take the vectors of the corpus from the cache of its index.
tests: browser indexed ## Every test but soak.
	$(PYTEST) $(PARALLEL)

# Both models are prepared here, for otherwise every worker of the tests would wait for the first that needs them.
indexed: .venv/installed
	$(BIN)/coopbot prepare
	$(BIN)/coopbot index

# Only what floors are about: none is of a dev figure, and those of the unseen questions are for who runs all of `python -m evals quality`.
quality: indexed ## Answers over corpus/ must not be worse than evals/floor.json says.
	COOPBOT_THREADS=1 $(BIN)/python -m evals quality --golden-only --split test --board index/scoreboard.md > index/scoreboard.txt

pictures: indexed ## Draw the pictures of docs/telegram.md anew, from answers over corpus/.
	$(BIN)/python -m benchmarks.telegram.pictures docs/telegram

peers: .venv/installed benchmarks/peers/.venv/installed benchmarks/peers/.venv-haiku/installed ## Measure coopbot beside its peers on XQuAD-R in XQUAD=FOLDER, and write docs/benchmarks.md.
	$(BIN)/python -m benchmarks.peers.run --xquad $(XQUAD)

soak: .venv/installed ## What takes too long for every change: kills at hundreds of points, full disks, damage, times.
	$(PYTEST) -m soak tests/soak

coverage: .venv/installed ## Which lines the tests of `make check` reach; a report, not a gate.
	$(PYTEST) $(PARALLEL) -m "not model and not server and not process" --cov --cov-report=term:skip-covered

constraints: .venv/installed ## Write constraints.txt anew from pyproject.toml; with UPGRADE=--upgrade, to the newest releases.
	$(COMPILE) $(UPGRADE) --python-version 3.11 --all-extras --output-file constraints.txt pyproject.toml
# Without torch and the libraries for graphics cards that it brings: the image takes it from another index, with other hashes.
	$(COMPILE) --python-version 3.11 --generate-hashes --extra llm --extra otel --extra redis --constraint constraints.txt \
		pyproject.toml | awk '/^[a-z]/ {skip = /^(torch|triton|nvidia-|cuda-)/} !skip' > requirements.txt

notice: .venv/installed ## Write THIRD-PARTY.md, the libraries of the image with their licences.
	$(BIN)/python -m benchmarks.notice

audit: ## Look up known holes in the libraries of the image. Needs the network.
	$(PYTHON) -m pip install --quiet --target .audit pip-audit
	PYTHONPATH=.audit $(PYTHON) -m pip_audit --requirement requirements.txt --require-hashes --disable-pip

sbom: ## Write sbom.cdx.json, the libraries that the image installs, with their hashes, as CycloneDX.
	$(PYTHON) -m pip install --quiet --target .sbom cyclonedx-bom==7.5.0
	grep --no-filename '^torch==' constraints.txt | cat requirements.txt - > .sbom/requirements.txt
	PYTHONPATH=.sbom $(PYTHON) -m cyclonedx_py requirements .sbom/requirements.txt --pyproject pyproject.toml --mc-type application \
		--output-reproducible --output-format JSON --output-file sbom.cdx.json

wheel: .venv/installed ## Build the wheel into dist/, twice: both must be the same, byte for byte.
	@rm -rf dist
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/uv build --quiet --wheel --out-dir dist
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/uv build --quiet --wheel --out-dir dist/again
	cmp dist/*.whl dist/again/*.whl
	@rm -r dist/again

benchmarks/peers/constraints.txt: benchmarks/peers/requirements.txt | .venv/installed
	$(COMPILE) --python-version 3.11 --output-file $@ $<

benchmarks/peers/constraints-haiku.txt: benchmarks/peers/requirements-haiku.txt | .venv/installed
	$(COMPILE) --python-version 3.12 --output-file $@ $<

hooks: .venv/installed ## Have git run the static checks before each commit.
	$(BIN)/pre-commit install

# What running needs.
.venv/runs: pyproject.toml constraints.txt
	@$(PATIENTLY) "Making .venv, an environment for Python" $(PYTHON) -m venv .venv
	@$(PATIENTLY) "Upgrading pip" $(BIN)/python -m pip install --upgrade pip
	@$(PATIENTLY) "Installing torch, which prepares the models" .ci/torch $(BIN)/python "$(TORCH_INDEX)"
	@$(PATIENTLY) "Installing coopbot and the libraries that it needs" $(PIP) --editable .
	@touch $@

# What tests and checks need besides.
.venv/installed: .venv/runs
	@$(PATIENTLY) "Installing what tests and checks need" $(PIP) --editable ".[dev]"
	@touch $@

benchmarks/peers/.venv/installed: benchmarks/peers/requirements.txt benchmarks/peers/constraints.txt
	$(PYTHON) -m venv benchmarks/peers/.venv
	CONSTRAINTS=benchmarks/peers/constraints.txt .ci/torch benchmarks/peers/.venv/bin/python "$(TORCH_INDEX)"
	benchmarks/peers/.venv/bin/python -m pip install --quiet --constraint benchmarks/peers/constraints.txt --requirement benchmarks/peers/requirements.txt
	touch $@

# An environment of its own: haiku.rag needs Python 3.12, and older releases of what others need.
benchmarks/peers/.venv-haiku/installed: benchmarks/peers/requirements-haiku.txt benchmarks/peers/constraints-haiku.txt .venv/installed
	$(BIN)/uv venv --quiet --clear --seed --python '>=3.12' benchmarks/peers/.venv-haiku
	benchmarks/peers/.venv-haiku/bin/python -m pip install --quiet --constraint benchmarks/peers/constraints-haiku.txt --requirement benchmarks/peers/requirements-haiku.txt
	touch $@

clean: ## Delete what was installed and built, but not the prepared model.
	rm -rf .venv index/snapshots index/cache index/CURRENT
