package trunk

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/sip/wire"
)

func invite(t *testing.T, uri string, headers map[string]string) *wire.Request {
	t.Helper()
	u, err := wire.ParseURI(uri)
	if err != nil {
		t.Fatal(err)
	}
	req := wire.NewRequest(wire.INVITE, u)
	for name, value := range headers {
		if err := req.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	return req
}

func TestIdentify(t *testing.T) {
	t.Parallel()
	const (
		uri  = "sip:84957770000@vahta.example"
		from = `"Ivan" <sip:89161112233@operator.example>;tag=1`
		to   = `<sip:+74957770001@vahta.example>`
	)
	for _, tt := range []struct {
		name    string
		did     DIDSource
		trusted bool
		headers map[string]string
		want    Inbound
	}{
		{
			"From of a phone", DIDFromRURI, false,
			map[string]string{"From": from, "To": to, "P-Asserted-Identity": "<sip:+79990000000@x>"},
			Inbound{DID: "+74957770000", Caller: "+79161112233", CallerName: "Ivan"},
		},
		{
			"asserted by an operator", DIDFromRURI, true,
			map[string]string{"From": from, "To": to, "P-Asserted-Identity": `"Petr, Inc" <sip:+79990000000@x>, <tel:+79990000000>`},
			Inbound{DID: "+74957770000", Caller: "+79990000000", CallerName: "Petr, Inc", Asserted: true},
		},
		{
			"name from From when the assertion has none", DIDFromRURI, true,
			map[string]string{"From": from, "To": to, "P-Asserted-Identity": `<tel:+79990000000>`},
			Inbound{DID: "+74957770000", Caller: "+79990000000", CallerName: "Ivan", Asserted: true},
		},
		{
			"remote party when nothing is asserted", DIDFromRURI, true,
			map[string]string{"From": from, "To": to, "Remote-Party-ID": `<sip:79990000001@x>;party=calling`},
			Inbound{DID: "+74957770000", Caller: "+79990000001", CallerName: "Ivan", Asserted: true},
		},
		{
			"called number in To", DIDFromTo, true,
			map[string]string{"From": from, "To": to},
			Inbound{DID: "+74957770001", Caller: "+79161112233", CallerName: "Ivan"},
		},
		{
			"called number in Diversion", DIDFromDiversion, true,
			map[string]string{"From": from, "To": to, "Diversion": `<sip:84957770002@x>;reason=no-answer, <sip:84957770003@x>`},
			Inbound{DID: "+74957770002", Caller: "+79161112233", CallerName: "Ivan", Diversion: "+74957770002", Original: "+74957770003"},
		},
		{
			"no Diversion falls back to the Request-URI", DIDFromDiversion, true,
			map[string]string{"From": from, "To": to},
			Inbound{DID: "+74957770000", Caller: "+79161112233", CallerName: "Ivan"},
		},
		{
			"anonymous by From", DIDFromRURI, true,
			map[string]string{"From": `"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1`, "To": to},
			Inbound{DID: "+74957770000", Anonymous: true},
		},
		{
			"anonymous by Privacy hides what is asserted", DIDFromRURI, true,
			map[string]string{"From": from, "To": to, "Privacy": "critical; id", "P-Asserted-Identity": `<tel:+79990000000>`},
			Inbound{DID: "+74957770000", Anonymous: true},
		},
		{
			"Privacy: none hides nothing", DIDFromRURI, true,
			map[string]string{"From": from, "To": to, "Privacy": "none"},
			Inbound{DID: "+74957770000", Caller: "+79161112233", CallerName: "Ivan"},
		},
	} {
		var op *Operator
		if tt.trusted {
			op = &Operator{DID: tt.did}
		}
		got := identify(invite(t, uri, tt.headers), op)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.name, diff)
		}
	}
}

func TestSplitList(t *testing.T) {
	t.Parallel()
	got := splitList(`"a, \"b\"" <sip:x,y@h>, <sip:z@h>;p="q,r" ,tel:1`)
	want := []string{`"a, \"b\"" <sip:x,y@h>`, `<sip:z@h>;p="q,r"`, `tel:1`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
