package trunk

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/locate"
	"github.com/butlerspb/vahta/sip/wire"
)

// network is the sender and resolver of tests: it answers OPTIONS of the addresses in alive.
type network struct {
	mu    sync.Mutex
	alive map[netip.Addr]bool
	names map[string][]netip.Addr
	sent  int

	services map[string][]locate.Record // SRV
	away     bool                       // no name server answers
}

func (n *network) Send(_ *wire.Request, to wire.Flow, on func(wire.ClientEvent)) (*wire.ClientTx, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sent++
	if n.alive[to.Remote.Addr()] {
		go on(wire.ClientEvent{})
	}
	return nil, nil //nolint:nilnil // a probe needs no transaction when nobody terminates it
}

func (n *network) NewTag() string    { return "tag" }
func (n *network) NewCallID() string { return "call" }

// Ask answers for the names in names: addresses, and SRV under the whole name of the service.
func (n *network) Ask(_ context.Context, q locate.Question) (locate.Answer, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.away {
		return locate.Answer{}, errors.New("no name server answers")
	}
	answer := locate.Answer{TTL: time.Minute}
	if q.Kind == locate.KindSRV {
		answer.Records = n.services[q.Name]
	}
	for _, addr := range n.names[q.Name] {
		if addr = addr.Unmap(); addr.Is4() && q.Kind == locate.KindA || addr.Is6() && q.Kind == locate.KindAAAA {
			answer.Records = append(answer.Records, locate.Record{Addr: addr})
		}
	}
	return answer, nil
}

func (n *network) set(addr string, alive bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.alive[netip.MustParseAddr(addr)] = alive
}

func testConfig() Config {
	cfg := Default()
	cfg.Operators = []Operator{
		{Name: "mtt", Host: "sip.mtt.example", Sources: []string{"192.0.2.0/28"}, Number: "84957770000", Plan: PlanNational8, Identity: Identity{Send: []string{"pai"}}},
		{Name: "tcp", Host: "198.51.100.7", Port: 5080, Transport: wire.TCP, Number: "+74957770001", Domain: "ims.example"},
		{Name: "in", Host: "203.0.113.1", Sources: []string{"127.0.0.1:5070"}},
	}
	cfg.Phones = []string{"127.0.0.1", "10.1.0.0/16", "desk.example"}
	return cfg
}

func newNetwork() *network {
	return &network{
		alive: map[netip.Addr]bool{},
		names: map[string][]netip.Addr{
			"sip.mtt.example": {netip.MustParseAddr("192.0.2.200"), netip.MustParseAddr("192.0.2.100")},
			"desk.example":    {netip.MustParseAddr("::ffff:10.9.9.9")},
		},
	}
}

func newTrunks(t *testing.T, cfg Config, n *network) *Trunks {
	t.Helper()
	trunks, err := New(cfg, Deps{Sender: n, DNS: n, Registerer: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	return trunks
}

func TestAdmitAndFind(t *testing.T) {
	t.Parallel()
	trunks := newTrunks(t, testConfig(), newNetwork())
	trunks.Resolve(t.Context())
	for from, want := range map[string]string{
		"192.0.2.3:5060":          "mtt",
		"192.0.2.100:49152":       "mtt", // its own address, resolved
		"192.0.2.17:5060":         "-",   // outside the /28
		"198.51.100.7:5080":       "tcp",
		"127.0.0.1:5070":          "in", // address and port beat the phone at the address
		"127.0.0.1:5071":          "phone",
		"[::ffff:127.0.0.1]:5071": "phone",
		"10.1.200.3:1024":         "phone",
		"10.9.9.9:5060":           "phone",
		"8.8.8.8:5060":            "-",
	} {
		addr := netip.MustParseAddrPort(from)
		got := "-"
		if who, ok := trunks.peers.Load().find(addr); ok && who != nil {
			got = who.Name()
		} else if ok {
			got = "phone"
		}
		if got != want {
			t.Errorf("find(%s) = %s, want %s", from, got, want)
		}
		if class := trunks.Admit(addr); (class == wire.Peer) != (want != "-") {
			t.Errorf("Admit(%s) = %v", from, class)
		}
	}
	trunks.SetPhones([]string{"10.2.0.1"})
	if trunks.Admit(netip.MustParseAddrPort("10.1.200.3:1024")) != wire.Unknown || trunks.Admit(netip.MustParseAddrPort("10.2.0.1:5060")) != wire.Peer {
		t.Error("SetPhones did not replace the phones")
	}
	if trunks.Admit(netip.MustParseAddrPort("192.0.2.100:5060")) != wire.Peer {
		t.Error("SetPhones forgot a resolved operator")
	}
}

func TestAdmitAllocatesNothing(t *testing.T) {
	trunks := newTrunks(t, testConfig(), newNetwork())
	from := netip.MustParseAddrPort("10.1.200.3:1024")
	if n := testing.AllocsPerRun(100, func() { trunks.Admit(from) }); n != 0 {
		t.Errorf("Admit allocates %v times", n)
	}
}

func TestRoute(t *testing.T) {
	t.Parallel()
	trunks := newTrunks(t, testConfig(), newNetwork())
	trunks.Resolve(t.Context())
	got := trunks.Route("8 916 123-45-67")
	var lines []string
	for _, d := range got {
		var line strings.Builder
		line.WriteString(d.Trunk + " " + d.URI.String() + " via " + d.Flow.Remote.String() + " as " + d.From.URI.String())
		for _, h := range d.Headers {
			line.WriteString(" " + h.Name + ": " + h.Value)
		}
		lines = append(lines, line.String())
	}
	want := []string{
		"mtt sip:89161234567@sip.mtt.example via 192.0.2.100:5060 as sip:84957770000@sip.mtt.example P-Asserted-Identity: <sip:84957770000@sip.mtt.example>",
		"mtt sip:89161234567@sip.mtt.example via 192.0.2.200:5060 as sip:84957770000@sip.mtt.example P-Asserted-Identity: <sip:84957770000@sip.mtt.example>",
		"tcp sip:+79161234567@ims.example:5080;transport=tcp via 198.51.100.7:5080 as sip:+74957770001@ims.example",
	}
	if strings.Join(lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("routes:\n%s\nwant:\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	for i, want := range []time.Duration{1500 * time.Millisecond, 1500 * time.Millisecond, 3 * time.Second} { // 3 s an operator
		if d := got[i]; d.NoProgress != want {
			t.Errorf("%s may be silent for %s, want %s", d.Trunk, d.NoProgress, want)
		}
	}
}

func TestRouteTriesTrunksThatAreDownLast(t *testing.T) {
	t.Parallel()
	trunks := newTrunks(t, testConfig(), newNetwork())
	trunks.Resolve(t.Context())
	for range missesToDown {
		trunks.Report(&Destination{Trunk: "mtt"}, Result{Err: dialog.ErrSilent})
	}
	if got := trunks.Route("+79161234567"); len(got) != 3 || got[0].Trunk != "tcp" || got[2].Trunk != "mtt" {
		t.Errorf("routes = %v", got)
	}
	for range hitsToUp {
		trunks.Report(&Destination{Trunk: "mtt"}, Result{Status: 100})
	}
	if got := trunks.Route("+79161234567"); got[0].Trunk != "mtt" {
		t.Errorf("a trunk that is up again is not first: %v", got)
	}
}

func TestPhone(t *testing.T) {
	t.Parallel()
	trunks := newTrunks(t, testConfig(), newNetwork())
	d, err := trunks.Phone("sip:anna@10.1.0.5:5062;transport=tcp")
	if err != nil || d.Trunk != "" || d.Flow.Transport != wire.TCP || d.Flow.Remote.String() != "10.1.0.5:5062" || d.NoProgress != 2*time.Second {
		t.Errorf("Phone = %+v, %v", d, err)
	}
	if _, err := trunks.Phone("sip:anna@desk.example"); !errors.Is(err, ErrUnresolved) {
		t.Errorf("before resolution: %v", err)
	}
	trunks.Resolve(t.Context())
	if d, err = trunks.Phone("sip:anna@desk.example"); err != nil || d.Flow.Remote.String() != "10.9.9.9:5060" {
		t.Errorf("Phone = %v, %v", d.Flow, err)
	}
	if _, err := trunks.Phone("anna"); err == nil {
		t.Error("an address without host was taken")
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	cfg := Default()
	cfg.Operators = []Operator{
		{Name: "two", Host: "192.0.2.1", MaxChannels: 2},
		{Name: "slow", Host: "192.0.2.2", CallsPerSecond: 2},
	}
	trunks, err := New(cfg, Deps{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	granted := func(name string) (n int) {
		for range 5 {
			if trunks.Reserve(name) {
				n++
			}
		}
		return n
	}
	if n := granted("two"); n != 2 {
		t.Errorf("two channels are %d", n)
	}
	trunks.Release("two")
	if !trunks.Reserve("two") {
		t.Error("a released channel is not free")
	}
	if n := granted("slow"); n != 2 {
		t.Errorf("two calls per second are %d", n)
	}
	now = now.Add(500 * time.Millisecond)
	if n := granted("slow"); n != 1 {
		t.Errorf("half a second is %d more calls", n)
	}
	if !trunks.Reserve("") {
		t.Error("phones have no limit")
	}
	if s := trunks.Status(); s[0].Channels != 2 || s[0].MaxChannels != 2 {
		t.Errorf("status = %+v", s[0])
	}
}

func TestOPTIONSWatchesOperators(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		n.set("198.51.100.7", true)
		trunks := newTrunks(t, testConfig(), n)
		ctx, cancel := context.WithCancel(t.Context())
		finished := make(chan error, 1)
		go func() { finished <- trunks.Run(ctx) }()
		state := func(name string) State { return trunks.Get(name).State() }

		synctest.Wait()
		if got := state("tcp"); got != StateUp {
			t.Errorf("an operator that answers is %s", got)
		}
		n.set("198.51.100.7", false)
		start := time.Now()
		for state("tcp") != StateDown {
			time.Sleep(time.Second)
			synctest.Wait()
			if time.Since(start) > time.Minute {
				t.Fatal("a dead operator is never down")
			}
		}
		if took := time.Since(start); took > 33*time.Second {
			t.Errorf("down after %s", took)
		}
		n.set("198.51.100.7", true)
		for range 2 {
			if state("tcp") == StateUp {
				t.Error("up after one answer")
			}
			time.Sleep(testConfig().ProbeEvery)
			synctest.Wait()
		}
		if got := state("tcp"); got != StateUp {
			t.Errorf("an operator that answers again is %s", got)
		}
		cancel()
		if err := <-finished; err != nil {
			t.Error(err)
		}
	})
}

func TestValidate(t *testing.T) {
	t.Parallel()
	if err := testConfig().Validate(); err != nil {
		t.Errorf("a good configuration: %v", err)
	}
	cfg := Config{
		Operators: []Operator{
			{Name: "a", Host: "bad host", Port: 70000, Transport: "sctp", Sources: []string{"10.0.0.0/33"}, DID: "x", Plan: "y", MaxChannels: -1, CallsPerSecond: -1},
			{Name: "a", Host: "192.0.2.1"},
			{},
		},
		Phones: []string{"sip:anna@host"},
	}
	err := cfg.Validate()
	if err == nil {
		t.Fatal("nothing was wrong")
	}
	for _, want := range []string{
		"operators[0].host", "operators[0].port", "operators[0].transport", "operators[0].sources", "operators[0].did",
		"operators[0].plan", "operators[0].max_channels", "operators[0].calls_per_second", "operators[1].name",
		"operators[2].name", "operators[2].host", "phones[0]", "probe_every", "trunk_progress",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not named in:\n%v", want, err)
		}
	}
}
