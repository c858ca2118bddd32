# Everything runs in a virtual environment of its own, .venv; nothing outside this folder is touched but by test-deps.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
LOCKED := --require-hashes --requirement
WORKERS ?= 2

.PHONY: help
help: ## Say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-22s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: install
install: $(VENV)/.runtime ## Install calwarden into .venv: .venv/bin/calwarden

.PHONY: demo
demo: $(VENV)/.demo ## Watch the main job: a real application on a real CalDAV server, and what it is refused
	@$(BIN)/python demo/run.py

.PHONY: serve
serve: $(VENV)/.demo ## A world to click through: calendars, calwarden, an application (DIR=folder keeps it)
	@$(BIN)/python -m demo.serve $(if $(DIR),--keep '$(DIR)')

.PHONY: pictures
pictures: $(VENV)/.test ## Take the pictures of the documentation anew, in Chromium
	$(BIN)/python -m demo.pictures

.PHONY: check
check: $(VENV)/.test ## Static checks: format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: test
test: test-deps $(VENV)/.node check ## Everything: install what it needs, check, then the whole suite
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

.PHONY: fuzz
fuzz: $(VENV)/.test ## The property tests with examples nobody has seen yet, ROUNDS times (10)
	for round in $$(seq $(ROUNDS)); do $(BIN)/pytest -q -n $(WORKERS) --hypothesis-profile=fuzz $(PROPERTIES) || exit 1; done

ROUNDS ?= 10
PROPERTIES = tests/property tests/usecases/test_read_noninterference.py tests/unit/test_caldav_mapping.py \
	tests/unit/test_window_and_wire_times.py tests/unit/test_oauth_redirect.py tests/unit/test_net_address.py

.PHONY: bench
bench: $(VENV)/.test ## What calwarden costs beside Radicale, Xandikos and a constant answer (QUICK=1 leaves most out)
	$(BIN)/python -m bench.main $(if $(QUICK),--quick)

.PHONY: attack
attack: $(VENV)/.test ## Ask a server for as much as one can, and see whether it answers within 2 s and holds under 300 MB
	$(BIN)/python -m bench.attack

.PHONY: conformance
conformance: $(VENV)/.test ## Hold a server of the API to its permissions, from the outside (CONFIG=file, ARGS=...; see conformance/README.md)
	@$(BIN)/python -m conformance $(or $(CONFIG),$(error name a file: CONFIG=conformance.json)) $(ARGS)

.PHONY: schemathesis
schemathesis: $(VENV)/.test ## Requests that nobody wrote by hand, EXAMPLES (200) for each operation, against a real server
	$(BIN)/python -m bench.schemas --examples $(EXAMPLES)

EXAMPLES ?= 200

.PHONY: faults
faults: test-deps $(VENV)/.test ## Kill the server KILLS times (100) and see what became of what it acknowledged (SEED, STORE=postgresql, SEPARATE=1)
	PYTHONPATH=tests:. $(BIN)/python -m faults.run --kills $(KILLS) --store $(STORE) $(if $(SEED),--seed $(SEED)) $(if $(SEPARATE),--separate)

KILLS ?= 100
STORE ?= sqlite

.PHONY: proof
proof: test-deps $(VENV)/.test ## All that shows the claims of docs/permission-model.md, nothing left out, and a summary (hours; ARGS=--without-mutants: about one)
	PYTHONPATH=tests $(BIN)/python -m proof.run $(ARGS) $(if $(ONLY),--only '$(ONLY)')

.PHONY: mutants
mutants: $(VENV)/.test ## Change the permission core and the guards in every small way, and see a test fail (ONLY=file)
	PYTHONPATH=tests $(BIN)/python -m mutants.run $(if $(ONLY),--only '$(ONLY)')

.PHONY: acceptance-postgresql
acceptance-postgresql: test-deps $(VENV)/.node ## The acceptance tests once more, with everything stored in PostgreSQL
	$(BIN)/pytest tests/acceptance --database postgresql

.PHONY: test-deps
test-deps: ## Install what the suite needs from Debian: chromium, postgresql, node (as root or with sudo)
	@sh .ci/test-deps

.PHONY: docs
docs: $(VENV)/.test ## Write the parts of docs/ that are made from the code
	PYTHONPATH=tests $(BIN)/python -m docs.generated

.PHONY: lock
lock: $(VENV)/.test ## Pin the dependencies of pyproject.toml anew, with hashes (UPGRADE=--upgrade: newest)
	$(LOCK) --extra=demo --extra=test --output-file=requirements/test.txt pyproject.toml
	$(LOCK) --extra=demo --constraint=requirements/test.txt --output-file=requirements/demo.txt pyproject.toml
	$(LOCK) --constraint=requirements/test.txt --output-file=requirements/runtime.txt pyproject.toml

LOCK = CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile $(UPGRADE)

.PHONY: clean
clean: ## Remove the virtual environment and what tools leave behind
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .schemathesis build

# A stamp for each set of packages: a second run has nothing to do until a lock file changes. Each set holds the one
# before it in the same versions.
$(VENV)/.created:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "calwarden needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.runtime $(VENV)/.demo $(VENV)/.test: $(VENV)/.%: requirements/%.txt $(VENV)/.created pyproject.toml
	$(PIP) install $(LOCKED) $<
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# The official Node SDK, for tests/acceptance/test_node.py, and axe-core, for tests/browser/axe.py.
$(VENV)/.node: tests/acceptance/node/package.json tests/acceptance/node/package-lock.json $(VENV)/.test | test-deps
	mkdir -p $(VENV)/node
	cp tests/acceptance/node/package.json tests/acceptance/node/package-lock.json $(VENV)/node/
	npm ci --prefix $(VENV)/node --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@
