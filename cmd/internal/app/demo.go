package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/deploy"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/wire"
)

// DemoOptions say how the demo company is played.
type DemoOptions struct {
	Out      io.Writer  // the story, step by step
	Data     string     // folder of tickets and recordings; empty = a new one among the temporary files; it is left there, so that the recording can be heard
	Stay     bool       // after the call, stay up for real phones until the context ends
	Bind     netip.Addr // where everything listens; an address of the local network lets its phones call too
	Language string     // of the story: "ru" or "en"
	Log      *slog.Logger
}

// DemoResult is what happened, for machines.
type DemoResult struct {
	Ticket         string        `json:"ticket"`
	Client         string        `json:"client"`
	Attempts       []DemoAttempt `json:"attempts"`
	AcceptedBy     string        `json:"accepted_by"`
	FirstContactMS int64         `json:"first_contact_ms"`
	Recording      string        `json:"recording"`
	TalkMS         int64         `json:"talk_ms"`
}

// DemoAttempt is one engineer who was rung.
type DemoAttempt struct {
	Engineer string `json:"engineer"`
	Device   string `json:"device"`
	Outcome  string `json:"outcome"`
	MS       int64  `json:"ms"`
}

// Figures of the demo call.
const (
	demoCaller   = "+79215550123" // the contact of the demo's client
	demoTalk     = 10 * time.Second
	demoPickUp   = time.Second
	demoKeyAfter = 4 * time.Second // into the whisper: client, ticket and waiting time are being said
	clientTone   = 440.0           // Hz, what the client's robot says
	engineerTone = 700.0           // Hz, what the engineer's robot says
	demoBudget   = 90 * time.Second
	demoPort     = 5060 // with Stay; without it ports are free ones
	annaPort     = 5071
	borisPort    = 5072
)

// Demo starts Vahta with the demo company and plays one call through real sockets: a client calls, the first engineer does
// not answer, the second accepts with a key, they talk. It fails when any of it did not happen.
func Demo(ctx context.Context, o DemoOptions) (result DemoResult, err error) {
	if o.Data == "" {
		if o.Data, err = os.MkdirTemp("", "vahta-demo-"); err != nil {
			return result, fmt.Errorf("demo: %w", err)
		}
	}
	if !o.Bind.IsValid() {
		o.Bind = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	d := &demo{o: o, say: tell(o.Language)}
	if err := d.phones(ctx); err != nil {
		return result, errors.Join(err, d.stop())
	}
	result, err = d.serve(ctx)
	return result, errors.Join(err, d.stop())
}

// demo is one performance.
type demo struct {
	o                   DemoOptions
	say                 story
	client, anna, boris *phone.Phone
	stops               []func() error
}

func (d *demo) stop() error {
	var faults []error
	for _, stop := range slices.Backward(d.stops) {
		faults = append(faults, stop())
	}
	return errors.Join(faults...)
}

// phones starts the three robots.
func (d *demo) phones(ctx context.Context) (err error) {
	ctx = context.WithoutCancel(ctx) // they are stopped after the server, so that it can say goodbye to them
	start := func(name string, port uint16) *phone.Phone {
		if err != nil {
			return nil
		}
		if !d.o.Stay || !free(d.o.Bind, port) {
			port = 0
		}
		c := phone.Default()
		c.Name, c.Addr, c.UDPPort = name, d.o.Bind, port
		p, stop, e := phone.Start(ctx, c)
		if e != nil {
			err = e
			return nil
		}
		d.stops = append(d.stops, stop)
		return p
	}
	d.client, d.anna, d.boris = start("client", 0), start("anna", annaPort), start("boris", borisPort)
	if err != nil {
		return err
	}
	accept := phone.Accepting(demoPickUp, "1", demoKeyAfter)
	accept.Talk.Tone = engineerTone
	return errors.Join(d.anna.Answer(phone.Ringing()), d.boris.Answer(accept))
}

// free reports whether nobody listens on the UDP port.
func free(addr netip.Addr, port uint16) bool {
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(addr, port)))
	if err != nil {
		return false
	}
	return c.Close() == nil
}

// config is the demo company at the addresses of this run.
func (d *demo) config() (config.Config, error) {
	listen := fmt.Sprintf("sip: {listen: [{transport: udp, addr: %q}]}\n", netip.AddrPortFrom(d.o.Bind, 0))
	l, err := config.Parse("demo.yaml", append([]byte(listen), deploy.Demo...), nil)
	if err != nil {
		return config.Config{}, err
	}
	c := l.Config
	c.Data, c.Drain, c.HTTP.Listen = d.o.Data, time.Second, ""
	c.Hotline.Recordings = filepath.Join(d.o.Data, "recordings")
	c.Vault.Enabled = false // the recording is there to be heard
	if d.o.Stay {
		if free(d.o.Bind, demoPort) {
			c.SIP.Listen[0].Addr = netip.AddrPortFrom(d.o.Bind, demoPort).String()
		}
		c.SIP.Listen = append(c.SIP.Listen, wire.Listen{Transport: wire.TCP, Addr: c.SIP.Listen[0].Addr})
		c.HTTP.Listen = "127.0.0.1:0"
	}
	c.Media.Bind = d.o.Bind
	if !d.o.Bind.IsLoopback() {
		c.Trunks.Operators[0].Sources = append(c.Trunks.Operators[0].Sources, "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16") // RFC 1918
	}
	for i, p := range []*phone.Phone{d.anna, d.boris} {
		c.People[i].Devices = []oncall.Device{{Kind: oncall.Softphone, URI: p.URI()}}
	}
	return c, nil
}

// serve runs the server around the call.
func (d *demo) serve(ctx context.Context) (result DemoResult, err error) {
	cfg, err := d.config()
	if err != nil {
		return result, err
	}
	a, err := New(ctx, cfg, d.o.Log)
	if err != nil {
		return result, err
	}
	run, stop := context.WithCancelCause(ctx)
	ended := make(chan error, 1)
	go func() { ended <- a.Run(run) }()
	defer func() {
		stop(errors.New("the demo is over"))
		err = errors.Join(err, <-ended)
	}()
	select {
	case <-a.Ready():
	case err := <-ended:
		ended <- nil
		return result, err
	}
	if result, err = d.play(ctx, a); err != nil || !d.o.Stay {
		return result, err
	}
	d.say.stay(d.o.Out, a.Address(), d.anna.URI(), d.boris.URI(), d.o.Data)
	<-ctx.Done()
	return result, nil
}

// play places the call and waits for its record.
func (d *demo) play(ctx context.Context, a *App) (result DemoResult, err error) {
	ctx, cancel := context.WithTimeout(ctx, demoBudget)
	defer cancel()
	began := time.Now()
	d.say.begin(d.o.Out, a.Address())
	out := &stepper{out: d.o.Out, say: d.say, began: began}
	feed := a.Dispatcher().Feed().Subscribe(256)
	var readers sync.WaitGroup
	readers.Go(func() { out.narrate(feed) })
	defer readers.Wait()
	defer feed.Close()

	s, err := d.client.Dial(ctx, hotlineURI(a.Address()), phone.Options{From: demoCaller, Talk: phone.Talk{Tone: clientTone}})
	if err != nil {
		return result, err
	}
	readers.Go(func() {
		_ = s.Follow(ctx, out.phoneStep) // the call's end ends it
	})
	if err := d.talk(ctx, s, out); err != nil {
		s.Hangup() // what is left of the call must not keep the demo waiting
		return result, err
	}
	ref, err := recorded(ctx, a.Dispatcher())
	if err != nil {
		return result, err
	}
	return d.verdict(ctx, a, ref)
}

// lookEvery is how often the demo looks for its call's record: the feed that tells the story is only a hint.
const lookEvery = 50 * time.Millisecond

// recorded waits until the newest call is on record as ended, and returns its ticket.
func recorded(ctx context.Context, d *dispatch.Dispatcher) (dispatch.Ref, error) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		calls, err := d.ListCalls(ctx, dispatch.CallFilter{Limit: 1})
		if err == nil && len(calls) > 0 && !calls[0].EndedAt.IsZero() {
			return calls[0].Ref, nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return dispatch.Ref{}, fmt.Errorf("demo: the record of the call did not come: %w", context.Cause(ctx))
		}
	}
}

// talk waits until both hear each other, lets them talk, and hangs up.
func (d *demo) talk(ctx context.Context, s *phone.Session, out *stepper) error {
	if err := s.WaitHeard(ctx, engineerTone, time.Second); err != nil {
		return fmt.Errorf("demo: the client does not hear the engineer: %w", err)
	}
	out.step("client", "hears", d.say.heard("client"))
	e, err := d.boris.Incoming(ctx, 0)
	if err != nil {
		return fmt.Errorf("demo: the second engineer was not rung: %w", err)
	}
	if err := e.WaitHeard(ctx, clientTone, time.Second); err != nil {
		return fmt.Errorf("demo: the engineer does not hear the client: %w", err)
	}
	out.step("boris", "hears", d.say.heard("boris"))
	select {
	case <-time.After(demoTalk):
	case <-ctx.Done():
		return ctx.Err()
	}
	s.Hangup()
	<-s.Done()
	return nil
}

// verdict reads the record as a client of it would and refuses what is not as it must be.
func (d *demo) verdict(ctx context.Context, a *App, ref dispatch.Ref) (DemoResult, error) {
	local, err := desk.NewLocal(a.Dispatcher(), a.cfg.Dispatch.Zone)
	if err != nil {
		return DemoResult{}, err
	}
	v, err := local.Ticket(ctx, ref.ID, d.o.Language)
	if err != nil {
		return DemoResult{}, err
	}
	d.say.timeline(d.o.Out, v)
	r := resultOf(v)
	return r, r.check()
}

func resultOf(v desk.View) DemoResult {
	r := DemoResult{Ticket: v.Ticket.Number.String(), Client: v.Ticket.Client.OrgName, Attempts: []DemoAttempt{}}
	if !v.Ticket.ContactAt.IsZero() {
		r.FirstContactMS = v.Ticket.ContactAt.Sub(v.Ticket.OpenedAt).Milliseconds()
	}
	for _, c := range v.Calls {
		r.AcceptedBy, r.Recording, r.TalkMS = c.AcceptedBy, c.Detail.Recording.Path, c.Detail.Talk.Milliseconds()
		for _, l := range c.Detail.Legs {
			if l.Person == "" {
				continue
			}
			at := DemoAttempt{Engineer: l.Person, Device: l.Device, Outcome: l.Outcome, MS: l.EndedAt.Sub(l.StartedAt).Milliseconds()}
			if l.Person == c.AcceptedBy {
				at.Outcome, at.MS = "accepted", c.AcceptedAt.Sub(l.StartedAt).Milliseconds()
			}
			r.Attempts = append(r.Attempts, at)
		}
	}
	return r
}

// check says what of the story did not happen.
func (r DemoResult) check() error {
	var faults []error
	expect := func(ok bool, what string) {
		if !ok {
			faults = append(faults, errors.New("demo: "+what))
		}
	}
	expect(r.Client != "", "the client was not recognised")
	expect(len(r.Attempts) == 2, fmt.Sprintf("%d attempts are on record, want 2", len(r.Attempts)))
	expect(r.AcceptedBy == "boris", "the second engineer did not accept")
	expect(r.TalkMS >= demoTalk.Milliseconds()/2, "they did not talk")
	expect(r.FirstContactMS > 0, "the first contact is not on record")
	info, err := os.Stat(r.Recording)
	if err != nil {
		return errors.Join(append(faults, fmt.Errorf("demo: recording: %w", err))...)
	}
	expect(info.Size() > demoTalk.Milliseconds()*8, "the recording is too short for the talk")
	return errors.Join(faults...)
}
