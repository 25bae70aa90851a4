# Everything starts here: `make demo` recovers a small faded film, `make test` passes the tests.
# Both set up .venv first, with the versions of constraints.txt and the clips of the demo (dev
# includes the extra demo).

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.PHONY: demo test check docs clean

demo: $(READY)
	$(BIN)/unfade demo demo

test: $(READY)
	$(BIN)/pytest

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: .venv/ready-for-docs
	$(BIN)/python docs/make_reference.py
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going -b html docs build/docs
	@echo build/docs/index.html

.venv/ready-for-docs: $(READY)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	touch $@

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

clean:
	rm -rf .venv build demo
