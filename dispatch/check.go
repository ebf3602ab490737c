package dispatch

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/butlerspb/vahta/oncall"
)

// Bounds of a line's times. Nobody listens to ringing for longer, and
// operators end an unanswered call after two to three minutes by themselves.
const (
	maxAnswerAfter   = 3 * time.Minute
	maxProgressEvery = 10 * time.Minute
	maxLineRing      = 3 * time.Minute
)

// leaves flattens joined errors, so that each gets its path.
func leaves(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	switch {
	case err == nil:
		return nil
	case !ok:
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, leaves(e)...)
	}
	return all
}

// under puts a section's name before the path of each fault.
func under(section string, err error) error {
	all := leaves(err)
	for i := range all {
		all[i] = fmt.Errorf("%s.%w", section, all[i])
	}
	return errors.Join(all...)
}

// checkTimes reports times of a line that no caller would bear.
func checkTimes(l Line, fault func(field, format string, args ...any)) {
	for _, t := range []struct {
		field string
		value time.Duration
		most  time.Duration
	}{
		{"ring_time", l.RingTime, maxLineRing},
		{"answer_after", l.AnswerAfter, maxAnswerAfter},
		{"progress_every", l.ProgressEvery, maxProgressEvery},
	} {
		if t.value < 0 || t.value > t.most {
			fault(t.field, "%s is out of range; use up to %s, or leave it out", t.value, t.most)
		}
	}
}

// checkLadder reports rungs that nobody stands on, and people who stand on one twice.
func checkLadder(ladder []LadderRung, fault func(field, format string, args ...any)) {
	for j, r := range ladder {
		path := fmt.Sprintf("ladder[%d]", j)
		if len(r.People) == 0 {
			fault(path+".people", "is empty; list people, or remove the rung")
		}
		if r.RingTime < 0 || r.RingTime > maxLineRing {
			fault(path+".ring_time", "%s is out of range; use up to %s, or leave it out", r.RingTime, maxLineRing)
		}
		seen := map[string]bool{}
		for k, id := range r.People {
			if seen[id] {
				fault(fmt.Sprintf("%s.people[%d]", path, k), "%q stands on this rung already; remove one", id)
			}
			seen[id] = true
		}
	}
}

// checkLadderPeople reports people on rungs who are nobody.
func checkLadderPeople(roster oncall.Roster, ladder []LadderRung, fault func(field, format string, args ...any)) {
	for j, r := range ladder {
		for k, id := range r.People {
			if _, ok := roster.Person(id); !ok {
				fault(fmt.Sprintf("ladder[%d].people[%d]", j, k), "no person %q; use an id from people", id)
			}
		}
	}
}

// checkDevices reports softphone addresses that cannot be reached, or that
// belong to two people who are not marked shared: one telephone cannot be
// claimed for two calls.
func checkDevices(people []oncall.Person) error {
	var faults []error
	owners := map[string]oncall.Person{}
	for i, p := range people {
		for j, d := range p.Devices {
			field, err := checkAddress(d)
			if err == nil && d.Kind != oncall.Mobile {
				field, err = checkOwner(owners, p, d)
			}
			if err != nil {
				faults = append(faults, fmt.Errorf("people[%d].devices[%d].%s: %w", i, j, field, err))
			}
		}
	}
	return errors.Join(faults...)
}

// checkAddress names the field of a device that nobody could be reached at.
func checkAddress(d oncall.Device) (field string, err error) {
	if d.Kind == oncall.Mobile {
		if strings.HasPrefix(strings.TrimSpace(d.Number), "+") && digits(d.Number) < minMobile {
			return "number", fmt.Errorf("has %d digits, too few for an international number; write it whole, such as +79215550100", digits(d.Number))
		}
		return "", nil
	}
	if port := portOf(d.URI); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return "uri", fmt.Errorf("port %s is not 1 to 65535", port)
		}
	}
	return "", nil
}

// checkOwner notes whose a softphone is.
func checkOwner(owners map[string]oncall.Person, p oncall.Person, d oncall.Device) (field string, err error) {
	phone, field := phoneOf(d.URI), "uri"
	if d.Account != "" {
		phone, field = "account "+d.Account, "account"
	}
	if o, taken := owners[phone]; taken && o.ID != p.ID && !o.Shared && !p.Shared && phone != "" {
		return field, fmt.Errorf("%q is the softphone of %s too; give each his own, or set shared: true when it is a ring group", d.Address(), o.ID)
	}
	owners[phone] = p
	return "", nil
}

// minMobile is the fewest digits of a subscriber's number with country code
// (ITU-T E.164 sets no lower bound; seven are the shortest in use).
const minMobile = 7

func digits(number string) (n int) {
	for _, r := range number {
		if r >= '0' && r <= '9' {
			n++
		}
	}
	return n
}

// hostOf returns user and host:port of a SIP address.
func hostOf(uri string) (user, host string) {
	uri, _, _ = strings.Cut(uri, ";")
	_, uri, _ = strings.Cut(uri, ":")
	if at := strings.LastIndexByte(uri, '@'); at >= 0 {
		return uri[:at], uri[at+1:]
	}
	return "", uri
}

func portOf(uri string) string {
	_, host := hostOf(uri)
	if _, port, err := net.SplitHostPort(host); err == nil {
		return port
	}
	return ""
}

// phoneOf is a SIP address as far as it tells one telephone from another: the
// default port 5060 (RFC 3261 section 19.1.2) and parameters are left out.
func phoneOf(uri string) string {
	user, host := hostOf(uri)
	return user + "@" + strings.TrimSuffix(strings.ToLower(host), ":5060")
}

// shortNumbers warns of mobiles with a number that only a service or a branch
// exchange has.
func (s *Snapshot) shortNumbers() (list []error) {
	for i, p := range s.Roster.People {
		for j, d := range p.Devices {
			if n := digits(d.Number); d.Kind == oncall.Mobile && n < minMobile {
				list = append(list, fmt.Errorf("people[%d].devices[%d].number: has only %d digits; that is right for a short service number alone", i, j, n))
			}
		}
	}
	return list
}
