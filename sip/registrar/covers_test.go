package registrar

import (
	"testing"

	"github.com/butlerspb/vahta/sip/wire"
)

// What the hash covers has to be what is asked for (RFC 7616 section 3.4.6): credentials that were made for one number are
// no good for another. Hosts, ports and parameters may differ: things on the way rewrite them.
func TestRegistrarCredentialsForAnotherURI(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, tt := range []struct {
		method   wire.Method
		asked    string // the Request-URI
		computed string // what the credentials are for
		want     int    // the refusal; 0 = anna is let in
	}{
		{wire.INVITE, "sip:100@vahta.example", "sip:100@vahta.example", 0},
		{wire.INVITE, "sip:100@192.0.2.1:5060;transport=tcp", "sip:100@vahta.example", 0},
		{wire.INVITE, "sip:100@vahta.example", "sips:100@VAHTA.example:5061;user=phone", 0},
		{wire.INVITE, "sip:+74950000001@vahta.example", "sip:100@vahta.example", wire.StatusBadRequest},
		{wire.INVITE, "sip:100@vahta.example", "sip:vahta.example", wire.StatusBadRequest},
		{wire.INVITE, "sip:vahta.example", "sip:100@vahta.example", wire.StatusBadRequest},
		{wire.INVITE, "sip:Anna@vahta.example", "sip:anna@vahta.example", wire.StatusBadRequest},
		{wire.INVITE, "sip:100@vahta.example", "/100", wire.StatusBadRequest},
		{wire.REGISTER, "sip:vahta.example", "sip:192.0.2.1:5060;transport=udp", 0},
		{wire.REGISTER, "sip:vahta.example", "sip:anna@vahta.example", 0},
		{wire.REGISTER, "sip:boris@vahta.example", "sip:anna@vahta.example", wire.StatusBadRequest},
		{wire.REGISTER, "sip:vahta.example", "/", wire.StatusBadRequest},
	} {
		r.refused = nil
		p := r.phone("anna", r.password, "udp 192.0.2.7:1", "<sip:a@h>")
		uri, err := wire.ParseURI(tt.asked)
		if err != nil {
			t.Fatal(err)
		}
		req := p.requestTo(uri, tt.method)
		value, err := p.client.Authorize(r.digest.Challenge(r.now(), source(req), false), req.Method(), tt.computed, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := req.Set("Authorization", value); err != nil {
			t.Fatal(err)
		}
		status := 0
		if tt.method == wire.REGISTER {
			if res := r.answer(req); res.Status() != wire.StatusOK {
				status = res.Status()
			}
		} else {
			in := &incoming{req: req}
			r.Authenticate(in)
			status = in.status
		}
		if status != tt.want {
			t.Errorf("%s %s with credentials for %s: %d, want %d", tt.method, tt.asked, tt.computed, status, tt.want)
		}
		if told := len(r.refused) == 1 && r.refused[0].Why == WhyURI && r.refused[0].User == "anna"; told != (tt.want != 0) {
			t.Errorf("%s %s with credentials for %s: told %v", tt.method, tt.asked, tt.computed, r.refused)
		}
	}
}
