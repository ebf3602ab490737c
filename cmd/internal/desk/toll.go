package desk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"path/filepath"

	"github.com/butlerspb/vahta/sip/guard"
)

// Toll are the rules against toll fraud, the bans and the security events of a running server.
type Toll interface {
	// TollStatus shows the day's figures, the stop, bans and the last events.
	TollStatus(ctx context.Context) (guard.Status, error)
	// TollStop puts a stop in force, or ends it.
	TollStop(ctx context.Context, s guard.Stop, by string) error
	// LiftBan ends a ban; false when the address was not banned.
	LiftBan(ctx context.Context, addr netip.Addr) (bool, error)
}

// LocalToll is that of this process.
type LocalToll struct{ *guard.Guard }

var _ Toll = LocalToll{}

// TollStatus implements Toll.
func (t LocalToll) TollStatus(context.Context) (guard.Status, error) { return t.Status(), nil }

// TollStop implements Toll.
func (t LocalToll) TollStop(_ context.Context, s guard.Stop, by string) error {
	s, err := guard.ParseStop(string(s))
	if err != nil {
		return err
	}
	if by == "" {
		return errors.New("toll stop: say who decides, with --by")
	}
	t.Stop(s, by)
	return nil
}

// LiftBan implements Toll.
func (t LocalToll) LiftBan(_ context.Context, addr netip.Addr) (bool, error) {
	return t.Lift(addr), nil
}

// stopOf is what the socket carries of a stop.
type stopOf struct {
	Stop guard.Stop `json:"stop"`
	By   string     `json:"by"`
}

// handleToll serves it on the control socket.
func handleToll(mux *http.ServeMux, t Toll) {
	mux.HandleFunc("POST /toll", answer(func(r *http.Request, _ struct{}) (any, error) { return t.TollStatus(r.Context()) }))
	mux.HandleFunc("POST /toll/stop", answer(func(r *http.Request, s stopOf) (any, error) {
		return nil, t.TollStop(r.Context(), s.Stop, s.By)
	}))
	mux.HandleFunc("POST /toll/lift", answer(func(r *http.Request, addr netip.Addr) (any, error) {
		return t.LiftBan(r.Context(), addr)
	}))
}

// RemoteToll is that of a running server, behind its control socket.
type RemoteToll struct{ remote *Remote }

var _ Toll = RemoteToll{}

// OpenToll reaches the running server of the data folder. The function it returns must be called when done.
func OpenToll(ctx context.Context, data string) (RemoteToll, func(), error) {
	r, err := Dial(ctx, filepath.Join(data, Socket))
	if err != nil {
		return RemoteToll{}, nil, fmt.Errorf("no server runs on %s, and only a running one has calls to stop and sources to ban; check the setting data, or start one with `vahta serve`", data)
	}
	return RemoteToll{r}, r.client.CloseIdleConnections, nil
}

// TollStatus implements Toll.
func (t RemoteToll) TollStatus(ctx context.Context) (guard.Status, error) {
	return ask[guard.Status](ctx, t.remote, "/toll", struct{}{})
}

// TollStop implements Toll.
func (t RemoteToll) TollStop(ctx context.Context, s guard.Stop, by string) error {
	_, err := ask[any](ctx, t.remote, "/toll/stop", stopOf{s, by})
	return err
}

// LiftBan implements Toll.
func (t RemoteToll) LiftBan(ctx context.Context, addr netip.Addr) (bool, error) {
	return ask[bool](ctx, t.remote, "/toll/lift", addr)
}
