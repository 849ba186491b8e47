# `make` tells what there is to make.
.DEFAULT_GOAL := help
.PHONY: help demo dev build test test-amqp test-minio bench soak lint generate check

GO ?= go
LINT ?= $(shell command -v golangci-lint || echo $$($(GO) env GOPATH)/bin/golangci-lint)
SEEDS ?= 20000
STATE ?= .state

help: ## tell what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## five pull requests to a real package, checked here (KEEP=1 stays up)
	@.ci/setup.sh
	@$(GO) build -o bin/distaff ./cmd/distaff
	@bin/distaff demo --state $(STATE)/demo

dev: build ## a whole distribution on this machine, until Ctrl-C
	@bin/distaff dev --state $(STATE)

build: ## bin/distaff, the command line
	@$(GO) build -o bin/distaff ./cmd/distaff

test: ## all tests that need nothing but Go and git
	$(GO) test ./...

test-amqp: ## the message bus against a real RabbitMQ (Debian, root)
	.ci/amqp.sh

test-minio: ## the bucket against the MinIO that DISTAFF_MINIO_ENDPOINT names
	@test -n "$$DISTAFF_MINIO_ENDPOINT" || { echo "set DISTAFF_MINIO_ENDPOINT, DISTAFF_MINIO_ACCESS_KEY and DISTAFF_MINIO_SECRET_KEY to those of a MinIO" >&2; exit 2; }
	$(GO) test -count=1 ./shared/blob/s3 ./infra/...

bench: ## what things cost: bucket, broker, bus, Koji, log excerpts
	$(GO) test -run '^$$' -bench . -benchmem ./shared/... ./infra/...

soak: ## simulated pull requests with faults, by the thousand (SEEDS=20000)
	SEEDS=$(SEEDS) $(GO) test -count=1 -timeout 0 -run TestEveryRunConverges ./tests/sim

lint: ## golangci-lint over everything
	$(LINT) run ./...

generate: ## the Triggers, and the table of functions in the README
	$(GO) run ./cmd/generate

check: generate lint test ## what has to be good before a push
	git diff --exit-code -- eventing README.md
