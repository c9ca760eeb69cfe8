# Everything starts from a machine with only git, make and Python (3.10 or newer, with venv).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help demo test timing budget beside-load fuzz fuzz-proc kernels distros spark lint bench bench-sums bench-check bench-slow bench-stall bench-growth bench-pytest report-bundle tables docs clean kills hostile bench-budgets bench-kinds bench-formats bench-fleet libcs

help:
	@echo "make demo    set up, record an example program for 10 s: peak, report, chart"
	@echo "make test    set up, run all tests"
	@echo "make timing  tests that measure the machine as well: best on a quiet one"
	@echo "make budget  check the memory of a recorder against its own budget (10 seconds)"
	@echo "make beside-load   live tests 10 times beside a load that starts processes (2 hours)"
	@echo "make fuzz    thousands of damaged recordings through every command (about 30 minutes)"
	@echo "make hostile  twenty hostile processes against a recorder, as root (5 minutes)"
	@echo "make fuzz-proc   100,000 mutated proc files through the parsers (about 7 minutes)"
	@echo "make lint    ruff, mypy, import-linter, tsc and biome for web/, what is generated"
	@echo "make libcs     heaps of malloc with glibc of Debian's suites, and with musl (1 minute)"
	@echo "make kernels   the recorder in Debian's kernels under QEMU, as root (KERNEL=6.12: one of them)"
	@echo "make distros   tests in Debian 12, 13 and sid, programs of Debian 11, as root (SUITE=sid: one)"
	@echo "make containers  a service of systemd and containers of podman in a guest under QEMU, as root"
	@echo "make spark   the questions to a fleet on a real Spark: needs Java, 500 MB (5 minutes)"
	@echo "make kills   kill recorders at 300 seeded instants, and check what they leave (10 minutes)"
	@echo "make bench   what recording costs, against the bars (about 11 minutes)"
	@echo "make bench-sums   sums over processes against the truth (about 3 minutes)"
	@echo "make bench-check    what check adds to the wall time of ten-second programs (about 4 minutes)"
	@echo "make bench-slow   the budget under qemu-user, and beside a busy loop on one CPU (about 3 minutes)"
	@echo "make bench-stall   how long a recorded process waits to map memory (about 1 minute)"
	@echo "make bench-pytest what the pytest plugin costs a suite of short tests (about 1 minute)"
	@echo "make bench-growth   verdicts on real programs whose growth is known (about 12 minutes)"
	@echo "make bench-kinds   what is left without a name on real runtimes, for docs/kinds.md (about 2 minutes)"
	@echo "make bench-budgets   planted regressions fail check, unchanged programs do not (about 5 minutes)"
	@echo "make bench-formats   what exports of 12,000 layouts of 2,100 mappings take (about 3 minutes)"
	@echo "make bench-fleet   questions to a simulated fleet of 20 million rows on DuckDB (about 5 minutes)"
	@echo "make report-bundle   bundle web/ into the package (set-up does so too when it changed)"
	@echo "make tables  what web/ gets from the package (states, figures), and the bundle"
	@echo "make docs    regenerate what is generated from the code, and the pictures of README.md"

$(READY): pyproject.toml hatch_build.py $(wildcard web/*.* web/src/*)
	@command -v $(PYTHON) >/dev/null \
	  || { echo "There is no $(PYTHON). On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
	  || { echo "Python 3.10 or newer is needed; name one: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "$(PYTHON) has no venv. On Debian and Ubuntu: apt install $(notdir $(PYTHON))-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(READY)
	@rm -f demo.db demo.db-* demo.html demo.png
	@$(BIN)/memory-watcher record --period 100ms --output demo.db -- \
	  $(BIN)/python examples/grow_free_spike.py
	@echo
	@$(BIN)/memory-peak demo.db
	@echo
	@$(BIN)/memory-watcher report demo.db
	@$(BIN)/memory-watcher chart demo.db -o demo.png
	@echo
	@echo "The recording:  $(CURDIR)/demo.db"
	@echo "Its report:     $(CURDIR)/demo.html (open it in a browser)"
	@echo "Its chart:      $(CURDIR)/demo.png"
	@echo "Go through it:  $(BIN)/memory-replay demo.db"

# Tests that start no programs of their own share the cores; those that read real processes go one by one.
test: $(READY)
	@status=0; \
	$(BIN)/python -m pytest -n auto -m "not timing and not live" || status=$$?; \
	$(BIN)/python -m pytest -m "live and not timing" || status=$$?; \
	exit $$status

timing: $(READY)
	$(BIN)/python -m pytest -m timing

budget: $(READY)
	@rm -f budget.db budget.db-*
	$(BIN)/memory-watcher check --budget tests/budget/memory-budget.toml -- \
	  $(BIN)/memory-watcher record --output budget.db --period 100ms -- \
	  $(BIN)/python tests/budget/many_mappings.py
	@rm -f budget.db

beside-load: $(READY)
	$(BIN)/python -m tests.beside_load

fuzz: $(READY)
	$(BIN)/python -m tests.fuzz.damaged

fuzz-proc: $(READY)
	$(BIN)/python -m tests.fuzz.proc_files --count 100000 --seed 1

hostile: $(READY)
	$(BIN)/python -m tests.live.hostile_run --seconds 300

libcs: $(READY)
	$(BIN)/python -m tests.libcs

kernels: $(READY)
	$(BIN)/python -m tests.kernels $(if $(KERNEL),--kernel $(KERNEL))

distros: $(READY)
	$(BIN)/python -m tests.distros $(if $(SUITE),--suite $(SUITE)) $(if $(PART),--$(PART))

containers: $(READY)
	$(BIN)/python -m tests.kernels.containers

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python web/generate_tables.py --check
	$(BIN)/python hatch_build.py check
	$(BIN)/python docs/generate.py --check

kills: $(READY)
	$(BIN)/python -m tests.kills 300

bench: $(READY)
	$(BIN)/python -m benchmarks.run

bench-sums: $(READY)
	$(BIN)/python -m benchmarks.sums

bench-check: $(READY)
	$(BIN)/python -m benchmarks.check_cost

bench-slow: $(READY)
	$(BIN)/python -m benchmarks.slow

bench-stall: $(READY)
	$(BIN)/python -m benchmarks.stall

bench-pytest: $(READY)
	$(BIN)/python -m benchmarks.pytest_cost

bench-growth: $(READY)
	$(BIN)/python -m benchmarks.growth_real

bench-budgets: $(READY)
	$(BIN)/python -m benchmarks.budgets.regressions

bench-kinds: $(READY)
	$(BIN)/python -m benchmarks.kinds
	$(BIN)/python docs/generate.py

bench-formats: $(READY)
	$(BIN)/python -m benchmarks.formats

spark: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[spark]'
	$(BIN)/python -m pytest tests/live/test_fleet_spark.py

bench-fleet: $(READY)
	$(BIN)/python -m benchmarks.fleet

report-bundle: $(READY)
	$(BIN)/python hatch_build.py

tables: $(READY)
	$(BIN)/python web/generate_tables.py
	$(BIN)/python hatch_build.py

docs: $(READY)
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/growth_pictures.py
	$(BIN)/python docs/pictures.py

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis demo.db* demo.html demo.png
