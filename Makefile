# `make` lists what there is. Needs Python 3.11 or newer and make, nothing else.
PYTHON ?= python3
ARGS ?=
# Also for a variable that is set and empty.
port = $(or $(strip $(PORT)),8000)
erp_port = $(or $(strip $(ERP_PORT)),8001)

check_ports = for given in 'PORT=$(port)' 'ERP_PORT=$(erp_port)'; do \
  case "$${given\#*=}" in *[!0-9]*) echo "$$given is no port: give a number from 0 to 65535, 0 for any free one" >&2; exit 1;; esac; done

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
VENV := .venv/made.stamp
RUNTIME := .venv/runtime.stamp
DEV := .venv/dev.stamp
PEERS := .venv-peers/made.stamp

.DEFAULT_GOAL := help
.PHONY: help serve dev serve-cluster test lint bench bench-page bench-load bench-upstream bench-chaos peers bundle vendor lock clean

help:
	@echo "make serve          run the widgets over a mock ERP (PORT=8000, ERP_PORT=8001; WIDGETS_ERP_URL=… reads yours)"
	@echo "make dev            the same for whoever writes a widget: follows every change of a file, shows errors"
	@echo "make serve-cluster  two servers behind nginx over one Redis and a mock ERP (PORT, ERP_PORT, ARGS=--cache)"
	@echo "make test           lint, then every test (ARGS='-k inventory --no-cov' goes to pytest)"
	@echo "make lint           formatting, rules and types"
	@echo "make bench          run all benchmarks, and write what they find into the README (ARGS=--quick, ARGS=--help)"
	@echo "make bench-load     requests a second, memory and start-up, beside what does as good as nothing (ARGS=--help)"
	@echo "make bench-upstream calls of the ERP for 1 to 1,000 viewers (ARGS=--help)"
	@echo "make bench-chaos    hundreds of viewers while things break (about 25 minutes; ARGS='--only calls', ARGS=--help)"
	@echo "make bench-page     a page with 1, 6 and 20 widgets in Chromium, beside Dash, Panel, Streamlit and Shiny (ARGS=--help)"
	@echo "make peers          install what the benchmarks compare with, in .venv-peers"
	@echo "make bundle         make static/frame.js and embed.js of their modules again (needs npm)"
	@echo "make vendor         fetch the browser libraries in static/vendor again (needs npm)"
	@echo "make lock           write the newest versions of all packages to constraints.txt"
	@echo "make clean          delete what was built, .venv included"

serve: $(RUNTIME)
	@$(check_ports)
	@exec $(BIN)/erp-widgets serve --port '$(port)' --erp-port '$(erp_port)'

dev: $(DEV)
	@$(check_ports)
	@exec $(BIN)/erp-widgets dev --port '$(port)' --erp-port '$(erp_port)'

serve-cluster: $(RUNTIME)
	@$(check_ports)
	@tools/packages.sh --install
	@exec $(BIN)/python -m tools.cluster --port '$(port)' --erp-port '$(erp_port)' $(ARGS)

test: lint
	@tools/packages.sh --install --tests || echo "The tests that need what is missing are skipped, or see less"
	@CHROMIUM="$$(tools/chromium.sh --install)" && FIREFOX="$$(tools/firefox.sh --install)" && \
	export CHROMIUM FIREFOX && echo "Tests, with $$CHROMIUM and $${FIREFOX:-without Firefox}" && \
	status=0; $(BIN)/pytest -q --cov --cov-report=term --cov-fail-under=95 $(ARGS) || status=$$?; \
	rm -f .coverage.*; exit $$status

lint: $(DEV)
	@echo "Formatting, rules, types"
	@$(BIN)/ruff format --quiet --check --output-format concise . || { echo "Mend it with $(BIN)/ruff format" >&2; exit 1; }
	@$(BIN)/ruff check --quiet --output-format concise .
	@$(BIN)/mypy widgets mock_erp tests wsgi.py gunicorn.conf.py tools bench docs/examples/contoso_widgets

bench: $(DEV) $(PEERS)
	@tools/packages.sh --install --bench
	@CHROMIUM="$$(tools/chromium.sh --install)" && export CHROMIUM && exec $(BIN)/python -m bench $(ARGS)

bench-load: $(DEV)
	@tools/packages.sh --install --bench
	@exec $(BIN)/python -m bench.load $(ARGS)

bench-upstream: $(DEV)
	@tools/packages.sh --install
	@exec $(BIN)/python -m bench.upstream $(ARGS)

bench-chaos: $(DEV)
	@tools/packages.sh --install
	@exec $(BIN)/python -m bench.chaos $(ARGS)

bench-page: $(DEV) $(PEERS)
	@CHROMIUM="$$(tools/chromium.sh --install)" && export CHROMIUM && exec $(BIN)/python -m bench.page $(ARGS)

peers: $(PEERS)

bundle: $(DEV)
	@$(BIN)/python -m tools.bundle

vendor: $(DEV)
	@$(BIN)/python -m tools.vendor

lock:
	@echo "Resolving in an empty environment"
	@scratch="$$(mktemp -d)" && trap 'rm -rf "$$scratch"' EXIT && \
	$(PYTHON) -m venv "$$scratch" && pip="$$scratch/bin/python -m pip --disable-pip-version-check" && \
	$$pip install --quiet --upgrade pip && $$pip install --quiet -e '.[contract,dev]' --group dev --group bench && \
	$$pip freeze --exclude-editable > "$$scratch/constraints.txt" && \
	{ echo "# Made by \`make lock\`. What \`make serve\` and \`make test\` install."; cat "$$scratch/constraints.txt"; } > constraints.txt

clean:
	@rm -rf .venv .venv-peers build dist .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV):
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) here. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$$($(PYTHON) --version) is too old: this needs 3.11 or newer. Name another: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) comes without venv. On Debian and Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }
	@echo "Making .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv
	@# Dependency groups need pip 25.1.
	@$(PIP) install --upgrade 'pip>=25.1'
	@touch $@

$(RUNTIME): $(VENV) pyproject.toml constraints.txt
	@echo "Installing what the server needs"
	@$(PIP) install --constraint constraints.txt -e '.[mock,dev]'
	@touch $@

$(DEV): $(RUNTIME) pyproject.toml constraints.txt
	@echo "Installing what the tests need"
	@$(PIP) install --constraint constraints.txt -e '.[contract,dev]' --group dev --group bench
	@touch $@

# Apart from ours, so that nothing of theirs is there while we are tested.
$(PEERS): $(VENV) pyproject.toml
	@echo "Installing the peers that the benchmarks compare with"
	@$(PYTHON) -m venv .venv-peers
	@.venv-peers/bin/python -m pip --disable-pip-version-check --quiet install --upgrade 'pip>=25.1'
	@.venv-peers/bin/python -m pip --disable-pip-version-check --quiet install --group bench-peers
	@touch $@
