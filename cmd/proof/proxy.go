package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// proxy stands before a server and can make it slow.
type proxy struct{ *toxiproxy.Proxy }

const slowness = "slowness"

func (r *rig) newProxy(to string) (*proxy, error) {
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := &proxy{toxiproxy.NewProxy(server, "redis", "127.0.0.1:0", to)}
	if err := p.Start(); err != nil {
		return nil, fmt.Errorf("start a proxy: %w", err)
	}
	r.atEnd(p.Stop)
	return p, nil
}

// slow delays each answer.
func (p *proxy) slow(by time.Duration) error {
	_, err := p.Toxics.AddToxicJson(strings.NewReader(fmt.Sprintf(
		`{"name":%q,"type":"latency","stream":"downstream","attributes":{"latency":%d}}`, slowness, by.Milliseconds())))
	return err
}

// quick ends the delay.
func (p *proxy) quick(ctx context.Context) error { return p.Toxics.RemoveToxic(ctx, slowness) }
