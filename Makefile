# The commands that people and CI share. Needs Python 3.11 or newer and make, nothing else.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
SAMPLE := When did the Heihe-Blagoveshchensk highway bridge open to freight?

.PHONY: run test lint types imports docker-lint tests quality soak clean

# Index the corpus, answer a sample question, serve on COOPBOT_HOST:COOPBOT_PORT (127.0.0.1:8000).
run: .venv/installed
	$(BIN)/coopbot prepare
	$(BIN)/coopbot index
	$(BIN)/coopbot ask "$(SAMPLE)"
	$(BIN)/coopbot serve

# Everything that CI checks.
test: lint types imports docker-lint tests quality

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed
	$(BIN)/mypy

imports: .venv/installed
	$(BIN)/lint-imports

docker-lint: .venv/installed
	$(BIN)/hadolint Dockerfile

tests: .venv/installed
	$(BIN)/python -m pytest

# Answers over corpus/ must not be worse than evals/floor.json says.
quality: .venv/installed
	$(BIN)/coopbot index
	$(BIN)/coopbot eval --board index/scoreboard.md > index/scoreboard.txt

# What takes too long for every change: the builder is killed at hundreds of points, the disk fills up, files are damaged.
soak: .venv/installed
	$(BIN)/python -m pytest -m soak tests/soak

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	touch $@

clean:
	rm -rf .venv index/snapshots index/cache index/CURRENT
