# make demo, make test, make check, make docs: each prepares .venv by itself, from any Python >= 3.11.

PYTHON := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)
BIN := .venv/bin

.PHONY: demo test check docs dist sbom venv clean

## three real apps and an MCP server against embedded issuers; KEEP=1 leaves them up until Ctrl-C
demo: .venv/.demo
	@$(BIN)/python -m example_projects.demo $(if $(KEEP),--keep)

## the whole suite, a module at a time on each core, with branch coverage collected for check
test: venv
	$(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder --cov --cov-report=

## lint, types, architecture, coverage: what CI runs after the suite
check: venv
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_architecture.py
	$(BIN)/python -m coverage report --precision=1 $(if $(CI),--fail-under=99.9)

## the documentation site, into site/, and its checks; a warning is an error. SERVE=1 serves it while you write
docs: .venv/.docs
	@$(BIN)/python -m docs_build $(if $(SERVE),--serve)

## the wheel and the sdist, into dist/
dist: .venv/.release
	@$(BIN)/python -m build --outdir dist .

## a bill of materials (CycloneDX) of the library and what it brings along, without extras: dist/jwks-auth.cdx.json
sbom: .venv/.release
	@mkdir -p dist && away=$$(mktemp -d) && trap 'rm -rf "$$away"' EXIT && $(PYTHON) -m venv --without-pip "$$away" \
		&& $(BIN)/python -m pip --quiet --python "$$away/bin/python" install --disable-pip-version-check . \
		&& $(BIN)/cyclonedx-py environment --pyproject pyproject.toml --mc-type library --output-reproducible \
			--output-file dist/jwks-auth.cdx.json "$$away/bin/python"

venv: .venv/.dev

.venv/.pip:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and none was found"; exit 1; }
	@echo "making .venv with $$($(PYTHON) --version) ..."
	@# Some distributions split pip's bootstrap off into a package of its own; the pip at hand does as well.
	@$(PYTHON) -m venv .venv >/dev/null 2>&1 || { $(PYTHON) -m venv --clear --without-pip .venv \
		&& $(PYTHON) -m pip --quiet --python $(BIN)/python install pip; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@touch $@

.venv/.demo: pyproject.toml | .venv/.pip
	@echo "installing what the demo needs ..."
	@$(BIN)/python -m pip install --disable-pip-version-check --editable '.[all]' --group demo
	@touch $@

.venv/.docs: pyproject.toml | .venv/.pip
	@echo "installing what builds the docs ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group docs
	@touch $@

.venv/.release: pyproject.toml | .venv/.pip
	@echo "installing what makes a release ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group release
	@touch $@

.venv/.dev: pyproject.toml | .venv/.pip
	@echo "installing everything for development ..."
	@$(BIN)/python -m pip install --disable-pip-version-check --editable '.[all]' --group dev
	@touch $@ .venv/.demo .venv/.docs .venv/.release

clean:
	rm -rf .venv site .coverage* .mypy_cache .pytest_cache .ruff_cache dist
