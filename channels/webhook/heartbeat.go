package webhook

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
)

// Beat calls the configured place as a sign of life. It does nothing where none
// is configured.
func (n *Notifier) Beat(ctx context.Context) error {
	if n.heartbeat.URL == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, defaultTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, cmp.Or(n.heartbeat.Method, http.MethodGet), string(n.heartbeat.URL), nil)
	if err != nil {
		return fmt.Errorf("send heartbeat: %w", bare(err))
	}
	req.Header.Set("User-Agent", "Vahta")
	resp, err := n.client.Do(req)
	if err != nil {
		return fmt.Errorf("send heartbeat: %w", bare(err))
	}
	const enough = 64 << 10
	_, _ = io.CopyN(io.Discard, resp.Body, enough) // so that the connection is kept
	if err := resp.Body.Close(); err != nil {
		return fmt.Errorf("send heartbeat: %w", bare(err))
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("send heartbeat: %w", &statusError{status: resp.StatusCode})
	}
	return nil
}
