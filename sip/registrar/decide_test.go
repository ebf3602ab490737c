package registrar

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/sip/wire"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// step is one REGISTER of a story.
type step struct {
	after    time.Duration // since the one before
	contacts string        // one header, as it stands on the wire
	expires  string        // header; "" = none
	callID   string        // "" = "boot-1"
	cseq     uint32        // 0 = one more than the last
	from     string        // "" = udp 192.0.2.7:5060
	noRport  bool
	want     string // status, then the bindings: contact@remote/seconds left
}

// story plays REGISTERs of one account and returns what each led to.
func story(t *testing.T, c Config, steps []step) {
	t.Helper()
	now, cseq := t0, uint32(0)
	var list []Binding
	for i, s := range steps {
		now = now.Add(s.after)
		cseq++
		reg := register{account: "anna", callID: "boot-1", cseq: cseq, expires: -1, rport: !s.noRport, ref: fmt.Sprint(i), flow: flow("udp 192.0.2.7:5060")}
		if s.callID != "" {
			reg.callID = s.callID
		}
		if s.cseq != 0 {
			reg.cseq, cseq = s.cseq, s.cseq
		}
		if s.from != "" {
			reg.flow = flow(s.from)
		}
		if s.expires != "" {
			reg.expires = readExpires(s.expires)
		}
		var headers []string
		if s.contacts != "" {
			headers = []string{s.contacts}
		}
		contacts, all, ok := readContacts(headers)
		got := "400"
		if ok {
			reg.contacts, reg.all = contacts, all
			is, refused := c.decide(list, reg, now)
			if refused != nil {
				got = fmt.Sprint(refused.status)
			} else {
				list, got = is, "200"
			}
		}
		if got == "200" {
			got = "200" + show(list, now)
		}
		if d := cmp.Diff(s.want, got); d != "" {
			t.Errorf("REGISTER %d, %q Expires %q (-want +got):\n%s", i, s.contacts, s.expires, d)
		}
	}
}

func show(list []Binding, now time.Time) string {
	var s strings.Builder
	for i := range list {
		b := &list[i]
		u, _ := b.uri()
		fmt.Fprintf(&s, " %s@%s/%.0f", u.User, b.Remote, b.Until.Sub(now).Seconds())
		if b.Behind {
			s.WriteString("/nat")
		}
	}
	return s.String()
}

func flow(s string) wire.Flow {
	transport, addr, _ := strings.Cut(s, " ")
	return wire.Flow{Transport: wire.Transport(transport), Local: netip.MustParseAddrPort("192.0.2.1:5060"), Remote: netip.MustParseAddrPort(addr)}
}

func TestRegistrarBindings(t *testing.T) {
	t.Parallel()
	const a, b = "<sip:a@192.0.2.7:5060>", "<sip:b@192.0.2.8:5060>"
	one := `<sip:x1@10.0.0.5:5060>;+sip.instance="<urn:uuid:1>"`
	for name, steps := range map[string][]step{
		"a query changes nothing": {
			{contacts: a, want: "200 a@192.0.2.7:5060/120"},
			{after: 20 * time.Second, want: "200 a@192.0.2.7:5060/100"},
		},
		"it runs out": {
			{contacts: a, expires: "60", want: "200 a@192.0.2.7:5060/60"},
			{after: 60 * time.Second, want: "200"},
		},
		"the parameter goes before the header, both are cut": {
			{contacts: a + ";expires=40", expires: "90", want: "200 a@192.0.2.7:5060/40"},
			{contacts: a, expires: "3600", want: "200 a@192.0.2.7:5060/120"},
			{contacts: a + ";expires=4294967295", want: "200 a@192.0.2.7:5060/120"},
			{contacts: a + ";expires=99999999999", want: "200 a@192.0.2.7:5060/120"},
			{contacts: a, expires: "soon", want: "200 a@192.0.2.7:5060/120"},
			{contacts: a, expires: "-5", want: "200 a@192.0.2.7:5060/120"},
		},
		"too brief is 423 and changes nothing": {
			{contacts: a, expires: "60", want: "200 a@192.0.2.7:5060/60"},
			{contacts: a, expires: "29", want: "423"},
			{contacts: a + ";expires=1", expires: "60", want: "423"},
			{want: "200 a@192.0.2.7:5060/60"},
		},
		"removal of one, and of all": {
			{contacts: a, want: "200 a@192.0.2.7:5060/120"},
			{contacts: b, callID: "boot-2", from: "udp 192.0.2.8:5060", want: "200 a@192.0.2.7:5060/120 b@192.0.2.8:5060/120"},
			{contacts: a, expires: "0", want: "200 b@192.0.2.8:5060/120"},
			{contacts: "<sip:nobody@192.0.2.99>;expires=0", want: "200 b@192.0.2.8:5060/120"},
			{contacts: "*", expires: "0", want: "200"},
		},
		"a star stands alone with Expires 0": {
			{contacts: a, want: "200 a@192.0.2.7:5060/120"},
			{contacts: "*", want: "400"},
			{contacts: "*", expires: "60", want: "400"},
			{contacts: "*, " + a, expires: "0", want: "400"},
			{want: "200 a@192.0.2.7:5060/120"},
		},
		"an older request of the same Call-ID fails whole": {
			{contacts: a, cseq: 7, want: "200 a@192.0.2.7:5060/120"},
			{contacts: a, cseq: 7, expires: "60", want: "500"},
			{contacts: a, cseq: 6, expires: "0", want: "500"},
			{contacts: "*", cseq: 5, expires: "0", want: "500"},
			{contacts: b, cseq: 4, want: "500"},
			{contacts: a, cseq: 1, callID: "boot-2", expires: "60", want: "200 a@192.0.2.7:5060/60"},
		},
		"all contacts of a request or none": {
			{contacts: a + ", " + b + ";expires=5", want: "423"},
			{contacts: a + ", <mailto:anna@example.com>", want: "400"},
			{contacts: a + ", <sip:broken", want: "400"},
			{want: "200"},
			{contacts: a + ", " + b, want: "200 a@192.0.2.7:5060/120 b@192.0.2.7:5060/120/nat"},
			{contacts: a + ", " + a + ";expires=60", want: "200 a@192.0.2.7:5060/60"},
		},
		"a phone that comes from a new port leaves nothing behind": {
			{contacts: "<sip:a@10.0.0.5:5060>", from: "udp 192.0.2.7:40000", want: "200 a@192.0.2.7:40000/120/nat"},
			{contacts: "<sip:a@10.0.0.5:5060>", from: "udp 192.0.2.7:40001", want: "200 a@192.0.2.7:40001/120/nat"},
			{contacts: "<sip:a2@10.0.0.5:5061>", from: "udp 198.51.100.3:7", want: "200 a2@198.51.100.3:7/120/nat"},
		},
		"an instance is one phone whatever its Contact and Call-ID": {
			{contacts: one, from: "udp 192.0.2.7:40000", want: "200 x1@192.0.2.7:40000/120/nat"},
			{contacts: strings.Replace(one, "x1", "x2", 1), callID: "boot-2", from: "tcp 198.51.100.3:7", want: "200 x2@198.51.100.3:7/120/nat"},
			{contacts: strings.Replace(one, ":1>", ":2>", 1), callID: "boot-3", from: "udp 192.0.2.8:5", want: "200 x2@198.51.100.3:7/120/nat x1@192.0.2.8:5/120/nat"},
		},
		"one instance by two flows": {
			{contacts: one + ";reg-id=1", callID: "f1", from: "tcp 192.0.2.7:1000", want: "200 x1@192.0.2.7:1000/120/nat"},
			{contacts: one + ";reg-id=2", callID: "f1", from: "tcp 192.0.2.7:2000", want: "200 x1@192.0.2.7:1000/120/nat x1@192.0.2.7:2000/120/nat"},
			{contacts: one + ";reg-id=2", callID: "f1", from: "tcp 192.0.2.7:3000", want: "200 x1@192.0.2.7:1000/120/nat x1@192.0.2.7:3000/120/nat"},
		},
		"two phones cannot share an address": {
			{contacts: "<sip:a@10.0.0.5>", from: "udp 192.0.2.7:4", want: "200 a@192.0.2.7:4/120/nat"},
			{contacts: "<sip:b@10.0.0.6>", callID: "boot-2", from: "udp 192.0.2.7:4", want: "200 b@192.0.2.7:4/120/nat"},
		},
		"beyond the bound the oldest goes": {
			{contacts: a, want: "200 a@192.0.2.7:5060/120"},
			{after: time.Second, contacts: b, callID: "b", from: "udp 192.0.2.8:5060", want: "200 a@192.0.2.7:5060/119 b@192.0.2.8:5060/120"},
			{after: time.Second, contacts: "<sip:c@192.0.2.9>", callID: "c", from: "udp 192.0.2.9:5060", want: "200 b@192.0.2.8:5060/119 c@192.0.2.9:5060/120"},
			{contacts: a + ", <sip:b@192.0.2.8>, <sip:c@192.0.2.9>", want: "403"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := Default()
			c.MaxContacts = 2
			story(t, c, steps)
		})
	}
}

// TestRFC3581WhereAPhoneIsRung: the source unless the phone listens elsewhere at its own address.
func TestRFC3581WhereAPhoneIsRung(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		contact, from string
		noRport       bool
		want          string
	}{
		{"<sip:a@192.0.2.7:5060>", "udp 192.0.2.7:5060", false, "192.0.2.7:5060"},
		{"<sip:a@192.0.2.7>", "udp 192.0.2.7:5060", false, "192.0.2.7:5060"},
		{"<sip:a@192.0.2.7:5060>", "udp 192.0.2.7:40000", false, "192.0.2.7:40000/nat"},
		{"<sip:a@192.0.2.7:5062>", "udp 192.0.2.7:40000", true, "192.0.2.7:5062"},
		{"<sip:a@10.0.0.5:5062>", "udp 192.0.2.7:40000", true, "192.0.2.7:40000/nat"},
		{"<sip:a@203.0.113.66:5060>", "udp 192.0.2.7:5060", true, "192.0.2.7:5060/nat"}, // never a third party
		{"<sip:a@victim.example>", "udp 192.0.2.7:5060", false, "192.0.2.7:5060/nat"},
		{"<sip:a@192.0.2.7:5060;transport=tcp>", "tcp 192.0.2.7:40000", false, "192.0.2.7:40000"},
		{"<sip:a@10.0.0.5:5060;transport=tls>", "tls 192.0.2.7:40000", false, "192.0.2.7:40000/nat"},
		{"<sip:a@[2001:db8::7]:5060>", "udp [2001:db8::7]:5060", false, "[2001:db8::7]:5060"},
	} {
		list, _, ok := readContacts([]string{c.contact})
		if !ok {
			t.Fatalf("%s cannot be read", c.contact)
		}
		is, refused := Default().decide(nil, register{account: "anna", contacts: list, expires: -1, flow: flow(c.from), rport: !c.noRport}, t0)
		if refused != nil || len(is) != 1 {
			t.Fatalf("%s: %+v", c.contact, refused)
		}
		got := is[0].Remote.String()
		if is[0].Behind {
			got += "/nat"
		}
		if got != c.want {
			t.Errorf("%s from %s (rport %t): rung at %s, want %s", c.contact, c.from, !c.noRport, got, c.want)
		}
		if kept := is[0].Flow().Kept; kept != (is[0].Transport != wire.UDP) {
			t.Errorf("%s: kept %t", c.contact, kept)
		}
	}
}

// TestRegistrarOfAnyRequests holds the rules for requests that nobody thought of.
func TestRegistrarOfAnyRequests(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := Default()
		c.MaxContacts = rapid.IntRange(1, 3).Draw(t, "most")
		var list []Binding
		now := t0
		for i := range rapid.IntRange(1, 12).Draw(t, "requests") {
			now = now.Add(time.Duration(rapid.IntRange(0, 50).Draw(t, "after")) * time.Second)
			reg := register{
				account: "anna", callID: fmt.Sprint(rapid.IntRange(1, 3).Draw(t, "call-id")), cseq: uint32(rapid.IntRange(1, 9).Draw(t, "cseq")),
				expires: time.Duration(rapid.SampledFrom([]int{-1, 0, 20, 60, 9999}).Draw(t, "expires")) * time.Second,
				flow:    flow(fmt.Sprintf("%s 192.0.2.%d:%d", rapid.SampledFrom([]string{"udp", "tcp"}).Draw(t, "transport"), rapid.IntRange(1, 2).Draw(t, "host"), rapid.IntRange(1, 2).Draw(t, "port"))),
				ref:     fmt.Sprint(i), agent: fmt.Sprint(i), rport: rapid.Bool().Draw(t, "rport"), all: rapid.IntRange(0, 9).Draw(t, "star") == 0,
			}
			for range rapid.IntRange(0, 3).Draw(t, "contacts") * btoi(!reg.all) {
				one := contact{
					uri: wire.URI{Scheme: "sip", User: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "user"), Host: "192.0.2.1"},
					q:   fullQ, expires: time.Duration(rapid.SampledFrom([]int{-1, 0, 29, 60}).Draw(t, "param")) * time.Second,
				}
				if rapid.Bool().Draw(t, "instance") {
					one.instance = rapid.SampledFrom([]string{`"1"`, `"2"`}).Draw(t, "which")
				}
				reg.contacts = append(reg.contacts, one)
			}
			before := slices.Clone(list)
			is, refused := c.decide(list, reg, now)
			if !cmp.Equal(before, list, cmp.AllowUnexported(Binding{}, life{}), cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })) {
				t.Fatal("the bindings there were have been changed in place")
			}
			if refused != nil {
				continue
			}
			list = is
			if len(list) > c.MaxContacts {
				t.Fatalf("%d bindings, at most %d", len(list), c.MaxContacts)
			}
			refs, named := map[string]bool{}, 0
			for j := range list {
				b := &list[j]
				if b.Remote.Addr() != netip.MustParseAddr("192.0.2.1") && b.Remote.Addr() != netip.MustParseAddr("192.0.2.2") {
					t.Fatalf("a binding leads to %s, where no request came from", b.Remote)
				}
				if refs[b.Ref] {
					t.Fatalf("two bindings have the reference %s", b.Ref)
				}
				refs[b.Ref] = true
				if left := b.Until.Sub(now); left <= 0 || left > c.Expires {
					t.Fatalf("a binding lives for %s", left)
				}
				if b.Agent == reg.agent {
					named++
				}
			}
			if named > len(reg.contacts) {
				t.Fatalf("%d bindings of %d contacts", named, len(reg.contacts))
			}
		}
	})
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestContactOfAnAnswer(t *testing.T) {
	t.Parallel()
	list, _, ok := readContacts([]string{`"Anna, mobile" <sip:anna-0x55@10.0.0.5:5060;ob>;q=0.5;reg-id=1;+sip.instance="<urn:uuid:00000000-0000-1000-8000-000000000001>";expires=61`})
	if !ok {
		t.Fatal("cannot be read")
	}
	is, _ := Default().decide(nil, register{contacts: list, expires: -1, flow: flow("udp 192.0.2.7:1")}, t0)
	const want = `<sip:anna-0x55@10.0.0.5:5060;ob>;q=0.500;expires=61;reg-id=1;+sip.instance="<urn:uuid:00000000-0000-1000-8000-000000000001>"`
	if got := is[0].header(t0); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := is[0].header(t0.Add(1500 * time.Millisecond)); !strings.Contains(got, "expires=60") {
		t.Errorf("after 1.5 s: %s", got)
	}
}

func TestHeadersOfAContactAreDropped(t *testing.T) {
	t.Parallel()
	list, _, _ := readContacts([]string{"<sip:a@h;method=BYE?Subject=x&Route=%3Csip:evil%3E>"})
	if got := list[0].uri.String(); got != "sip:a@h" {
		t.Errorf("got %s", got)
	}
}

func TestSameURI(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{ // RFC 3261 section 19.1.4
		{"sip:alice@AtLanTa.CoM;Transport=tcp", "sip:alice@atlanta.com;transport=TCP", true},
		{"sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true},
		{"sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on", true},
		{"SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", false},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false},
		{"sip:carol@chicago.com;security=off", "sip:carol@chicago.com;security=on", false},
		{"sip:a@h", "sips:a@h", false},
	} {
		a, err := wire.ParseURI(c.a)
		if err != nil {
			t.Fatal(err)
		}
		b, err := wire.ParseURI(c.b)
		if err != nil {
			t.Fatal(err)
		}
		if sameURI(a, b) != c.want || sameURI(b, a) != c.want {
			t.Errorf("%s and %s: want %t", c.a, c.b, c.want)
		}
	}
}

func TestQ(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"1": 1000, "1.0": 1000, "0": 0, "0.": 0, "0.5": 500, "0.001": 1, ".7": 700, "2": 1000, "0.1234": 1000, "x": 1000, "": 0, "0.-1": 1000} {
		if got := readQ(text); got != want {
			t.Errorf("q=%s: got %d, want %d", text, got, want)
		}
	}
}

func FuzzContacts(f *testing.F) {
	for _, seed := range []string{
		"*", "<sip:a@h>;expires=60", `"a,b" <sip:a@h;x=1>;+sip.instance="<urn:uuid:1>";reg-id=1, sip:b@h:5060;q=0.3`, "sip:a@h;expires=-1",
		`"\"" <sips:[::1]:5061;transport=tls?a=b>`, ",,*", "<sip:a@h>;expires=99999999999999999999",
	} {
		f.Add(seed, "60")
	}
	f.Fuzz(func(t *testing.T, header, expires string) {
		list, all, ok := readContacts([]string{header})
		if !ok {
			return
		}
		if all && len(list) > 0 {
			t.Fatal("a star beside contacts")
		}
		reg := register{account: "a", contacts: list, all: all, expires: readExpires(expires), flow: flow("udp 192.0.2.7:5060"), rport: true}
		is, refused := Default().decide(nil, reg, t0)
		if refused != nil {
			return
		}
		for i := range is {
			u, fine := is[i].uri()
			if !fine || !sameURI(u, u) {
				t.Fatalf("%q was kept as %q, which cannot be read", header, is[i].Contact)
			}
			if is[i].Remote != reg.flow.Remote {
				t.Fatalf("%q leads to %s", header, is[i].Remote)
			}
			again, _, fine := readContacts([]string{is[i].header(t0)})
			if !fine || len(again) != 1 || !sameURI(again[0].uri, u) {
				t.Fatalf("%q is told to the phone as %q", header, is[i].header(t0))
			}
		}
	})
}
