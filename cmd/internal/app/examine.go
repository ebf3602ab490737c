package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
)

// Finding is one thing that was examined.
type Finding struct {
	What string
	OK   bool
	Text string // what was found, and when it is not well, what to do
}

// Limits of an examination.
const (
	earliestClock = 2026                    // a clock that shows less has never been set
	latestClock   = 2100                    // and one that shows more is off
	leastSpace    = 1 << 30                 // bytes: about 17 hours of recordings
	probeBudget   = 3 * time.Second         // for all operators together
	dayOfAudio    = 16_000 * 24 * 60 * 60.0 // bytes: one call, stereo G.711
)

// Examine looks at what a running line needs, without disturbing a server that runs on the same configuration.
func Examine(ctx context.Context, c config.Config) []Finding {
	running := serverRuns(ctx, c)
	findings := []Finding{{"config", true, fmt.Sprintf("%d line(s), %d person(s), %d operator(s)", len(c.Lines), len(c.People), len(c.Trunks.Operators))}}
	findings = append(findings, examineServer(ctx, c, running), examineClock(time.Now()), examineFolder("data", c.Data))
	findings = append(findings, examineNodes(ctx, c)...)
	if !running {
		findings = append(findings, examinePorts(ctx, c)...)
	}
	findings = append(findings, examineCertificates(c, time.Now())...)
	findings = append(findings, examineRota(ctx, c, running)...)
	findings = append(findings, examineDuty(ctx, c, running, time.Now())...)
	findings = append(findings, examineVault(ctx, c, running)...)
	findings = append(findings, examinePhones(ctx, c, running)...)
	findings = append(findings, examineToll(ctx, c, running)...)
	findings = append(findings, examineTriage(c)...)
	findings = append(findings, examineTrunks(ctx, c)...)
	return append(findings, examineLines(c, time.Now())...)
}

func serverRuns(ctx context.Context, c config.Config) bool {
	_, err := desk.Dial(ctx, filepath.Join(c.Data, desk.Socket))
	return err == nil
}

// examineServer asks a running server whether it would answer a call now.
func examineServer(ctx context.Context, c config.Config, running bool) Finding {
	f := Finding{What: "server"}
	switch {
	case !running:
		f.OK, f.Text = true, "none runs on this data folder"
		return f
	case c.HTTP.Listen == "":
		f.OK, f.Text = true, "one runs; http.listen is empty, so it can not be asked for its health"
		return f
	}
	ctx, cancel := context.WithTimeout(ctx, probeBudget)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.HTTP.Listen+"/readyz", nil)
	if err != nil {
		f.Text = err.Error()
		return f
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		f.Text = fmt.Sprintf("one runs, but its health can not be asked: %v", err)
		return f
	}
	defer resp.Body.Close() //nolint:errcheck // a body that was read
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
	f.OK, f.Text = resp.StatusCode == http.StatusOK, "one runs and would answer a call now"
	if !f.OK {
		f.Text = "one runs and would NOT answer a call: " + strings.TrimSpace(string(text))
	}
	return f
}

func examineClock(now time.Time) Finding {
	f := Finding{"clock", true, now.Format("2006-01-02 15:04:05 -0700")}
	if y := now.Year(); y < earliestClock || y > latestClock {
		f.OK, f.Text = false, f.Text+": set the clock, for example with systemd-timesyncd; tickets and clocks would be wrong"
		return f
	}
	var tx syscall.Timex
	if state, err := syscall.Adjtimex(&tx); err == nil && state == timeError {
		f.Text += " (the kernel does not know it as synchronised: check systemd-timesyncd or chrony)"
	}
	return f
}

// timeError is adjtimex's "clock not synchronised" (TIME_ERROR).
const timeError = 5

func examineFolder(what, data string) Finding {
	f := Finding{What: what}
	if _, err := os.Stat(data); errors.Is(err, os.ErrNotExist) {
		parent := filepath.Dir(filepath.Clean(data))
		if err := unix.Access(parent, unix.W_OK); err != nil {
			f.Text = fmt.Sprintf("%s does not exist and %s can not be written to: %v; create the folder for the user that runs vahta", data, parent, err)
			return f
		}
		f.OK, f.Text = true, data+" does not exist yet; the first `vahta serve` makes it"
		return f
	}
	probe, err := os.CreateTemp(data, ".doctor-*")
	if err != nil {
		f.Text = fmt.Sprintf("%v; let the user that runs vahta write to it", err)
		return f
	}
	_, werr := probe.WriteString("x")
	if err := errors.Join(werr, probe.Sync(), probe.Close(), os.Remove(probe.Name())); err != nil {
		f.Text = fmt.Sprintf("%v; the disk is full or broken", err)
		return f
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(data, &fs); err != nil {
		f.Text = err.Error()
		return f
	}
	space := float64(fs.Bavail) * float64(fs.Bsize)
	f.OK = space >= leastSpace
	f.Text = fmt.Sprintf("%s, %.1f GiB free, %.0f days of one recorded call", data, space/(1<<30), space/dayOfAudio)
	if !f.OK {
		f.Text += "; make room: recordings stop first, then the record itself is in danger"
	}
	return f
}

// examinePorts binds what the server would bind.
func examinePorts(ctx context.Context, c config.Config) []Finding {
	var fs []Finding
	var lc net.ListenConfig
	check := func(what, network, addr string) {
		f := Finding{What: what, OK: true, Text: network + " " + addr + " is free"}
		var closer io.Closer
		var err error
		if network == "udp" {
			closer, err = lc.ListenPacket(ctx, network, addr)
		} else {
			closer, err = lc.Listen(ctx, network, addr)
		}
		if err == nil {
			err = closer.Close()
		}
		if err != nil {
			f.OK, f.Text = false, fmt.Sprintf("%v; stop what uses it (`ss -lnp`) or choose another address", err)
		}
		fs = append(fs, f)
	}
	for _, l := range c.SIP.Listen {
		switch {
		case l.Transport == wire.UDP:
			check("sip port", "udp", l.Addr)
		case l.Transport == wire.TCP, l.TLS.Cert != "": // a TLS listener without a certificate binds nothing
			check("sip port", "tcp", l.Addr)
		}
	}
	if c.HTTP.Listen != "" {
		check("http port", "tcp", c.HTTP.Listen)
	}
	if c.Portal.Enabled && c.Portal.Listen != "" {
		check("api port", "tcp", c.Portal.Listen)
	}
	check("rtp port", "udp", net.JoinHostPort(c.Media.Bind.String(), fmt.Sprint(c.Media.MinPort)))
	return fs
}

// examineTrunks sends one OPTIONS to each operator from a socket of its own.
func examineTrunks(ctx context.Context, c config.Config) []Finding {
	if len(c.Trunks.Operators) == 0 {
		return []Finding{{"trunk", true, "no operators are configured: only softphones can be reached"}}
	}
	health, err := probe(ctx, c)
	if err != nil {
		return []Finding{{"trunk", false, err.Error()}}
	}
	var fs []Finding
	for _, h := range health {
		f := Finding{What: "trunk", OK: h.State != trunk.StateDown && (h.State == trunk.StateUp || h.Problem == ""), Text: fmt.Sprintf("%s: %s %s", h.Trunk, h.State, h.Problem)}
		switch {
		case f.OK:
		case h.Remote == "":
			f.Text += "; check host and the name server"
		default:
			f.Text += "; check address, firewall and the operator's allow-list, over TLS its certificates first"
		}
		fs = append(fs, f)
		if h.Registration != trunk.RegistrationOff {
			fs = append(fs, examineRegistration(h))
		}
	}
	return fs
}

// examineRegistration says whether the registrar knows our account. It was asked, not registered with.
func examineRegistration(h trunk.Health) Finding {
	f := Finding{What: "registration", OK: h.Registration == trunk.RegistrationActive, Text: h.Trunk + ": the registrar accepts our account"}
	if !f.OK {
		f.Text = fmt.Sprintf("%s: %s: %s; check auth and register of this operator", h.Trunk, h.Registration, h.RegistrationProblem)
	}
	return f
}

func probe(ctx context.Context, c config.Config) (_ []trunk.Health, err error) {
	sip := wire.Default()
	sip.Listen = []wire.Listen{{Transport: wire.UDP, Addr: "0.0.0.0:0"}, {Transport: wire.TCP, Addr: "0.0.0.0:0"}, {Transport: wire.TLS, Addr: "0.0.0.0:0"}}
	edge, err := wire.New(sip, wire.Deps{})
	if err != nil {
		return nil, err
	}
	tc := c.Trunks
	tc.ProbeEvery = probeBudget / 4 // three misses within the budget make "down"
	trunks, err := trunk.New(tc, trunk.Deps{Sender: edge, AskOnly: true})
	if err != nil {
		return nil, err
	}
	_ = edge.SetProfiles(trunks.TLSProfiles()) // what is wrong with the files has a finding of its own
	edge.SetAdmission(trunks.Admit)
	edge.SetHandler(dialog.NewStack(edge, dialog.Default(), dialog.Deps{}))
	if err := edge.Listen(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, probeBudget+time.Second)
	defer cancel()
	l := newLifecycle(slog.New(slog.DiscardHandler))
	l.start(ctx, "sip", edge.Run)
	l.start(ctx, "trunks", trunks.Run)
	<-ctx.Done()
	health := trunks.Status()
	return health, l.stop()
}
