package desk

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"

	"github.com/butlerspb/vahta/sip/selftest"
)

// SelfTests are the tests of the line as the commands handle them; a selftest.Tester is one.
type SelfTests interface {
	// Test tests one operator now, or all of them ("").
	Test(ctx context.Context, trunk string) ([]selftest.Report, error)
	// Histories lists what is known of all lines.
	Histories() []selftest.History
}

// HandleSelfTests serves the tests of the line on the control socket besides the rest.
func HandleSelfTests(rest http.Handler, t SelfTests) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", rest)
	mux.HandleFunc("POST /selftest", answer(func(*http.Request, struct{}) (any, error) { return t.Histories(), nil }))
	mux.HandleFunc("POST /selftest/run", answer(func(r *http.Request, trunk string) (any, error) { return t.Test(r.Context(), trunk) }))
	return mux
}

// RemoteSelfTests are the tests of a running server, behind its control socket.
type RemoteSelfTests struct{ remote *Remote }

// OpenSelfTests returns the tests of the server that runs on the data folder.
func OpenSelfTests(ctx context.Context, data string) (*RemoteSelfTests, error) {
	r, err := Dial(ctx, filepath.Join(data, Socket))
	if err != nil {
		return nil, fmt.Errorf("%w; only a running server can test its line: start it with `vahta serve`", err)
	}
	return &RemoteSelfTests{r}, nil
}

// Test tests one operator now, or all of them ("").
func (s *RemoteSelfTests) Test(ctx context.Context, trunk string) ([]selftest.Report, error) {
	return ask[[]selftest.Report](ctx, s.remote, "/selftest/run", trunk)
}

// Histories lists what the server knows of its lines.
func (s *RemoteSelfTests) Histories(ctx context.Context) ([]selftest.History, error) {
	return ask[[]selftest.History](ctx, s.remote, "/selftest", struct{}{})
}

// Close lets go of the server.
func (s *RemoteSelfTests) Close() { s.remote.client.CloseIdleConnections() }
