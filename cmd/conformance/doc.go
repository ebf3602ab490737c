// Command conformance writes docs/sip-conformance.md: for every behaviour of SIP
// that a hotline needs, the tests that prove it and whether they pass.
//
//	make test && make conformance
//	go test -json -run "$(go run ./cmd/conformance -pattern)" ./... | go run ./cmd/conformance
//
// It knows the rows (rows.go) and reads `go test -json`; a test belongs to the row
// whose prefix its name begins with. It runs nothing itself. The exit code is 1
// when a row has no test, or one of its tests failed or did nothing but skip.
package main
