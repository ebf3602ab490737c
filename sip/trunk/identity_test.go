package trunk

import (
	"net/netip"
	"strings"
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

func TestIdentityOfCallers(t *testing.T) {
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

func TestIdentityLists(t *testing.T) {
	t.Parallel()
	got := wire.SplitList(`"a, \"b\"" <sip:x,y@h>, <sip:z@h>;p="q,r" ,tel:1`)
	want := []string{`"a, \"b\"" <sip:x,y@h>`, `<sip:z@h>;p="q,r"`, `tel:1`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Whom a trunk is believed, case by case. Headers stand as lines, so that one may come twice.
func TestIdentityPolicies(t *testing.T) {
	t.Parallel()
	const (
		pai    = "P-Asserted-Identity"
		rpid   = "Remote-Party-ID"
		ppi    = "P-Preferred-Identity"
		nobody = `"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1`
		ivan   = `"Ivan" <sip:+79161112233@op.example>;tag=1`
	)
	type lines [][2]string
	for _, tt := range []struct {
		name string
		id   Identity
		from string
		head lines
		want string // number, name, and what is special
	}{
		{"sip and tel on two lines", Identity{}, ivan, lines{{pai, `"Petr" <sip:+79990000001@op>`}, {pai, `<tel:+79990000001>`}}, "+79990000001 Petr asserted"},
		{"a name and a number", Identity{}, ivan, lines{{pai, `"Petr" <sip:petr@op>, <tel:+79990000001>`}}, "+79990000001 Petr asserted"},
		{"tel first", Identity{}, ivan, lines{{pai, `<tel:+7-999-000-00-01>, "Petr" <sip:79990000001@op;user=phone>`}}, "+79990000001 Petr asserted"},
		{"two that contradict each other are nobody's", Identity{}, ivan, lines{{pai, `<sip:+79990000001@op>`}, {pai, `<sip:+79990000002@op>`}}, "+79161112233 Ivan"},
		{"an empty one is none", Identity{}, ivan, lines{{pai, ``}, {rpid, `<sip:+79990000003@op>`}}, "+79990000003 Ivan asserted"},
		{"one that cannot be read is none", Identity{}, ivan, lines{{pai, `<sip:`}}, "+79161112233 Ivan"},
		{"one without user part is none", Identity{}, ivan, lines{{pai, `<sip:op.example>`}}, "+79161112233 Ivan"},
		{"PAI before RPID", Identity{}, ivan, lines{{rpid, `<sip:+79990000003@op>`}, {pai, `<sip:+79990000001@op>`}}, "+79990000001 Ivan asserted"},
		{"RPID before PAI where the trunk says so", Identity{Believe: []string{"rpid", "pai"}}, ivan, lines{{rpid, `<sip:+79990000003@op>`}, {pai, `<sip:+79990000001@op>`}}, "+79990000003 Ivan asserted"},
		{"From alone where the trunk says so", Identity{Believe: []string{"from"}}, ivan, lines{{pai, `<sip:+79990000001@op>`}}, "+79161112233 Ivan"},
		{"PPI is not looked at", Identity{}, ivan, lines{{ppi, `<sip:+79990000004@op>`}}, "+79161112233 Ivan"},
		{"PPI where the trunk says so is hearsay", Identity{Believe: []string{"pai", "ppi"}}, ivan, lines{{ppi, `<sip:+79990000004@op>`}}, "+79990000004 Ivan"},
		{"Privacy: id", Identity{}, nobody, lines{{pai, `"Petr" <sip:+79990000001@op>`}, {"Privacy", "id"}}, "anonymous"},
		{"Privacy: header;critical in capitals", Identity{}, ivan, lines{{"Privacy", "Header;CRITICAL"}}, "anonymous"},
		{"Privacy on two lines", Identity{}, ivan, lines{{"Privacy", "critical"}, {"Privacy", "user"}}, "anonymous"},
		{"Privacy: none", Identity{}, ivan, lines{{"Privacy", "none"}}, "+79161112233 Ivan"},
		{"RPID asks for privacy", Identity{}, ivan, lines{{rpid, `<sip:+79990000003@op>;privacy=full`}}, "anonymous"},
		{"RPID without privacy", Identity{}, ivan, lines{{rpid, `<sip:+79990000003@op>;privacy=off;screen=yes`}}, "+79990000003 Ivan asserted"},
		{"anonymous From and no Privacy", Identity{}, nobody, lines{{pai, `<sip:+79990000001@op>`}}, "anonymous"},
		{"privacy that is not honoured", Identity{IgnorePrivacy: true}, nobody, lines{{pai, `"Petr" <sip:+79990000001@op>`}, {"Privacy", "id"}}, "+79990000001 Petr asserted"},
		{"nothing to see even so", Identity{IgnorePrivacy: true}, nobody, lines{{"Privacy", "id"}}, "anonymous"},
		{"a display name that looks like a header stays a name", Identity{}, `"P-Asserted-Identity: <sip:+70000000000@x>" <sip:+79161112233@op>;tag=1`, nil, "+79161112233 P-Asserted-Identity: <sip:+70000000000@x>"},
		{"numbers without a plus", Identity{}, ivan, lines{{pai, `<sip:89990000001@op>`}}, "+79990000001 Ivan asserted"},
	} {
		req := invite(t, "sip:84957770000@vahta.example", map[string]string{"From": tt.from, "To": "<sip:84957770000@vahta.example>"})
		for _, h := range tt.head {
			if err := req.Add(h[0], h[1]); err != nil {
				t.Fatal(err)
			}
		}
		in := identify(req, &Operator{Identity: tt.id})
		got := in.Caller + " " + in.CallerName
		if in.Asserted {
			got += " asserted"
		}
		if in.Anonymous {
			got = strings.TrimSpace(got + "anonymous")
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		if phone := identify(req, nil); !phone.Anonymous && phone.Caller != Normalize(req.From().URI.User) || phone.Asserted {
			t.Errorf("%s: a phone is believed more than its From: %+v", tt.name, phone)
		}
	}
}

// Who sent a forwarded call here last, and which number was dialled first.
func TestDiversion(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		head          [][2]string
		last, first   string
		didByDiverted string // the number called, with did: diversion
	}{
		{"none", nil, "", "", "+74957770000"},
		{"one", [][2]string{{"Diversion", `<sip:+78125550001@op>;reason=no-answer;counter=1`}}, "+78125550001", "+78125550001", "+78125550001"},
		{"two in one header, the newest first", [][2]string{{"Diversion", `"Office" <sip:88125550002@op>;reason=unconditional, <tel:+78125550001>;reason=user-busy`}}, "+78125550002", "+78125550001", "+78125550002"},
		{"two headers", [][2]string{{"Diversion", `<sip:+78125550002@op>`}, {"Diversion", `<sip:+78125550001@op>`}}, "+78125550002", "+78125550001", "+78125550002"},
		{"one that cannot be read is passed over", [][2]string{{"Diversion", `<sip:`}, {"Diversion", `<sip:+78125550001@op>`}}, "+78125550001", "+78125550001", "+78125550001"},
		{
			"History-Info: the first target and the one before ours",
			[][2]string{{"History-Info", `<sip:+78125550001@op?Reason=SIP%3Bcause%3D302>;index=1, <sip:+78125550002@op?Reason=SIP%3Bcause%3D486>;index=1.1, <sip:+74957770000@us>;index=1.1.1`}},
			"+78125550002", "+78125550001", "+78125550002",
		},
		{"History-Info that only names us", [][2]string{{"History-Info", `<sip:+74957770000@us>;index=1`}}, "", "", "+74957770000"},
		{"History-Info of one number at two servers", [][2]string{{"History-Info", `<sip:+74957770000@a>;index=1, <sip:+74957770000@b>;index=1.1`}}, "", "", "+74957770000"},
		{
			"Diversion before History-Info",
			[][2]string{{"History-Info", `<sip:+78125550009@op>;index=1, <sip:+74957770000@us>;index=1.1`}, {"Diversion", `<sip:+78125550001@op>`}},
			"+78125550001", "+78125550001", "+78125550001",
		},
	} {
		req := invite(t, "sip:84957770000@vahta.example", map[string]string{"From": "<sip:+79161112233@op>;tag=1", "To": "<sip:84957770000@us>"})
		for _, h := range tt.head {
			if err := req.Add(h[0], h[1]); err != nil {
				t.Fatal(err)
			}
		}
		in := identify(req, &Operator{DID: DIDFromDiversion})
		if in.Diversion != tt.last || in.Original != tt.first || in.DID != tt.didByDiverted {
			t.Errorf("%s: last %q first %q called %q", tt.name, in.Diversion, in.Original, in.DID)
		}
		if phone := identify(req, nil); phone.Diversion != "" || phone.Original != "" {
			t.Errorf("%s: a phone is believed that somebody forwarded: %+v", tt.name, phone)
		}
	}
}

// Where each kind of operator writes the number that was dialled.
func TestDIDSource(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		op     Operator
		uri    string
		header [2]string
		want   string
	}{
		{"Request-URI", Operator{}, "sip:84957770000@us", [2]string{}, "+74957770000"},
		{"Request-URI in full", Operator{DID: DIDFromRURI}, "sip:+74957770000;phone-context=x@us;user=phone", [2]string{}, "+74957770000"},
		{"To", Operator{DID: DIDFromTo}, "sip:84957770000@us", [2]string{}, "+74957770001"},
		{"P-Called-Party-ID", Operator{DID: DIDFromPCPID}, "sip:84957770000@us", [2]string{"P-Called-Party-ID", "<sip:+74957770002@ims;user=phone>"}, "+74957770002"},
		{"P-Called-Party-ID that is not there", Operator{DID: DIDFromPCPID}, "sip:84957770000@us", [2]string{}, "+74957770000"},
		{"a header with a number", Operator{DID: "header:X-DID"}, "sip:login@us", [2]string{"X-DID", "8 (495) 777-00-03"}, "+74957770003"},
		{"a header with an address", Operator{DID: "header:x-did"}, "sip:login@us", [2]string{"X-DID", `"Line" <sip:74957770003@op>;x=y`}, "+74957770003"},
		{"a header with a bare address", Operator{DID: "header:X-DID"}, "sip:login@us", [2]string{"X-DID", `sip:74957770003@op;x=y`}, "+74957770003"},
		{"a header with a number and parameters", Operator{DID: "header:X-DID"}, "sip:login@us", [2]string{"X-DID", `74957770003;x=y`}, "+74957770003"},
		{"a header that is not there", Operator{DID: "header:X-DID"}, "sip:84957770000@us", [2]string{}, "+74957770000"},
		{"fixed", Operator{DID: "fixed:8 495 777-00-04"}, "sip:login@us", [2]string{}, "+74957770004"},
		{"the login as Request-URI: To says it", Operator{Auth: Auth{User: "login"}}, "sip:login@us", [2]string{}, "+74957770001"},
		{"the login in capitals", Operator{Auth: Auth{User: "login"}}, "sip:LOGIN@us", [2]string{}, "+74957770001"},
		{"the login as Request-URI and as To: the trunk's number", Operator{Auth: Auth{User: "login"}, Number: "8 495 777-00-05"}, "sip:login@us", [2]string{"To", "<sip:login@us>"}, "+74957770005"},
		{"the same without a number", Operator{Auth: Auth{User: "login"}}, "sip:login@us", [2]string{"To", "<sip:login@us>"}, "login"},
		{"a login that is the number", Operator{Auth: Auth{User: "74957770006"}, Number: "+74957770006"}, "sip:74957770006@us", [2]string{"To", "<sip:74957770006@us>"}, "+74957770006"},
		{"a contact that is not the login", Operator{Auth: Auth{User: "login"}, Register: Register{ContactUser: "line7"}}, "sip:line7@us", [2]string{}, "+74957770001"},
	} {
		req := invite(t, tt.uri, map[string]string{"From": "<sip:+79161112233@op>;tag=1", "To": "<sip:+74957770001@us>"})
		if tt.header[0] != "" {
			if err := req.Set(tt.header[0], tt.header[1]); err != nil {
				t.Fatal(err)
			}
		}
		if got := identify(req, &tt.op).DID; got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	for text, good := range map[string]bool{
		"": true, "ruri": true, "p-called-party-id": true, "header:X-DID": true, "fixed:+74957770000": true,
		"header:": false, "header:X DID": false, "header:X:": false, "fixed:": false, "via": false, "fixed": false,
	} {
		if err := DIDSource(text).validate(); (err == nil) != good {
			t.Errorf("did: %q: %v", text, err)
		}
	}
}

// Several accounts at one operator share its servers; which one is called the request says.
func TestDIDSourceOfSeveralAccounts(t *testing.T) {
	t.Parallel()
	cfg := Default()
	account := func(name, user, number string) Operator {
		return Operator{Name: name, Host: "192.0.2.1", Number: number, Auth: Auth{User: user, Password: "x"}, Register: Register{Enabled: true}}
	}
	cfg.Operators = []Operator{
		account("one", "login1", "+74957770001"), account("two", "login2", "+74957770002"),
		{Name: "numbers", Host: "192.0.2.9", Sources: []string{"192.0.2.1"}, Number: "+74957770003"},
		{Name: "elsewhere", Host: "192.0.2.8", Number: "+74957770004", Auth: Auth{User: "login4", Password: "x"}},
	}
	trunks, err := New(cfg, Deps{})
	if err != nil {
		t.Fatal(err)
	}
	for user, want := range map[string]string{
		"login1": "one +74957770001", "login2": "two +74957770002", "74957770002": "two +74957770002", "+74957770003": "numbers +74957770003",
		"login4": "one login4", "+74957770009": "one +74957770009",
	} {
		req := invite(t, "sip:"+user+"@us", map[string]string{"From": "<sip:+79161112233@op>;tag=1", "To": "<sip:" + user + "@us>"})
		req.Arrived(wire.Flow{Transport: wire.UDP, Remote: netip.MustParseAddrPort("192.0.2.1:5060")})
		one, in, ok := trunks.Identify(req)
		if got := in.Trunk + " " + in.DID; !ok || got != want || one.Name() != in.Trunk {
			t.Errorf("%s: %s, want %s", user, got, want)
		}
	}
}
