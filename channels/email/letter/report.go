package letter

import (
	"strings"
)

// Report is what a mail server or a mail program reports about a mail of ours.
type Report struct {
	Kind ReportKind
	// Standard says that it came as RFC 3464 or 3798 have it; else Form names
	// whose bounce it was taken for by its words.
	Standard   bool
	Form       string
	OriginalID string // Message-ID of the mail it is about; empty: it does not say
	Recipients []Recipient
}

// ReportKind tells reports apart.
type ReportKind uint8

// The kinds of reports.
const (
	Delivery    ReportKind = iota // whether it arrived
	Disposition                   // whether it was read
)

// String returns the kind's name.
func (k ReportKind) String() string {
	switch k {
	case Delivery:
		return "delivery"
	case Disposition:
		return "disposition"
	}
	return "unknown"
}

// Recipient is what a report says about one address.
type Recipient struct {
	Mail       string // whom it was meant for, as we wrote him where the report says so
	Action     string // failed, delayed, delivered, relayed, expanded; displayed, deleted ... of a receipt
	Status     string // enhanced status code, 5.1.1; empty: none
	Diagnostic string // what the other server said
	Outcome    Outcome
}

// Outcome is what a report means for the mail.
type Outcome uint8

// The outcomes.
const (
	Undecided Outcome = iota
	Arrived           // delivered, or read
	Late              // tried again; nothing to do yet
	Failed            // it will not arrive
)

// String returns the outcome's name.
func (o Outcome) String() string {
	switch o {
	case Undecided:
		return "undecided"
	case Arrived:
		return "arrived"
	case Late:
		return "late"
	case Failed:
		return "failed"
	}
	return "unknown"
}

// report reads the reports among the parts, or tells a bounce by its words.
func (d *desk) report() *Report {
	var r *Report
	switch {
	case len(d.found.status) > 0:
		r = &Report{Kind: Delivery, Standard: true}
		for _, body := range d.found.status {
			d.statuses(r, body)
		}
	case len(d.found.receipt) > 0:
		r = d.receipt(d.found.receipt[0])
	default:
		r = d.bounce()
	}
	if r == nil {
		return nil
	}
	if r.OriginalID == "" {
		r.OriginalID = d.originalID()
	}
	return r
}

// originalID finds which mail a report is about: in what it returns of it, in
// what it answers, or in its text.
func (d *desk) originalID() string {
	for _, h := range []*head{d.found.original, d.found.forwarded} {
		if h == nil {
			continue
		}
		if list := ids(h.get("message-id")); len(list) > 0 {
			return list[0]
		}
	}
	for l := range strings.Lines(d.out.Text) { // what is returned stands in the text
		if name, value, ok := fieldOf([]byte(strings.TrimLeft(strings.TrimRight(l, "\r\n"), "> \t"))); ok && name == "message-id" {
			if list := ids(value); len(list) > 0 {
				return list[0]
			}
		}
	}
	if n := len(d.out.InReplyTo); n > 0 {
		return d.out.InReplyTo[0]
	}
	if n := len(d.out.References); n > 0 {
		return d.out.References[n-1]
	}
	return ""
}

// statuses reads message/delivery-status (RFC 3464 2): groups of fields, the
// first about the mail, each further one about a recipient.
func (d *desk) statuses(r *Report, body string) {
	body = strings.TrimLeft(strings.ReplaceAll(body, "\r\n", "\n"), "\n")
	for group := range strings.SplitSeq(body, "\n\n") {
		h, _ := cutHead([]byte(strings.Trim(group, "\n")+"\n\n"), false)
		if !h.has("action") && !h.has("final-recipient") && !h.has("original-recipient") {
			continue
		}
		if len(r.Recipients) >= maxReports {
			d.faultAt(FaultTooMany, "", "more recipients in a report than are read", 0, 0)
			return
		}
		p := Recipient{Action: h.token("action"), Diagnostic: line(d.words(typed(h.get("diagnostic-code"))), maxLine)}
		p.Status = statusIn(h.token("status"))
		if p.Status == "" {
			p.Status = statusIn(p.Diagnostic)
		}
		for _, name := range []string{"original-recipient", "final-recipient"} {
			if p.Mail == "" {
				p.Mail = d.spec(typed(h.get(name)))
			}
		}
		p.Outcome = outcome(p.Action, p.Status)
		r.Recipients = append(r.Recipients, p)
	}
}

// typed takes "rfc822;" and "smtp;" off a value.
func typed(v []byte) []byte {
	for i, c := range v {
		switch {
		case c == ';':
			return v[i+1:]
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == ' ':
		default:
			return v
		}
	}
	return v
}

// statusIn finds an enhanced status code (RFC 3463): 5.1.1.
func statusIn(s string) string {
	for i := 0; i+4 < len(s); i++ {
		if s[i] != '2' && s[i] != '4' && s[i] != '5' || s[i+1] != '.' || i > 0 && (s[i-1] >= '0' && s[i-1] <= '9' || s[i-1] == '.') {
			continue
		}
		end, dots, digits := i+1, 0, 0
		for end < len(s) && (s[end] == '.' || s[end] >= '0' && s[end] <= '9') {
			if s[end] == '.' {
				if dots++; dots > 2 || end > i+1 && digits == 0 {
					break
				}
				digits = 0
			} else {
				digits++
			}
			end++
		}
		if dots == 2 && digits > 0 && digits <= 3 && end-i <= 9 {
			return s[i:end]
		}
	}
	return ""
}

// outcome is what action and status mean; the action counts more, as servers
// write 4.x.x when they give up after days.
func outcome(action, status string) Outcome {
	switch action {
	case "failed":
		return Failed
	case "delayed":
		return Late
	case "delivered", "relayed", "expanded", "displayed":
		return Arrived
	}
	switch {
	case strings.HasPrefix(status, "5"):
		return Failed
	case strings.HasPrefix(status, "4"):
		return Late
	case strings.HasPrefix(status, "2"):
		return Arrived
	}
	return Undecided
}

// receipt reads message/disposition-notification (RFC 3798 3).
func (d *desk) receipt(body string) *Report {
	h, _ := cutHead([]byte(strings.TrimLeft(body, "\r\n")), false)
	r := &Report{Kind: Disposition, Standard: true}
	if list := ids(h.get("original-message-id")); len(list) > 0 {
		r.OriginalID = list[0]
	}
	_, action, _ := strings.Cut(h.token("disposition"), ";")
	action, _, _ = strings.Cut(strings.TrimSpace(action), "/")
	p := Recipient{Action: strings.TrimSpace(action)}
	for _, name := range []string{"original-recipient", "final-recipient"} {
		if p.Mail == "" {
			p.Mail = d.spec(typed(h.get(name)))
		}
	}
	p.Outcome = outcome(p.Action, "")
	r.Recipients = []Recipient{p}
	return r
}
