# make demo and make test do all the set-up on a fresh machine with Python 3.11+.
PYTHON ?= python3
BIN := .venv/bin

# What the engine is compiled from.
ENGINE := setup.py $(wildcard src/paribus/engine/native/*)

.PHONY: demo test lint sanitize docs wheels bench device-check calibrate faults fuzz clean

demo: .venv/installed
	$(BIN)/paribus demo

# Tests start many processes: each would compile every module again where none may be kept.
test: export PYTHONDONTWRITEBYTECODE =
test: .venv/installed .oracles/installed lint
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror src/paribus/engine/native/* benchmarks/*.cpp
	$(BIN)/mypy
	$(BIN)/lint-imports

# The engine's tests once more, a few examples of each, over a build that watches every step
# into foreign memory and everything that C++ leaves undefined.
WATCH := -fsanitize=address,undefined -fno-sanitize-recover=all
MARCH := $(if $(filter x86_64,$(shell uname -m)),-march=x86-64-v3)
STRICT := -Wall -Wextra -Wpedantic -Wshadow -Werror
sanitize: .venv/installed
	mkdir -p build/sanitized
	$(CXX) -std=c++17 -O1 -g1 $(MARCH) -fPIC -shared -Wl,-Bsymbolic $(STRICT) $(WATCH) -o build/sanitized/sanitized.so src/paribus/engine/native/engine.cpp
	SANITIZED=build/sanitized ASAN_OPTIONS=detect_leaks=0 LD_PRELOAD=$$($(CXX) -print-file-name=libasan.so) $(BIN)/python -m pytest -q --capture=sys tests/engine

# The pages that the code makes, then all of docs/ as a site: build/site/index.html.
docs: .venv/documented
	$(BIN)/python docs/generate.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "build/site/index.html"

.venv/documented: .venv/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt 'paribus[docs]'
	touch $@

# The source distribution, and from it the wheels for this system; on Linux in Docker or Podman.
wheels: .venv-wheels/installed
	rm -rf dist
	.venv-wheels/bin/python -m build --sdist --outdir dist
	.venv-wheels/bin/cibuildwheel --output-dir dist dist/*.tar.gz

.venv-wheels/installed:
	$(PYTHON) -m venv .venv-wheels
	echo '*' > .venv-wheels/.gitignore
	.venv-wheels/bin/python -m pip install --quiet build 'cibuildwheel>=3,<5'
	touch $@

bench: .venv-bench/installed
	.venv-bench/bin/python benchmarks/run.py

# Needs a GPU and a PyTorch that can use it; under eight minutes.
device-check: .venv/installed
	$(BIN)/python benchmarks/device_check.py

calibrate: .venv/installed
	PYTHONPATH=tests $(BIN)/python -m calibration.calibrate

# Of faults and strangers' files, make test tries a few telling cases. These try every case, and
# random damage many times; with SHORT=1, as .ci/run does, once and in minutes.
SHORT ?=

# Every strangers' file, every case of networks and of records with missing parts, then each
# reader by coverage for SECONDS.
SECONDS ?= 600
GUIDED := $(if $(SHORT),,study facts curves image)
fuzz: .venv/installed $(if $(GUIDED),.venv-fuzz/installed)
	EFFORT=$(if $(SHORT),1,50) $(BIN)/python -m pytest -n 2 --dist loadfile tests/hostile
	EFFORT=1 $(BIN)/python -m pytest -n 2 --dist loadfile tests/engine tests/failures tests/report
	for target in $(GUIDED); do .venv-fuzz/bin/python tests/hostile/guided.py $$target $(SECONDS) || exit 1; done

.venv-fuzz/installed: pyproject.toml constraints.txt $(ENGINE)
	$(PYTHON) -m venv .venv-fuzz
	echo '*' > .venv-fuzz/.gitignore
	.venv-fuzz/bin/python -m pip install --quiet --constraint constraints.txt atheris hypothesis pytest --editable .
	touch $@

# 500 kills by real signals, then 10,000 damaged records and checkpoints.
faults: .venv/installed
	PYTHONPATH=tests $(BIN)/python -m faults.many_kills $(if $(SHORT),12 2,460 40)
	EFFORT=$(if $(SHORT),1,25) $(BIN)/python -m pytest -n 2 --dist loadfile tests/faults

# What tests compare with, in a folder that only they look into. It is without its requirements:
# torchvision is compiled for one build of torch, and where it is installed beside another,
# Lightning and Transformers fail at once.
.oracles/installed: .venv/installed
	mkdir -p .oracles
	echo '*' > .oracles/.gitignore
	$(BIN)/python -m pip install --quiet --upgrade --no-deps --constraint constraints.txt --target .oracles timm torchvision
	touch $@

# The peers stay apart. Git and ruff pass over the folder, as over one that Python 3.13 makes.
.venv-bench/installed: pyproject.toml constraints.txt $(ENGINE) benchmarks/requirements.txt
	$(PYTHON) -m venv .venv-bench
	echo '*' > .venv-bench/.gitignore
	.venv-bench/bin/python -m pip install --quiet --constraint constraints.txt --requirement benchmarks/requirements.txt --editable .
	touch $@

.venv/installed: pyproject.toml constraints.txt $(ENGINE)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"expected Python 3.11 or newer, got {sys.version.split()[0]}. Name one: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test]'
	touch $@

clean:
	rm -rf .venv .oracles .venv-bench .venv-fuzz .venv-wheels out build dist src/paribus/engine/*.so .pytest_cache .mypy_cache .ruff_cache .hypothesis
