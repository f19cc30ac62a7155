# `make demo` is everything from a fresh clone; `make test` is everything for the tests.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
SERVE ?= 1
# One more than there are processors: browsers and servers keep tests waiting.
WORKERS ?= $(shell expr $$(nproc) + 1)
BIN := .venv/bin
# Only what is imported is compiled, when it first is, and once for all processes.
export PYTHONDONTWRITEBYTECODE =
PIP = $(BIN)/pip install --disable-pip-version-check --no-compile $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))

# On a Linux PC PyTorch comes with 5 GB of CUDA's libraries. Without a GPU its CPU build is tried first, of the same versions,
# where an index that pip asks has it: pip's own settings, or TORCH_INDEX=URL. CPU=0 does not try, CPU=1 tries beside a GPU too.
CPU ?= $(if $(shell command -v nvidia-smi),0,1)
CPU_TORCH := $(if $(filter 1,$(CPU)),$(if $(filter Linux-x86_64,$(shell uname -sm | tr ' ' -)),$(shell sed -n 's/^\(torch[a-z]*==[0-9.]*\); platform_machine == "x86_64"$$/\1+cpu/p' requirements-cam.txt)))

.PHONY: demo serve test check bench mutate slips fuzz audit docs lock release env translations clean

.venv/installed: requirements.txt requirements-web.txt requirements-cam.txt
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Blindsight needs Python 3.11 or newer: set PYTHON=/path/to/python3.11')"
	$(PYTHON) -m venv .venv
	$(if $(CPU_TORCH),$(PIP) -q $(CPU_TORCH) 2>/dev/null || echo "No CPU build of PyTorch in the index at hand (docs/install.md): the one with CUDA's libraries.")
	$(PIP) -r requirements.txt
	touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt requirements-fast.txt requirements-s3.txt requirements-heic.txt requirements-h5.txt requirements-captum.txt
	$(BIN)/pip install --disable-pip-version-check -r requirements-dev.txt
	touch $@

.venv/installed-bench: .venv/installed-dev requirements-bench.txt requirements-fast.txt
	$(BIN)/pip install --disable-pip-version-check -r requirements-bench.txt
	touch $@

# In an environment of its own, so that it is not among what it looks at.
.audit/installed: requirements-audit.txt
	$(PYTHON) -m venv .audit
	.audit/bin/pip install --disable-pip-version-check -r requirements-audit.txt
	touch $@

.release/installed: requirements-release.txt
	$(PYTHON) -m venv .release
	.release/bin/pip install --disable-pip-version-check -r requirements-release.txt
	touch $@

.env:
	@printf 'SECRET_KEY=%s\nHTTPS=false\n' "$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(48))')" > .env
	@chmod 600 .env

env: .env

demo: .venv/installed .env
	$(BIN)/python manage.py demo $(if $(filter 0,$(SERVE)),--no-serve)

# Site and worker for one's own work: `make serve ADDRESS=127.0.0.1:8001` elsewhere.
serve: .venv/installed .env
	$(BIN)/python manage.py serve $(if $(ADDRESS),--address $(ADDRESS))

# One thread for each process: with more, small matrix products of processes side by side mostly wait for each other.
test: export OMP_NUM_THREADS = 1
test: export OPENBLAS_NUM_THREADS = 1
test: .venv/installed-dev .env
	$(BIN)/pytest -n $(WORKERS) --dist worksteal $(ARGS)

check: .venv/installed-dev .env
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy config explain studies blindsight
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/python manage.py makemigrations --check --dry-run
	HTTPS=true SECURE_HSTS_SECONDS=31536000 SECURE_HSTS_INCLUDE_SUBDOMAINS=true $(BIN)/python manage.py check --deploy --fail-level WARNING

# What volunteers read, in every language: docs/languages.md.
translations: .venv/installed-dev
	$(BIN)/python -m translations.update $(NEW)

# The engine beside its peers, a million answers, the statistics. `make bench PARTS=speed QUICK=1` measures one part, with fewer repeats.
bench: .venv/installed-bench .env
	$(BIN)/python -m bench $(PARTS) $(if $(QUICK),--quick)

# Do the tests notice small changes to the lines that were changed since BASE (or, with ALL=1, to a sample of every module)?
# MINUTES bounds it, ONLY names modules. Survivors: var/mutations/survivors.txt.
mutate: .venv/installed-dev .env
	$(BIN)/python -m bench.mutate $(if $(ALL),--all) $(if $(BASE),--base $(BASE)) $(if $(ONLY),--only $(ONLY)) $(if $(MINUTES),--minutes $(MINUTES))

# Each slip on file (tests/slips/) put in by itself: a test must fail.
slips: .venv/installed-dev .env
	$(BIN)/python -m bench.slips $(if $(ONLY),--only $(ONLY))

# What the tests try a few hundred times, 10,000 times: hostile uploads, and the API driven from its own schema.
fuzz: .venv/installed-dev .env
	FUZZ=$(or $(EXAMPLES),10000) $(BIN)/pytest tests/faults/test_hostile_uploads.py tests/studies/api/test_api_keeps_its_schema.py --durations=10

# All that is installed, what it rests on included, beside the published advisories. It asks pypi.org. Without --strict, a
# package that could not be looked up would be passed over, and the end would still read "No known vulnerabilities found".
audit: .venv/installed .audit/installed
	.audit/bin/pip-audit --strict --progress-spinner=off --path "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"

# The documentation as a site: docs/build_site.py.
docs: .venv/installed-dev .env
	$(BIN)/python -m docs.build_site --to var/docs

# The very files that the requirements come down to on every machine, by their hashes.
LOCK = .release/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock"
lock: .release/installed
	$(LOCK) requirements-web.txt --output-file requirements-web.lock
	$(LOCK) requirements.txt --output-file requirements.lock

# Wheel, sdist, what is in them and their checksums, signed by KEY (docs/release.md), in dist/.
release: .release/installed
	.release/bin/python deploy/release.py --to dist $(if $(KEY),--key $(KEY))

clean:
	rm -rf var .mypy_cache .ruff_cache
