package trunk

import (
	"fmt"
	"testing"
	"time"

	"github.com/butlerspb/vahta/sip/wire"
)

// What a registrar's 200 grants, in the ways in which registrars write it. Our contact is sip:line1@198.51.100.9, five
// minutes were asked for.
func TestREGISTERGranted(t *testing.T) {
	t.Parallel()
	ours := wire.URI{Scheme: "sip", User: "line1", Host: "198.51.100.9"}
	for _, tt := range []struct {
		name, expires string
		contacts      []string
		want          time.Duration
	}{
		{"contact parameter", "", []string{"<sip:line1@198.51.100.9>;expires=60"}, time.Minute},
		{"header only", "90", []string{"<sip:line1@198.51.100.9>"}, 90 * time.Second},
		{"both: the smaller", "60", []string{"<sip:line1@198.51.100.9>;expires=3600"}, time.Minute},
		{"both: the smaller, turned round", "3600", []string{"<sip:line1@198.51.100.9>;expires=60"}, time.Minute},
		{"a header of nothing beside a contact", "0", []string{"<sip:line1@198.51.100.9>;expires=60"}, time.Minute},
		{"neither", "", []string{"<sip:line1@198.51.100.9>"}, 5 * time.Minute},
		{"no contact at all", "", nil, 5 * time.Minute},
		{"no contact, header", "120", nil, 2 * time.Minute},
		{"default port written", "", []string{"<sip:line1@198.51.100.9:5060>;expires=60"}, time.Minute},
		{"quoted", "", []string{`<sip:line1@198.51.100.9>;expires="60"`}, time.Minute},
		{"among others, in one header", "", []string{"<sip:line1@198.51.100.8>;expires=7, <sip:line1@198.51.100.9>;expires=60, <sip:x@y>;expires=8"}, time.Minute},
		{"among others, in several", "", []string{"<sip:x@y>;expires=7", "<sip:line1@198.51.100.9>;expires=60"}, time.Minute},
		{"rewritten by NAT", "", []string{"<sip:line1@203.0.113.5:40000>;expires=60"}, time.Minute},
		{"rewritten, beside an older one", "", []string{"<sip:line1@203.0.113.5:40000>;expires=60", "<sip:line1@203.0.113.5:40001>;expires=30"}, time.Minute},
		{"rewritten beyond recognition", "", []string{"<sip:abc@sbc.example>;expires=60"}, time.Minute},
		{"not kept", "60", []string{"<sip:a@b>;expires=60", "<sip:c@d>;expires=60"}, 0},
		{"removed", "", []string{"<sip:line1@198.51.100.9>;expires=0"}, 0},
		{"not a number", "", []string{"<sip:line1@198.51.100.9>;expires=soon"}, 0},
		{"too big a number", "", []string{"<sip:line1@198.51.100.9>;expires=99999999999999999999"}, longest},
	} {
		req := wire.NewRequest(wire.REGISTER, wire.URI{Scheme: "sip", Host: "op.example"})
		res := wire.NewResponse(req, 200, "")
		if tt.expires != "" {
			_ = res.Add("Expires", tt.expires)
		}
		for _, c := range tt.contacts {
			_ = res.Add("Contact", c)
		}
		if got := readReply(res, ours, 5*time.Minute).granted; got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestREGISTERDeltaSeconds(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]time.Duration{
		"": 0, "60": time.Minute, " 60 ": time.Minute, "60;duration=5": time.Minute, "60 (in maintenance)": time.Minute,
		`"60"`: time.Minute, "-1": 0, "x": 0, "4294967295": longest, "4294967296": longest,
	} {
		if got := deltaSeconds(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

// Where we want to be called, by flow.
func TestREGISTERContact(t *testing.T) {
	t.Parallel()
	op := Operator{Register: Register{ContactUser: "line1"}}
	for _, tt := range []struct {
		transport wire.Transport
		host      string
		port      int
		want      string
	}{
		{wire.UDP, "198.51.100.9", 5060, "sip:line1@198.51.100.9"},
		{wire.UDP, "198.51.100.9", 5080, "sip:line1@198.51.100.9:5080"},
		{wire.TCP, "vahta.example", 5060, "sip:line1@vahta.example;transport=tcp"},
		{wire.TLS, "2001:db8::9", 5061, "sip:line1@[2001:db8::9];transport=tls"},
		{wire.TLS, "2001:db8::9", 5060, "sip:line1@[2001:db8::9]:5060;transport=tls"},
	} {
		if got := op.contact(wire.Flow{Transport: tt.transport}, tt.host, tt.port).String(); got != tt.want {
			t.Errorf("%s, want %s", got, tt.want)
		}
	}
}

// A target that does not answer is left alone for a while, by calls as well.
func TestREGISTERSilentTargetRests(t *testing.T) {
	t.Parallel()
	x := newExchange()
	registering(t, x, func(o *Operator) { o.NoOptions = true }, func(trunks *Trunks, one *Trunk) {
		kept := one.enrol.show().flow
		x.set(func() { x.dead[kept.Remote.Addr()] = true })
		time.Sleep(2*time.Minute + 30*time.Second) // the renewal, and its patience
		for one.enrol.show().flow == kept {
			time.Sleep(time.Second)
		}
		if got := trunks.ways(one)[0].flow; got == kept || one.Registration() != RegistrationActive {
			t.Errorf("%s goes first, the trunk is %s", got.Remote, one.Registration())
		}
		if got := fmt.Sprint(trunks.Status()[0].Registrar); got == kept.Remote.String() {
			t.Errorf("registered with the dead %s", got)
		}
	})
}
