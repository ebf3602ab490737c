package trunk

import (
	"context"
	"encoding/binary"
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/butlerspb/vahta/sip/digest"
	"github.com/butlerspb/vahta/sip/locate"
	"github.com/butlerspb/vahta/sip/wire"
)

// exchange is an operator in memory: a registrar behind several addresses that challenges what it is sent.
type exchange struct {
	mu        sync.Mutex
	server    *digest.Server
	password  string
	algo      []digest.Algorithm
	grant     time.Duration
	least     time.Duration // Min-Expires
	status    int           // answers everything with it, 0 = as it should
	challenge []string      // challenges with it in place of its own
	dead      map[netip.Addr]bool
	answer    func(req *wire.Request, res *wire.Response) // changes a 200
	bound     time.Time                                   // until when it sends us calls
	asked     []time.Time                                 // REGISTERs
	wrong     []time.Time                                 // REGISTERs with a wrong answer
	last      *wire.Request
	lastFlow  wire.Flow
	callIDs   map[string]bool
	cseq      uint64
	unordered int
	ids       int
	only      bool        // whoever registers only asks
	pings     []time.Time // empty lines
	broken    bool        // nothing can be written to us
	sent      int
	messages  []*wire.Request
}

const operatorRealm = "sip.operator.example"

func newExchange() *exchange {
	x := &exchange{password: "secret", grant: 5 * time.Minute, dead: map[netip.Addr]bool{}, callIDs: map[string]bool{}}
	x.restart()
	return x
}

// restart makes the registrar forget its nonces.
func (x *exchange) restart() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.ids++
	secret := make([]byte, 32)
	binary.BigEndian.PutUint64(secret, uint64(x.ids))
	s, err := digest.NewServer(digest.Config{
		Realm: operatorRealm, Secret: secret, NonceLife: 4 * time.Minute, Algorithms: x.algo,
		Rand: func(b []byte) { x.ids++; clear(b); binary.BigEndian.PutUint64(b, uint64(x.ids)) },
	})
	if err != nil {
		panic(err)
	}
	x.server = s
}

func (x *exchange) set(change func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	change()
}

// ping takes an empty line.
func (x *exchange) ping(wire.Flow) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.pings = append(x.pings, time.Now())
	if x.broken {
		return wire.ErrUnreachable
	}
	return nil
}

func (x *exchange) NewTag() string { return "tag" }

func (x *exchange) NewCallID() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.ids++
	return "call" + strconv.Itoa(x.ids)
}

// Ask says that any name has two addresses.
func (x *exchange) Ask(_ context.Context, q locate.Question) (locate.Answer, error) {
	answer := locate.Answer{TTL: time.Minute}
	if q.Kind == locate.KindA && q.Name != "no.such.example" {
		answer.Records = []locate.Record{{Addr: netip.MustParseAddr("192.0.2.1")}, {Addr: netip.MustParseAddr("192.0.2.2")}}
	}
	return answer, nil
}

func (x *exchange) Send(req *wire.Request, to wire.Flow, on func(wire.ClientEvent)) (*wire.ClientTx, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.sent++
	if x.dead[to.Remote.Addr()] {
		return nil, nil //nolint:nilnil // nobody hears it, and there is no transaction to end
	}
	req.Arrived(to)
	var res *wire.Response
	switch req.Method() {
	case wire.REGISTER:
		res = x.register(req, to)
	case wire.MESSAGE:
		res = x.message(req)
	default:
		res = wire.NewResponse(req, 200, "")
	}
	go on(wire.ClientEvent{Response: res})
	return nil, nil //nolint:nilnil // the answer is on its way, there is no transaction to end
}

// authentic judges the credentials; it returns the challenge to send, nil when they are good.
func (x *exchange) authentic(req *wire.Request, status int, asks, answers string) *wire.Response {
	v := x.server.Verify(time.Now(), "us", req.Header(answers), req.Method(), req.Body(), func(user string, a digest.Algorithm) (string, bool) {
		return digest.HA1(a, user, operatorRealm, x.password), user == "login"
	})
	if v.OK && v.URI == req.URI().String() {
		return nil
	}
	if v.Why == digest.WrongResponse {
		x.wrong = append(x.wrong, time.Now())
	}
	res := wire.NewResponse(req, status, "")
	challenges := x.challenge
	if challenges == nil {
		challenges = x.server.Challenge(time.Now(), "us", v.Stale)
	}
	for _, c := range challenges {
		if err := res.Add(asks, c); err != nil {
			panic(err)
		}
	}
	return res
}

func (x *exchange) register(req *wire.Request, to wire.Flow) *wire.Response {
	x.asked, x.last, x.lastFlow = append(x.asked, time.Now()), req, to
	x.callIDs[req.CallID()] = true
	if uint64(req.CSeq()) <= x.cseq {
		x.unordered++
	}
	x.cseq = uint64(req.CSeq())
	if x.status != 0 {
		return wire.NewResponse(req, x.status, "")
	}
	if res := x.authentic(req, 401, "WWW-Authenticate", "Authorization"); res != nil {
		return res
	}
	asked, _ := strconv.Atoi(req.Header("Expires"))
	d := time.Duration(asked) * time.Second
	if d > 0 && d < x.least {
		res := wire.NewResponse(req, 423, "")
		_ = res.Add("Min-Expires", strconv.Itoa(int(x.least/time.Second)))
		return res
	}
	granted := min(d, max(x.grant, x.least))
	x.bound = time.Now().Add(granted)
	res := wire.NewResponse(req, 200, "")
	contact, _ := req.Contact()
	contact.Params = contact.Params.With("expires", strconv.Itoa(int(granted/time.Second)))
	_ = res.Add("Contact", `<sip:login@203.0.113.99:5060>;expires=30`) // what we were before
	_ = res.Add("Contact", contact.String())
	if x.answer != nil {
		x.answer(req, res)
	}
	return res
}

func (x *exchange) message(req *wire.Request) *wire.Response {
	x.messages = append(x.messages, req)
	if x.status != 0 {
		return wire.NewResponse(req, x.status, "")
	}
	if res := x.authentic(req, 407, "Proxy-Authenticate", "Proxy-Authorization"); res != nil {
		return res
	}
	return wire.NewResponse(req, 202, "")
}

func (x *exchange) registered() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return time.Now().Before(x.bound)
}

func (x *exchange) counts() (asked, wrong int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.asked), len(x.wrong)
}

// lines runs a trunk that registers with x, in a bubble of its own time.
func registering(t *testing.T, x *exchange, change func(*Operator), play func(trunks *Trunks, one *Trunk)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cfg := Default()
		cfg.ProbeEvery = time.Minute
		op := Operator{
			Name: "op", Host: operatorRealm, Port: 5060, Number: "+74957770000",
			Auth: Auth{User: "login", Password: "secret"}, Register: Register{Enabled: true, ContactUser: "line1"},
		}
		if change != nil {
			change(&op)
		}
		cfg.Operators = []Operator{op}
		registry := prometheus.NewRegistry()
		trunks, err := New(cfg, Deps{
			Sender: x, DNS: x, Registerer: registry,
			Advertised: func(wire.Flow) (string, int) { return "198.51.100.9", 5060 },
			AskOnly:    x.only,
			KeepAlive:  x.ping,
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = trunks.Run(ctx) })
		synctest.Wait()
		play(trunks, trunks.Get("op"))
		stop()
		running.Wait()
	})
}
