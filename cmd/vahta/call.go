package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/sip/phone"
)

func callCommand() *cobra.Command {
	var (
		o         phone.Options
		keys, dtm string
		keysAfter time.Duration
		listen    string
		tcp       bool
		save      string
		ring      time.Duration
		give      time.Duration
		answer    bool
	)
	cmd := &cobra.Command{
		Use:   "call [sip:number@host:port]",
		Short: "a scripted phone: place a call, or wait for one with --answer",
		Example: `  vahta call sip:hotline@127.0.0.1:5060 --from +79215550123 --tone 440 --talk 10s
  vahta call --answer --listen 127.0.0.1:5072 --ring 1s --keys 1 --keys-after 3s`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			by, err := phone.ParseDTMF(dtm)
			if err != nil {
				return fmt.Errorf("--dtmf: %w", err)
			}
			if keys != "" {
				o.Talk.Keys = []phone.Key{{Digits: keys, After: keysAfter, By: by}}
			}
			o.NoAnswer = give
			cfg, err := phoneConfig(listen, tcp)
			if err != nil {
				return err
			}
			p, stop, err := phone.Start(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), "listening as", p.URI())
			s, err := begin(cmd.Context(), p, args, answer, ring, o)
			if err == nil {
				err = follow(cmd, s, save)
			}
			return errors.Join(err, stop())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.From, "from", "", "caller's number or address")
	f.Float64Var(&o.Talk.Tone, "tone", 440, "tone to talk, Hz; 0 = silence")
	f.DurationVar(&o.Talk.For, "talk", 0, "hang up this long after the answer; 0 = the other side hangs up")
	f.StringVar(&keys, "keys", "", "keys to press once the call is up")
	f.DurationVar(&keysAfter, "keys-after", time.Second, "how long after the answer")
	f.StringVar(&dtm, "dtmf", "rfc4733", "how keys travel: rfc4733, info or inband")
	f.StringVar(&listen, "listen", "127.0.0.1:0", "own address, ip:port; port 0 takes a free one")
	f.BoolVar(&tcp, "tcp", false, "call over TCP")
	f.StringVar(&save, "save", "", "write what was heard to this WAV file")
	f.DurationVar(&give, "give-up", time.Minute, "cancel when nobody answered for so long")
	f.BoolVar(&answer, "answer", false, "wait for one call instead of placing one")
	f.DurationVar(&ring, "ring", time.Second, "with --answer: ring so long before answering")
	return cmd
}

func phoneConfig(listen string, tcp bool) (phone.Config, error) {
	addr, err := netip.ParseAddrPort(listen)
	if err != nil {
		return phone.Config{}, fmt.Errorf("--listen %q: write ip:port, such as 127.0.0.1:0", listen)
	}
	cfg := phone.Default()
	cfg.Name, cfg.Addr, cfg.UDPPort, cfg.TCPPort = "vahta-call", addr.Addr(), addr.Port(), addr.Port()
	if tcp {
		cfg.Transport = "tcp"
	}
	return cfg, nil
}

// begin places the call, or waits for one.
func begin(ctx context.Context, p *phone.Phone, args []string, answer bool, ring time.Duration, o phone.Options) (*phone.Session, error) {
	switch {
	case answer && len(args) == 0:
		if err := p.Answer(phone.Answering(ring, o.Talk)); err != nil {
			return nil, err
		}
		return p.Incoming(ctx, 0)
	case !answer && len(args) == 1:
		return p.Dial(ctx, args[0], o)
	}
	return nil, errors.New("call: give the address to call, or --answer to wait for a call")
}

// follow prints each step as it happens until the call is over.
func follow(cmd *cobra.Command, s *phone.Session, save string) error {
	go func() { // an interrupted command hangs up; Follow then ends with the call
		select {
		case <-cmd.Context().Done():
			s.Hangup()
		case <-s.Done():
		}
	}()
	var answered bool
	err := s.Follow(context.WithoutCancel(cmd.Context()), func(e phone.Event) {
		answered = answered || e.Kind == phone.Answered
		fmt.Fprintln(cmd.OutOrStdout(), e)
	})
	if err != nil {
		return err
	}
	if d := s.Digits(); d != "" {
		fmt.Fprintln(cmd.OutOrStdout(), "the other side pressed", d)
	}
	if save != "" {
		if err := s.WriteWAV(save); err != nil {
			return err
		}
	}
	if !answered {
		return errors.New("the call was not answered")
	}
	return nil
}
