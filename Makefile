.DEFAULT_GOAL := help

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

demo: ## The whole way of a job on this machine, then stop
	bin/graft demo --exit

check: ## What CI runs
	.ci/run

test: ## All tests
	mvn verify

quick: ## One test class without static analysis: make quick T=SampleDataTests
	mvn -q -B -Pquick test -Dtest=$(T)

format: ## Format all Java sources
	mvn -q -B -Pquick test -Dtest=FormatTests -Dformat.write=true

image: ## The container image
	docker build -t graft .

containers: ## Build and run the image and the Compose file (needs a container engine)
	docker/check

chart: ## Check the Helm chart and the Compose file (needs helm and kubernetes-validate)
	helm/check

.PHONY: help demo check test quick format image containers chart
