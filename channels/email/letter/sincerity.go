package letter

import (
	"slices"
	"strings"

	"github.com/emersion/go-msgauth/authres"
	"golang.org/x/net/publicsuffix"
)

// Sincerity is what our own mail server found out about the sender of From.
type Sincerity struct {
	Verdict Verdict
	By      string // the check that decided: dmarc, dkim, spf
	Domain  string // the domain of From that was proved or denied
	Sign    string // the header that was believed, or why none was
}

// Verdict says whether the sender is who he says.
type Verdict uint8

// The verdicts.
const (
	Unverified Verdict = iota // nobody we trust has looked, or nothing can be said
	Proved                    // an aligned check passed
	Denied                    // DMARC failed, or SPF did and nothing else speaks for him
)

// String returns the verdict's name.
func (v Verdict) String() string {
	switch v {
	case Unverified:
		return "none"
	case Proved:
		return "pass"
	case Denied:
		return "fail"
	}
	return "unknown"
}

// believed returns the Authentication-Results of our own server: those with
// its name in the topmost hop that has any. Below the next Received stands
// what a sender may have written himself.
func (d *desk) believed() []string {
	var out []string
	for _, f := range d.head.fields {
		if f.name == "received" && len(out) > 0 {
			break
		}
		if f.name != "authentication-results" {
			continue
		}
		v := plainResults(ascii(f.value))
		id, _, _ := strings.Cut(v, ";")
		if id, _, _ = strings.Cut(strings.TrimSpace(id), " "); slices.Contains(d.r.cfg.TrustedServers, strings.ToLower(id)) {
			out = append(out, v)
		}
	}
	return out
}

// plainResults takes comments and quoted strings out of Authentication-Results.
// A sender chooses what stands in them, and the parser knows neither.
func plainResults(s string) string {
	var b strings.Builder
	for i, part := range strings.Split(uncomment(s), `"`) {
		if i%2 == 0 {
			b.WriteString(part)
		} else {
			b.WriteByte('?')
		}
	}
	return b.String()
}

// checks is what the results say about each method; the worst one counts when
// two differ.
type checks struct {
	dmarc, spf      authres.ResultValue
	dmarcFrom       string
	dkim            []string // domains with a signature that passed
	spfFrom         string
	dmarcs, spfs    int
	dmarcContradict bool
}

func (c *checks) add(v string) {
	_, results, err := authres.Parse(v)
	if err != nil {
		return
	}
	for _, r := range results {
		switch r := r.(type) {
		case *authres.DMARCResult:
			from := strings.ToLower(r.From)
			if c.dmarcs++; c.dmarcs > 1 && (c.dmarc != r.Value || c.dmarcFrom != from) {
				c.dmarcContradict = true
			}
			c.dmarc, c.dmarcFrom = r.Value, from
		case *authres.SPFResult:
			if c.spfs++; c.spfs == 1 {
				c.spf, c.spfFrom = r.Value, strings.ToLower(r.From)
			} else {
				c.spf = "" // contradicts itself: believe neither
			}
		case *authres.DKIMResult:
			domain := r.Domain
			if domain == "" {
				domain = domainOf(r.Identifier)
			}
			if r.Value == authres.ResultPass && domain != "" {
				c.dkim = append(c.dkim, strings.ToLower(domain))
			}
		}
	}
}

// sincerity judges the sender by the headers of our own server alone.
func (d *desk) sincerity() Sincerity {
	if len(d.out.From) != 1 {
		return Sincerity{Sign: "From names no one, or several"}
	}
	s := Sincerity{Domain: d.out.From[0].Domain()}
	if d.forgedFrom() {
		s.Sign = "From stands there twice"
		return s
	}
	var c checks
	trusted := d.believed()
	if len(trusted) == 0 {
		s.Sign = "no Authentication-Results of a trusted server"
		return s
	}
	for _, v := range trusted {
		c.add(v)
	}
	s.Sign = line("Authentication-Results: "+strings.Join(trusted, " | "), maxLine)
	switch {
	case c.dmarcContradict:
		s.Sign = "contradicting Authentication-Results"
		return s
	case c.dmarc == authres.ResultPass && c.dmarcFrom == s.Domain:
		s.Verdict, s.By = Proved, "dmarc"
		return s
	case c.dmarc == authres.ResultFail:
		s.Verdict, s.By = Denied, "dmarc"
		return s
	case c.dmarc == authres.ResultPass: // passed for another domain than we read
		return s
	}
	for _, domain := range c.dkim {
		if aligned(domain, s.Domain) {
			s.Verdict, s.By = Proved, "dkim"
			return s
		}
	}
	from := domainOf(c.spfFrom)
	if from == "" {
		from = c.spfFrom
	}
	switch {
	case c.spf == authres.ResultPass && aligned(from, s.Domain):
		s.Verdict, s.By = Proved, "spf"
	case (c.spf == authres.ResultFail || c.spf == authres.ResultHardFail) && aligned(from, s.Domain):
		s.Verdict, s.By = Denied, "spf"
	}
	return s
}

func (d *desk) forgedFrom() bool { return len(d.head.all("from")) > 1 }

// aligned says whether two domains belong to one owner: DMARC's relaxed mode
// (RFC 7489 3.1).
func aligned(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	if a == b {
		return true
	}
	x, err := publicsuffix.EffectiveTLDPlusOne(a)
	if err != nil {
		return false
	}
	y, err := publicsuffix.EffectiveTLDPlusOne(b)
	return err == nil && x == y
}
