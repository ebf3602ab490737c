package wire

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"pgregory.net/rapid"
)

const goodInvite = "INVITE sip:112@192.0.2.1 SIP/2.0\r\n" +
	"Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK1;rport\r\n" +
	"From: \"A, \\\"B\\\"\" <sip:+78120000001@192.0.2.9>;tag=x\r\nTo: <sip:112@192.0.2.1>\r\n" +
	"Call-ID: c1@192.0.2.9\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContact: <sip:a@192.0.2.9:5070>\r\n" +
	"Content-Type: application/sdp\r\nContent-Length: 4\r\n\r\nv=0\n"

func testLimits() limits { return limits{size: 16 << 10, headers: 64, uri: 256} }

func TestScan(t *testing.T) {
	t.Parallel()
	swap := func(old, now string) string { return strings.Replace(goodInvite, old, now, 1) }
	for name, c := range map[string]struct {
		msg  string
		want fault
	}{
		"good":                    {goodInvite, faultNone},
		"bare LF":                 {strings.ReplaceAll(goodInvite, "\r\n", "\n"), faultBareLF},
		"one bare LF":             {swap("\r\nMax", "\nMax"), faultBareLF},
		"NUL in a header":         {swap("Max-Forwards: 70", "Max-Forwards: 70\r\nX: a\x00b"), faultNUL},
		"SIP/3.0":                 {swap("SIP/2.0\r\n", "SIP/3.0\r\n"), faultVersion},
		"no version":              {swap(" SIP/2.0\r\n", "\r\n"), faultUnparsable},
		"two blanks":              {swap("INVITE sip", "INVITE  sip"), faultStartLine},
		"blank in URI":            {swap("sip:112@192.0.2.1 SIP", "sip:112 @192.0.2.1 SIP"), faultStartLine},
		"long URI":                {swap("sip:112@", "sip:"+strings.Repeat("1", 300)+"@"), faultURITooLong},
		"http":                    {swap("sip:112@192.0.2.1 SIP", "http://example.org SIP"), faultScheme},
		"no To":                   {swap("To: <sip:112@192.0.2.1>\r\n", ""), faultMissing},
		"no Call-ID":              {swap("Call-ID: c1@192.0.2.9\r\n", ""), faultMissing},
		"two Content-Lengths":     {swap("Content-Length: 4", "Content-Length: 4\r\nl: 4"), faultDuplicate},
		"negative length":         {swap("Content-Length: 4", "Content-Length: -4"), faultLength},
		"length beyond the end":   {swap("Content-Length: 4", "Content-Length: 5"), faultLength},
		"CSeq of another method":  {swap("1 INVITE", "1 BYE"), faultCSeq},
		"CSeq of 2^31":            {swap("1 INVITE", "2147483648 INVITE"), faultCSeq},
		"CSeq of 2^31-1":          {swap("1 INVITE", "2147483647 INVITE"), faultNone},
		"CSeq folded":             {swap("1 INVITE", "1\r\n  INVITE"), faultNone},
		"Max-Forwards 256":        {swap("Max-Forwards: 70", "Max-Forwards: 256"), faultMaxForwards},
		"open quote":              {swap("\"A, ", "A\", "), faultNone}, // balanced in another way
		"odd quote":               {swap("\"A, \\\"B\\\"\" <", "\"A <"), faultAddress},
		"no closing bracket":      {swap("192.0.2.9>;tag", "192.0.2.9;tag"), faultAddress},
		"blank before colon":      {swap("To:", "To :"), faultNone},
		"blank in header name":    {swap("Max-Forwards:", "Max Forwards:"), faultHeaderSyntax},
		"no colon":                {swap("Max-Forwards: 70", "rubbish"), faultHeaderSyntax},
		"too many headers":        {swap("Max-Forwards: 70", strings.Repeat("X: 1\r\n", 64)+"Max-Forwards: 70"), faultManyHeaders},
		"too large":               {goodInvite + strings.Repeat("x", 16<<10), faultOversize},
		"no empty line":           {strings.Split(goodInvite, "\r\n\r\n")[0] + "\r\n", faultTruncated},
		"response":                {swap("INVITE sip:112@192.0.2.1 SIP/2.0", "SIP/2.0 200 OK"), faultNone},
		"response of four digits": {swap("INVITE sip:112@192.0.2.1 SIP/2.0", "SIP/2.0 2000 OK"), faultStartLine},
	} {
		data := []byte(c.msg)
		s := scan(data, testLimits())
		if s.fault != c.want {
			t.Errorf("%s: %s, want %s", name, s.fault, c.want)
		}
	}
}

func TestScanAllocatesNothing(t *testing.T) { //nolint:paralleltest // allocations are counted for the whole process
	data := []byte(goodInvite)
	if n := testing.AllocsPerRun(100, func() { scan(data, testLimits()) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func parsed(t *testing.T, msg string) *Request {
	t.Helper()
	m, err := sip.NewParser(sip.WithHeadersParsers(headerParsers())).ParseSIP([]byte(msg))
	if err != nil {
		t.Fatalf("%v in %q", err, msg)
	}
	return wrapRequest(m.(*sip.Request), Flow{Transport: UDP, Remote: netip.MustParseAddrPort("192.0.2.9:5070")}, time.Time{})
}

func TestValidate(t *testing.T) {
	t.Parallel()
	swap := func(old, now string) string { return strings.Replace(goodInvite, old, now, 1) }
	extra := func(h string) string { return swap("Max-Forwards: 70", "Max-Forwards: 70\r\n"+h) }
	mixed := "--b\r\nContent-Type: application/pidf+xml\r\n\r\n<x/>\r\n--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--\r\n"
	multipart := strings.Split(goodInvite, "Content-Type")[0] + "Content-Type: multipart/mixed;boundary=b\r\n\r\n" + mixed
	for name, c := range map[string]struct {
		msg  string
		want int
	}{
		"good":                  {goodInvite, 0},
		"unknown method":        {strings.ReplaceAll(goodInvite, "INVITE", "FETCH"), 501},
		"scheme":                {swap("sip:112@192.0.2.1 SIP", "isbn:112 SIP"), 416},
		"tel":                   {swap("sip:112@192.0.2.1 SIP", "tel:112;phone-context=+7812 SIP"), 0},
		"headers in the URI":    {swap("192.0.2.1 SIP", "192.0.2.1?Route=x SIP"), 400},
		"Require":               {extra("Require: 100rel, timer"), 420},
		"Require what we have":  {extra("Require: timer"), 0},
		"Proxy-Require":         {extra("Proxy-Require: x"), 420},
		"Max-Forwards 0":        {swap("Max-Forwards: 70", "Max-Forwards: 0"), 483},
		"Accept":                {extra("Accept: text/plain"), 406},
		"Accept any":            {extra("Accept: text/plain, application/*;q=0.2"), 0},
		"body type":             {swap("application/sdp", "text/plain"), 415},
		"optional body":         {swap("Content-Type: application/sdp", "Content-Type: text/plain\r\nContent-Disposition: render;handling=optional"), 0},
		"body encoding":         {extra("Content-Encoding: gzip"), 415},
		"body without type":     {swap("Content-Type: application/sdp\r\n", ""), 400},
		"multipart":             {multipart, 0},
		"multipart without SDP": {strings.Replace(multipart, "application/sdp", "text/plain", 1), 415},
		"bad Contact":           {swap("Contact: <sip:a@192.0.2.9:5070>", "Contact: <sip:>"), 400},
	} {
		got := 0
		if err := validate(parsed(t, c.msg), []string{"timer"}); err != nil {
			got = err.Status
		}
		if got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	if got := string(parsed(t, multipart).SDP()); got != "v=0" {
		t.Errorf("SDP part is %q", got)
	}
	err := validate(parsed(t, extra("Require: 100rel, timer")), []string{"timer"})
	if res := err.Response(parsed(t, goodInvite)); res.Header("Unsupported") != "100rel" {
		t.Errorf("Unsupported is %q", res.Header("Unsupported"))
	}
}

func TestURIAndNameAddr(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"sip:112@192.0.2.1", "sips:a:b@example.org:5061;transport=tls", "tel:+78120000001", "tel:112;phone-context=+7812",
		"sip:user;par=u%40example.net@example.com", "sip:[2001:db8::1]:5070;lr", "sip:a@h?Subject=x", "isbn:2983792873",
	} {
		u, err := ParseURI(s)
		if err != nil || u.String() != s {
			t.Errorf("%q became %q, %v", s, u.String(), err)
		}
	}
	for _, s := range []string{"", "sip:", "112", "sip:a@h:99999", "sip:a b@h", "sip:a@h\r\nX: 1", "sip:[::1", "tel:", "sip:@h"} {
		if u, err := ParseURI(s); err == nil {
			t.Errorf("%q was read as %+v", s, u)
		}
	}
	for _, c := range []struct{ in, display, user, tag string }{
		{`"A \"B\", C" <sip:u@h;x=1>;tag=t`, `A "B", C`, "u", "t"},
		{`Анна <sip:u@h>`, "Анна", "u", ""},
		{`sip:u@h;tag=t`, "", "u", "t"},
		{`<tel:+7812>;tag="q"`, "", "+7812", `"q"`},
		{`sip:v@h ;   tag    = 19`, "", "v", "19"},
	} {
		n, err := ParseNameAddr(c.in)
		if err != nil || n.Display != c.display || n.URI.User != c.user || n.Tag() != c.tag {
			t.Errorf("%q became %+v, %v", c.in, n, err)
		}
	}
	for _, s := range []string{"", `"a <sip:u@h>`, "<sip:u@h", "a <sip:u@h> b", `"a" sip:u@h`} {
		if _, err := ParseNameAddr(s); err == nil {
			t.Errorf("%q was read", s)
		}
	}
}

func TestNameAddrSurvivesWriting(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := NameAddr{
			Display: rapid.StringMatching(`[ -~а-я]{0,20}`).Draw(t, "display"),
			URI:     URI{Scheme: "sip", User: rapid.StringMatching(`[a-z0-9+;=]{1,10}`).Draw(t, "user"), Host: "example.org"},
		}.WithTag(rapid.StringMatching(`[a-z0-9]{1,8}`).Draw(t, "tag"))
		out, err := ParseNameAddr(in.String())
		if err != nil || out.Display != in.Display || out.URI.User != in.URI.User || out.Tag() != in.Tag() {
			t.Fatalf("%+v became %+v, %v", in, out, err)
		}
	})
}

func TestHeaderFormsAreOne(t *testing.T) {
	t.Parallel()
	r := parsed(t, strings.NewReplacer("Contact:", "m:", "Call-ID:", "i:").Replace(goodInvite))
	if r.CallID() != "c1@192.0.2.9" || r.Header("Call-ID") != r.Header("i") || r.Header("CONTACT") == "" {
		t.Errorf("Call-ID %q, Contact %q", r.CallID(), r.Header("contact"))
	}
	if err := r.Set("Contact", "<sip:b@h>"); err != nil {
		t.Fatal(err)
	}
	if got := r.Headers("m"); !slices.Equal(got, []string{"<sip:b@h>"}) {
		t.Errorf("contacts are %q", got)
	}
	if err := r.Add("Record-Route", "<sip:p1;lr>, <sip:p2;lr>"); err != nil {
		t.Fatal(err)
	}
	if got := r.RecordRoute(); !slices.Equal(got, []string{"<sip:p1;lr>", "<sip:p2;lr>"}) {
		t.Errorf("routes are %q", got)
	}
}

func TestBucketsAreBounded(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	b := newBuckets(1, 2, 3)
	a := netip.MustParseAddr("192.0.2.1")
	for i, want := range []bool{true, true, false} {
		if b.take(a, now) != want {
			t.Errorf("message %d of a burst of 2: taken %v", i+1, !want)
		}
	}
	if !b.take(a, now.Add(time.Second)) {
		t.Error("nothing came back after a second")
	}
	for range 100 {
		a = a.Next()
		b.take(a, now)
	}
	if len(b.m) > 3 {
		t.Errorf("%d sources in the table", len(b.m))
	}
	a = a.Next()
	b.take(a, now.Add(time.Minute))
	if len(b.m) != 1 {
		t.Errorf("%d sources after a minute", len(b.m))
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	if got := mask("From: +78121234567\r\nport 50600", 100); got != "From: +*********67 \nport 50600" {
		t.Errorf("got %q", got)
	}
}

func TestConfigFaultsAreJoined(t *testing.T) {
	t.Parallel()
	c := Default()
	c.Listen = []Listen{{Transport: "sctp", Addr: "x"}, {Transport: UDP, Addr: "5060"}}
	c.Rate, c.Idle = 0, 0
	err := c.Validate()
	for _, part := range []string{"listen[0].transport", "listen[1].addr", "rate", "idle"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q is missing in %v", part, err)
		}
	}
}

func FuzzScan(f *testing.F) {
	f.Add([]byte(goodInvite))
	f.Add([]byte("SIP/2.0 200 OK\r\nv: a\r\n b\r\n\r\n"))
	f.Add([]byte("\n \n:\r"))
	parser := sip.NewParser(sip.WithHeadersParsers(headerParsers()))
	from := netip.MustParseAddrPort("192.0.2.9:5070")
	f.Fuzz(func(t *testing.T, data []byte) {
		s := scan(data, testLimits())
		viaPort(s.via)
		if s.answerable() {
			reply := statelessReply(data, &s, 400, "t")
			if r := scan(reply, limits{size: 1 << 20, headers: 1 << 10, uri: 1}); !r.response || r.fault == faultBareLF || r.length != 0 {
				t.Errorf("answer %q has %s", reply, r.fault)
			}
		}
		quotedRequest(data)
		if s.fault != faultNone {
			return
		}
		m, err := parser.ParseSIP(data[:s.end(data)])
		if err != nil {
			return
		}
		if req, ok := m.(*sip.Request); ok {
			r := wrapRequest(req, Flow{Transport: UDP, Remote: from}, time.Time{})
			fault := validate(r, nil)
			r.Contacts()
			r.SDP()
			if _, ok := serverKey(r, req.Method); !ok {
				t.Errorf("no key for %q", data)
			}
			if fault != nil {
				fault.Response(r)
			}
		}
	})
}

func FuzzHeaderInjection(f *testing.F) {
	f.Add("Subject", "hi\r\nX-Injected: 1")
	f.Add("X\r\nY", "1")
	f.Add("From", "\"a\" <sip:a@b>;tag=1")
	f.Add("Via", "SIP/2.0/UDP h\n")
	f.Fuzz(func(t *testing.T, name, value string) {
		r := NewRequest(INVITE, URI{Scheme: "sip", Host: "h"})
		before := strings.Count(r.sip.String(), "\n")
		if r.Add(name, value) != nil {
			return
		}
		if n := strings.Count(r.sip.String(), "\n"); n > before+1 || strings.ContainsAny(strings.ReplaceAll(r.sip.String(), "\r\n", ""), "\r\n\x00") {
			t.Errorf("%q: %q wrote %q", name, value, r.sip.String())
		}
	})
}

func FuzzParseURI(f *testing.F) {
	f.Add("sip:a:b@[::1]:5060;x=1?y=2")
	f.Add("tel:+7;phone-context=x")
	f.Fuzz(func(t *testing.T, s string) {
		u, err := ParseURI(s)
		if err != nil {
			return
		}
		if strings.ContainsFunc(u.String(), notURIChar) {
			t.Errorf("%q became %q", s, u.String())
		}
		if again, err := ParseURI(u.String()); err != nil || again.String() != u.String() {
			t.Errorf("%q became %q, then %q, %v", s, u.String(), again.String(), err)
		}
		if _, err := ParseNameAddr("<" + s + ">"); err != nil {
			t.Errorf("%q is a URI but <%s> is no address: %v", s, s, err)
		}
	})
}
