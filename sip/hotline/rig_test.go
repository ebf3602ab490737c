package hotline

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/rotation"
	"github.com/butlerspb/vahta/sip/b2bua"
	"github.com/butlerspb/vahta/sip/dialog"
	"github.com/butlerspb/vahta/sip/hotline/prompt"
	"github.com/butlerspb/vahta/sip/media"
	"github.com/butlerspb/vahta/sip/phone"
	"github.com/butlerspb/vahta/sip/trunk"
	"github.com/butlerspb/vahta/sip/wire"
)

// patience bounds a wait for something that must come.
const patience = 60 * time.Second

// clientNumber is the caller's number; operator "op" is his phone itself.
const clientNumber = "+79161112233"

// rig is a hotline on loopback: a client's phone behind an operator, engineers'
// softphones, and a dispatcher in memory.
type rig struct {
	testing.TB

	hotline  *Hotline
	engine   *b2bua.Engine
	desk     *desk
	rotation *rotation.Memory
	client   *phone.Phone
	eng      map[string]*phone.Phone
	uri      string

	figures *prometheus.Registry

	stopEngine, stopHotline func()
}

// setup changes a rig before it starts.
type setup struct {
	cfg      func(*Config)
	rotation func(*rotation.Memory) rotation.Rotation
	arbiter  dispatch.Arbiter
	free     func(string) (uint64, error)
	wordy    bool     // clips are long enough to hang up in the middle of one
	people   []string // softphones to start, all in one rung one after another
	plan     func(*rig, *dispatch.Plan)
	desk     func(*desk)
}

func newRig(t testing.TB, s setup) *rig { //nolint:thelper // called t everywhere
	t.Helper()
	r := &rig{TB: t, eng: map[string]*phone.Phone{}, rotation: rotation.NewMemory(nil), figures: prometheus.NewRegistry()}
	loopback := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	r.client = r.phone(clientNumber)
	for _, name := range s.people {
		r.eng[name] = r.phone(name)
	}
	edgeConfig := wire.Default()
	edgeConfig.Listen = []wire.Listen{{Transport: wire.UDP, Addr: "127.0.0.1:0"}}
	edge, err := wire.New(edgeConfig, wire.Deps{})
	r.must(err)
	stack := dialog.NewStack(edge, dialog.Default(), dialog.Deps{})
	edge.SetHandler(stack)
	r.must(edge.Listen(t.Context()))
	r.uri = "sip:hotline@" + edge.Addr(wire.UDP).String()
	trunkConfig := trunk.Default()
	trunkConfig.Operators = []trunk.Operator{
		{Name: "op", Host: "127.0.0.1", Port: int(r.client.Addr("udp").Port()), Number: "+74957770000", NoOptions: true},
	}
	trunks, err := trunk.New(trunkConfig, trunk.Deps{Sender: edge})
	r.must(err)
	edge.SetAdmission(trunks.Admit)
	mediaConfig := media.Default()
	mediaConfig.Bind, mediaConfig.Shards = loopback, 1
	mediaConfig.MinPort, mediaConfig.MaxPort, mediaConfig.Drain = 20000, 29998, time.Millisecond
	pool, err := media.NewPool(mediaConfig)
	r.must(err)
	engine, err := b2bua.New(b2bua.Default(), b2bua.Deps{Stack: stack, Pool: pool, Trunks: trunks})
	r.must(err)
	r.engine = engine
	r.desk = &desk{rig: r, changed: make(chan struct{})}
	r.desk.plan = dispatch.Plan{
		Line:   dispatch.LineInfo{ID: "main", Language: "ru", Schedule: "main", Record: true},
		Rounds: 1, AnswerAfter: 15 * time.Second, ProgressEvery: 20 * time.Second,
		Rungs: []dispatch.Rung{{Name: "first", RingTime: 5 * time.Second}},
	}
	for _, name := range s.people {
		r.desk.plan.Rungs[0].Duties = append(r.desk.plan.Rungs[0].Duties, dispatch.Candidate{Person: r.person(name)})
	}
	if s.plan != nil {
		s.plan(r, &r.desk.plan)
	}
	if s.desk != nil {
		s.desk(r.desk)
	}
	cfg := Default()
	cfg.Recordings = t.TempDir()
	if s.cfg != nil {
		s.cfg(&cfg)
	}
	var live rotation.Rotation = r.rotation
	if s.rotation != nil {
		live = s.rotation(r.rotation)
	}
	prompts, err := shortPrompts()
	if s.wordy {
		prompts, err = longPrompts()
	}
	r.must(err)
	r.hotline, err = New(cfg, Deps{
		Engine: engine, Dispatcher: r.desk, Rotation: live, Prompts: prompts, Trunks: trunks,
		Arbiter: s.arbiter, Node: "a", FreeSpace: s.free, Registerer: r.figures,
		People: func(id string) (oncall.Person, bool) { return r.person(id), r.eng[id] != nil },
	})
	r.must(err)
	r.run(edge.Run, pool.Run)
	r.stopHotline = r.run(r.hotline.Run)
	r.stopEngine = r.run(engine.Run)
	return r
}

// shortPrompts says every clip in a twentieth of a second, so that a whisper
// takes a second and not twelve.
var shortPrompts = sync.OnceValues(func() (*prompt.Library, error) { return beeping(400) })

// longPrompts says every clip in ten seconds.
var longPrompts = sync.OnceValues(func() (*prompt.Library, error) { return beeping(80_000) })

// beeping says every clip in so many samples.
func beeping(samples int) (*prompt.Library, error) {
	dir, err := os.MkdirTemp("", "prompts")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	once := media.Beep()
	sound := once[:min(samples, len(once))]
	for len(sound) < samples {
		sound = slices.Concat(sound, once[:min(samples-len(sound), len(once))])
	}
	beep := prompt.EncodeWAV(sound)
	for _, l := range prompt.Languages() {
		if err := os.Mkdir(filepath.Join(dir, string(l)), 0o700); err != nil {
			return nil, err
		}
		for _, c := range prompt.Clips(l) {
			if err := os.WriteFile(filepath.Join(dir, string(l), c.ID+".wav"), beep, 0o600); err != nil {
				return nil, err
			}
		}
	}
	cfg := prompt.Default()
	cfg.Folder = dir
	return prompt.New(cfg, nil)
}

// run serves until the end of the test; what was started last stops first.
func (r *rig) run(serve ...func(context.Context) error) (end func()) {
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, f := range serve {
		running.Go(func() {
			if err := f(ctx); err != nil && ctx.Err() == nil {
				r.Errorf("serve: %v", err)
			}
		})
	}
	end = func() {
		stop()
		running.Wait()
	}
	r.Cleanup(end)
	return end
}

func (r *rig) phone(name string) *phone.Phone {
	r.Helper()
	cfg := phone.Default()
	cfg.Name = name
	p, stop, err := phone.Start(context.Background(), cfg)
	r.must(err)
	r.Cleanup(func() {
		if err := stop(); err != nil {
			r.Error(err)
		}
	})
	return p
}

func (r *rig) person(id string) oncall.Person {
	p := oncall.Person{ID: id, Name: id}
	if e := r.eng[id]; e != nil {
		p.Devices = []oncall.Device{{Kind: oncall.Softphone, URI: e.URI()}}
	}
	return p
}

// answers says how an engineer's phone reacts.
func (r *rig) answers(name string, a phone.Answer) {
	r.Helper()
	r.must(r.eng[name].Answer(a))
}

// dial calls the hotline.
func (r *rig) dial(o phone.Options) *phone.Session {
	r.Helper()
	s, err := r.client.Dial(r.Context(), r.uri, o)
	r.must(err)
	return s
}

func (r *rig) wait(s *phone.Session, kind phone.Kind) phone.Event {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	e, err := s.Wait(ctx, kind)
	if err != nil {
		r.Fatalf("wait for %s: %v\n%s", kind, err, s.Trace())
	}
	return e
}

// incoming is the nth call that a phone receives, from 1.
func (r *rig) incoming(p *phone.Phone, nth int) *phone.Session {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	s, err := p.Incoming(ctx, nth-1)
	r.must(err)
	return s
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// free expects that everybody can be claimed: no call holds anybody.
func (r *rig) free(people ...string) {
	r.Helper()
	for i, p := range people {
		_, ok, err := r.rotation.Claim(r.Context(), rotation.ClaimRequest{Call: "test", Attempt: strconv.Itoa(i), Candidates: []string{p}})
		if err != nil || !ok {
			r.Errorf("%s is still claimed (%v)", p, err)
		}
	}
}

// desk is a dispatcher in memory.
type desk struct {
	rig    *rig
	plan   dispatch.Plan
	deny   func() error // of OpenCall
	hold   chan struct{}
	acking func() // called before an acknowledgement is on record

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced by every record
	opened   map[string]string
	signals  []dispatch.CallSignal
	attempts []dispatch.Attempt
	rings    []dispatch.Ring
	accepted []dispatch.Accepted
	acked    []string
	noted    []noted
	outcomes []dispatch.Outcome
}

// noted is one line of the log.
type noted struct {
	text string
	at   time.Time
}

func (d *desk) note(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
	close(d.changed)
	d.changed = make(chan struct{})
}

func (d *desk) OpenCall(ctx context.Context, sig dispatch.Signal) (dispatch.Opened, error) {
	if d.hold != nil {
		select {
		case <-d.hold:
		case <-ctx.Done():
			return dispatch.Opened{}, ctx.Err()
		}
	}
	if d.deny != nil {
		if err := d.deny(); err != nil {
			return dispatch.Opened{}, err
		}
	}
	var number string
	d.note(func() {
		if d.opened == nil {
			d.opened = map[string]string{}
		}
		if d.opened[sig.Key] == "" {
			d.opened[sig.Key] = fmt.Sprintf("VH-26-%06d", len(d.opened)+1)
		}
		number = d.opened[sig.Key]
		d.signals = append(d.signals, *sig.Call)
	})
	return dispatch.Opened{Ref: dispatch.Ref{ID: number, Number: number}, Caller: client.Number(sig.Call.Caller), OpenedAt: sig.At}, nil
}

func (d *desk) Plan(_ string, ref dispatch.Ref, now time.Time) (dispatch.Plan, error) {
	p := d.plan
	p.Ref, p.At = ref, now
	return p, nil
}

func (d *desk) CallBackAllowed(n client.Number) client.Refusal {
	if n == clientNumber {
		return client.NoRefusal
	}
	return client.RefusedForeign
}

func (d *desk) RecordRing(_ context.Context, r dispatch.Ring) error {
	d.note(func() { d.rings = append(d.rings, r) })
	return nil
}

func (d *desk) RecordAttempt(_ context.Context, a dispatch.Attempt) error {
	d.note(func() { d.attempts = append(d.attempts, a) })
	return nil
}

func (d *desk) RecordAccepted(_ context.Context, a dispatch.Accepted) error {
	d.note(func() { d.accepted = append(d.accepted, a) })
	return nil
}

func (d *desk) RecordOutcome(_ context.Context, o dispatch.Outcome) error {
	d.note(func() { d.outcomes = append(d.outcomes, o) })
	return nil
}

func (d *desk) Acknowledge(_ context.Context, ref dispatch.Ref, by, how string, _ time.Time) error {
	if ref.Zero() {
		return errors.New("no ticket")
	}
	if d.acking != nil {
		d.acking()
	}
	d.note(func() { d.acked = append(d.acked, by+" "+how) })
	return nil
}

func (d *desk) AcknowledgePage(ctx context.Context, n dispatch.Notice, at time.Time) error {
	return d.Acknowledge(ctx, n.Ref, n.Person.ID, "voice_page", at)
}

func (d *desk) Note(_ context.Context, ref dispatch.Ref, by dispatch.Author, n ticket.Noted) error {
	if ref.Zero() || by.Person != dispatch.Itself {
		return errors.New("no ticket, or no author")
	}
	d.note(func() { d.noted = append(d.noted, noted{n.Text, by.At}) })
	return nil
}

// outcomes waits until n calls have ended and returns them.
func (r *rig) outcomes(n int) []dispatch.Outcome {
	r.Helper()
	for deadline := time.After(patience); ; {
		r.desk.mu.Lock()
		got, changed := slices.Clone(r.desk.outcomes), r.desk.changed
		r.desk.mu.Unlock()
		if len(got) >= n {
			return got
		}
		select {
		case <-changed:
		case <-deadline:
			r.Fatalf("%d of %d outcomes after %s", len(got), n, patience)
		}
	}
}

// tried are the attempts as "person outcome".
func (r *rig) tried() []string {
	r.desk.mu.Lock()
	defer r.desk.mu.Unlock()
	out := make([]string, len(r.desk.attempts))
	for i, a := range r.desk.attempts {
		out[i] = a.Person + " " + string(a.Outcome)
	}
	return out
}
