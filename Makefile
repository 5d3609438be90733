.PHONY: test lint bench fuzz testenv tidy
test: testenv ; @.ci/test # all tests of all modules, with the race detector
lint: ; @.ci/lint # golangci-lint, as pinned in .ci/tools
bench: ; @.ci/bench # all benchmarks
fuzz: ; @.ci/fuzz # each fuzz target for FUZZTIME (10s)
testenv: ; @.ci/testenv # moto, osls and serverless, into .testenv/
tidy: ; @.ci/tidy # go mod tidy in all modules
