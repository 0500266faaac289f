# The project's commands. `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

bin := .venv/bin

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: install
install: .venv/installed build/codenarc/installed ## Make .venv with .venv/bin/promoter; apt-get what else is missing
	@$(bin)/python -m compileall -q py/src

.PHONY: lint
lint: install ## Check format, style, types, imports, Groovy and shell
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy py/src tests
	$(bin)/lint-imports --no-logo
	tests/codenarc/run
	shellcheck $$(git grep --untracked -lE '^#!/.*[/ ](ba)?sh$$')

.PHONY: statements
statements: install ## List what the project promises, with the tests that prove it
	$(bin)/python -m tests.support.statements

.PHONY: agent-image
agent-image: build/agent-image/built ## Build the agent image on a Debian made here, with buildah

.PHONY: test
test: install agent-image build/schemas/fetched ## Run all tests
	$(bin)/pytest -n 4

.PHONY: test-openshift
test-openshift: install ## Run the OpenShift tests on a real cluster; says which variables it needs
	$(call require,OPENSHIFT_API OPENSHIFT_TOKEN OPENSHIFT_CA OPENSHIFT_PROJECT REGISTRY)
	$(bin)/pytest tests/openshift

.PHONY: test-jenkins
test-jenkins: install ## Hold what is relied on against a real Jenkins; says which variables it needs
	$(call require,JENKINS_URL JENKINS_USER JENKINS_TOKEN)
	$(bin)/pytest tests/jenkins/test_contract.py tests/jenkins/test_pipelines.py

.PHONY: test-buildkit
test-buildkit: install ## Hold how Dockerfiles are read against BuildKit itself, and write what it says of the tests' ones
	$(bin)/python -m tests.dockerfiles.truth

.PHONY: demo
demo: install ## Show a promotion from an application's pipeline to production, on this machine alone
	$(bin)/python -m tests.demo

.PHONY: demo-openshift
demo-openshift: install ## Show a promotion into an image stream, with a rollout and with one that fails
	$(bin)/python -m tests.demo.openshift

.PHONY: bench
bench: install ## Measure promoter against its peers, and write docs/benchmarks.md
	$(bin)/python -m tests.bench

.PHONY: docs
docs: install ## Write docs/cli.md, docs/results.md, the parameters in vars/*.txt and resources/openshift from the sources
	$(bin)/python -m promoter.cli.reference .

.PHONY: clean
clean: ## Remove what was built and installed in this directory
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache py/src/*.egg-info
	find py tests -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: packages
packages:
	@.ci/install-packages

# Made anew, so that nothing but the pinned packages is in it. setuptools leaves again because the .pth file it
# brings slows every start of Python.
.venv/installed: py/pyproject.toml py/requirements.txt tests/requirements.txt | packages
	"$$(.ci/find-python)" -m venv --clear .venv
	$(bin)/python -m pip install --quiet --requirement py/requirements.txt --requirement tests/requirements.txt
	$(bin)/python -m pip install --quiet --no-deps --no-build-isolation --editable py
	$(bin)/python -m pip uninstall --quiet --yes setuptools
	touch $@

build/codenarc/installed: tests/codenarc/pom.xml | packages
	rm -rf build/codenarc
	mvn --quiet --batch-mode -Dstyle.color=never --file $< dependency:copy-dependencies -DoutputDirectory=$(CURDIR)/build/codenarc
	touch $@

build/schemas/fetched: tests/support/schemas.py | packages .venv/installed
	$(bin)/python -m tests.support.schemas
	touch $@

into_agent_image := agent-image/Containerfile agent-image/Containerfile.dockerignore agent-image/install \
	.ci/find-python tests/agent_image/build tests/agent_image/buildah tests/requirements.txt \
	py/pyproject.toml py/requirements.txt $(shell find py/src/promoter -type f -not -name '*.pyc')

build/agent-image/built: $(into_agent_image) | packages
	mkdir -p build/agent-image
	tests/agent_image/build
	touch $@

# The variables of a target that runs against a real server come from the environment or make's command line.
define require
@missing=(); for name in $(1); do [[ -n "$${!name-}" ]] || missing+=("$$name"); done; \
if [[ $${#missing[@]} -gt 0 ]]; then echo "make $@: set $${missing[*]}" >&2; exit 2; fi
endef
