package outbox

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// Limit is how much of one channel a person bears: so many pages within a span.
type Limit struct {
	Most   int           `yaml:"most"`
	Within time.Duration `yaml:"within"`
}

// Limits are the limits of the pages to one person, by channel. A channel
// without any has none.
//
// The first page of a ticket to a person goes out beyond them when a caller was
// lost, for the client hung up on us, or when it is about a client of ours of
// whom he has not been told of late, and the ceiling is not reached: what is
// between the limits and the ceiling is kept for clients, whatever comes from
// strangers; the last place below the ceiling for people, whatever comes from
// their machines. A page that reached nobody counts for nothing, one that is
// under way counts. What does not go out waits if its time comes while the page still stands. Else it is bundled, if he has
// been paged about the same client: the next page tells how many more wait;
// otherwise the next person is paged at once.
type Limits map[dispatch.Channel][]Limit

// Spans of the limits, and what goes beyond them.
const (
	quarter = 15 * time.Minute
	ceiling = 5 // pages to one person within a quarter of an hour, whatever the client
	aside   = 1 // of them are not for what machines of clients report
)

// DefaultLimits are those that GoAlert has proved in the field: a page a minute,
// and fewer the longer it goes on.
func DefaultLimits() Limits {
	spans := func(n15, n60, n180 int) []Limit {
		return []Limit{{1, time.Minute}, {n15, quarter}, {n60, time.Hour}, {n180, 3 * time.Hour}}
	}
	return Limits{
		dispatch.ChannelVoice: spans(3, 7, 15),
		"sms":                 spans(5, 11, 21),
		"email":               {{1, time.Minute}},
		"telegram":            {{1, time.Minute}},
	}
}

// Validate reports all faults, each with its field.
func (l Limits) Validate() error {
	var faults []error
	for channel, list := range l {
		for i, one := range list {
			if one.Most < 1 || one.Within <= 0 || one.Within > 24*time.Hour {
				faults = append(faults, fmt.Errorf("%s[%d]: %d within %v, want at least 1 within more than zero and up to 24h", channel, i, one.Most, one.Within))
			}
		}
	}
	return errors.Join(faults...)
}

// span is how far back pages are counted.
func (l Limits) span() time.Duration {
	longest := quarter
	for _, list := range l {
		for _, one := range list {
			longest = max(longest, one.Within)
		}
	}
	return longest
}

// verdict is what becomes of a page: it goes out, or it has the result.
type verdict struct {
	result dispatch.Result // empty = it goes out
	until  time.Time       // postponed: until then
}

// judge decides whether a page goes out to somebody who was sent the others.
func (l Limits) judge(sent []dispatch.Send, n dispatch.Notice, one dispatch.Send) verdict {
	pages := wholePages(sent)
	if slices.ContainsFunc(sent, func(s dispatch.Send) bool { return s.Notice == one.Notice || samePage(s, one) }) {
		return verdict{} // a part of a page that has begun, or its repeat after a crash
	}
	free := freeAt(l[one.Channel], pages)
	fresh := n.Alarm == "" && !slices.ContainsFunc(sent, func(s dispatch.Send) bool { return s.Ticket == one.Ticket })
	since := one.At.Add(-quarter)
	told := slices.ContainsFunc(sent, func(s dispatch.Send) bool { return s.Party == one.Party && s.At.After(since) })
	most := ceiling
	if n.Machine {
		most -= aside
	}
	switch {
	case !free.After(one.At), fresh && n.AfterCall(), fresh && n.Known && !told && after(pages, since) < most:
		return verdict{}
	case free.Before(n.Until):
		return verdict{result: dispatch.ResultPostponed, until: free}
	case fresh && told:
		return verdict{result: dispatch.ResultBundled}
	}
	return verdict{result: dispatch.ResultLimited}
}

// samePage reports whether two sends are parts of one page.
func samePage(a, b dispatch.Send) bool { return a.Ticket == b.Ticket && a.Page == b.Page && a.Page > 0 }

// wholePages returns the sends with the parts of a page counted once, oldest
// first.
func wholePages(sent []dispatch.Send) (pages []dispatch.Send) {
	for _, s := range sent {
		if !slices.ContainsFunc(pages, func(o dispatch.Send) bool { return samePage(o, s) }) {
			pages = append(pages, s)
		}
	}
	return pages
}

func after(pages []dispatch.Send, since time.Time) (n int) {
	for _, s := range pages {
		if s.At.After(since) {
			n++
		}
	}
	return n
}

// freeAt returns from when on all limits allow one more page; a time that is
// past when they do already.
func freeAt(limits []Limit, pages []dispatch.Send) (free time.Time) {
	for _, l := range limits {
		if len(pages) < l.Most {
			continue
		}
		free = later(free, pages[len(pages)-l.Most].At.Add(l.Within))
	}
	return free
}

// counter counts pages in the store that all nodes share, and by its own memory
// while that does not answer: a page too many is better than none.
type counter struct {
	limits Limits
	sends  dispatch.Sends // nil = pages are not limited

	mu   sync.Mutex
	own  map[string][]dispatch.Send // guarded by mu; by person and channel
	void map[string]dispatch.Send   // guarded by mu; by notice: taken back, and the store does not know it yet
	away bool                       // guarded by mu; the log says that the store does not answer
}

// countBudget bounds the wait for the store right before a page.
const countBudget = 200 * time.Millisecond

// sendOf returns how a page that goes out now is counted.
func sendOf(n dispatch.Notice, now time.Time) dispatch.Send {
	return dispatch.Send{
		Notice: n.ID, Person: ear(n), Channel: n.Channel, Ticket: n.Ref.ID, Page: n.Page, Party: n.Party, At: now.UTC().Truncate(time.Microsecond),
	}
}

// admit says what becomes of a page, and counts it when it goes out. fault, when
// not nil, says that the memory has decided; told that this is known.
func (c *counter) admit(ctx context.Context, n dispatch.Notice, one dispatch.Send) (v verdict, fault error, told bool) {
	if c.sends == nil {
		return verdict{}, nil, true
	}
	since := one.At.Add(-c.limits.span())
	ctx, cancel := context.WithTimeout(ctx, countBudget)
	defer cancel()
	void := c.voided(since)
	fault = c.sends.Admit(ctx, one, since, func(sent []dispatch.Send) bool {
		counted := slices.DeleteFunc(slices.Clone(sent), func(s dispatch.Send) bool { return isVoid(void, s) })
		v = c.limits.judge(counted, n, one)
		return v.result == ""
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	told, c.away = c.away, fault != nil
	key := one.Person + " " + string(one.Channel)
	recent := slices.DeleteFunc(slices.Clone(c.own[key]), func(s dispatch.Send) bool { return s.At.Before(since) })
	if fault != nil {
		v = c.limits.judge(recent, n, one)
	}
	if v.result == "" {
		recent = append(recent, one)
		delete(c.void, one.Notice) // it goes out anew
	}
	c.own[key] = recent
	return v, fault, told
}

// takeBack uncounts a page that reached nobody. What the store could not be told
// it is told with the next one; until then this node does not count it.
func (c *counter) takeBack(ctx context.Context, one dispatch.Send) error {
	if c.sends == nil {
		return nil
	}
	c.mu.Lock()
	key := one.Person + " " + string(one.Channel)
	c.own[key] = slices.DeleteFunc(slices.Clone(c.own[key]), func(s dispatch.Send) bool { return s.Notice == one.Notice })
	c.void[one.Notice] = one
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, countBudget)
	defer cancel()
	for _, s := range c.voided(one.At.Add(-c.limits.span())) {
		if err := c.sends.TakeBack(ctx, s); err != nil {
			return err
		}
		c.mu.Lock()
		if c.void[s.Notice] == s {
			delete(c.void, s.Notice)
		}
		c.mu.Unlock()
	}
	return nil
}

// voided returns what was taken back and the store does not know yet; what is
// too old to be asked for is let go.
func (c *counter) voided(since time.Time) map[string]dispatch.Send {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.void, func(_ string, s dispatch.Send) bool { return s.At.Before(since) })
	return maps.Clone(c.void)
}

// isVoid reports whether a send was taken back.
func isVoid(void map[string]dispatch.Send, s dispatch.Send) bool {
	back, ok := void[s.Notice]
	return ok && back.Person == s.Person && back.Channel == s.Channel && !s.At.After(back.At)
}

// reachedNobody reports whether a page that was tried is known to have disturbed
// nobody: neither as a whole nor on any device.
func reachedNobody(d dispatch.Delivery) bool {
	return !d.Result.Reached() && !slices.ContainsFunc(d.Attempts, func(a dispatch.Attempt) bool { return a.Outcome.Reached() })
}

// ear is who bears a page: the person, or the number of last resort.
func ear(n dispatch.Notice) string {
	if n.To == dispatch.StaticPerson && len(n.Devices) > 0 {
		return "number:" + n.Devices[0].Address()
	}
	return n.To
}
