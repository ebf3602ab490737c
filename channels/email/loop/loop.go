// Package loop keeps our automatic answers from going round in circles. It stops answers of Vahta only: a mail from a machine
// becomes a ticket as any other does, since alarms of disks and backups carry the signs of machines too.
//
// Two rules stand beside each other. Quiet looks at a mail: a machine, a list, a bounce and ourselves get no automatic answer at
// all. Decide looks at what went out: an address gets one answer per hour whatever it writes, for a machine may look human; and all
// together get so many per minute. Guard holds Decide against the memory that all nodes share and a restart does not empty.
package loop

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/channels/email/letter"
	"github.com/butlerspb/vahta/dispatch"
)

// Limits are how many automatic answers go out.
type Limits struct {
	// Every is the least time between two answers to one address.
	Every time.Duration `yaml:"every"`
	// PerMinute is how many automatic mails go out to all together.
	PerMinute int `yaml:"per_minute"`
}

// The defaults, and what they may be set to.
const (
	defaultEvery     = time.Hour
	defaultPerMinute = 30
	leastEvery       = time.Minute
	mostEvery        = 24 * time.Hour
	mostPerMinute    = 600
)

// Default returns the limits that hold unless others are set.
func Default() Limits { return Limits{Every: defaultEvery, PerMinute: defaultPerMinute} }

// Validate reports the first fault.
func (l Limits) Validate() error {
	switch {
	case l.Every < leastEvery || l.Every > mostEvery:
		return fmt.Errorf("every: %v, want %v to %v", l.Every, leastEvery, mostEvery)
	case l.PerMinute < 1 || l.PerMinute > mostPerMinute:
		return fmt.Errorf("per_minute: %d, want 1 to %d", l.PerMinute, mostPerMinute)
	}
	return nil
}

// Quiet says why nobody must answer a mail automatically; empty = he may. own are our addresses.
func Quiet(l letter.Letter, own []string) string {
	switch {
	case l.Automatic.Quiet:
		return l.Automatic.Sign
	case l.Report != nil:
		return "a report of delivery"
	case len(l.From) == 0:
		return "nobody is named as its sender"
	}
	for _, a := range slices.Concat(l.From, l.ReplyTo, []letter.Address{l.Sender}) {
		if a.Mail != "" && slices.ContainsFunc(own, func(o string) bool { return Same(a.Mail, o) }) {
			return "it comes from our own address"
		}
	}
	return ""
}

// Same reports whether two addresses are one mailbox: without what stands behind a +, in any case.
func Same(a, b string) bool { return plain(a) == plain(b) }

func plain(address string) string {
	local, domain, _ := strings.Cut(strings.ToLower(strings.TrimSpace(address)), "@")
	local, _, _ = strings.Cut(local, "+")
	return local + "@" + domain
}

// Sent is one automatic mail that went out.
type Sent struct {
	Notice string
	At     time.Time
}

// Decide returns how long an automatic mail must wait when at most most of them go out in any span; 0 = it may go now. sent are those
// that went out, oldest first. The same notice again is no second mail.
func Decide(sent []Sent, notice string, most int, span time.Duration, now time.Time) time.Duration {
	var recent []Sent
	for _, s := range sent {
		if s.Notice == notice {
			return 0
		}
		if now.Sub(s.At) < span {
			recent = append(recent, s)
		}
	}
	if len(recent) < most {
		return 0
	}
	return max(recent[len(recent)-most].At.Add(span).Sub(now), time.Second) // a clock that was set back waits too
}

// Guard asks the shared memory before an automatic mail goes out. It may be used concurrently.
type Guard struct {
	limits Limits
	memory dispatch.Sends
}

// NewGuard returns a guard with a memory that all nodes share.
func NewGuard(l Limits, memory dispatch.Sends) (*Guard, error) {
	if err := l.Validate(); err != nil {
		return nil, fmt.Errorf("set up the limits of automatic mail: %w", err)
	}
	return &Guard{limits: l, memory: memory}, nil
}

// Verdict is what becomes of an automatic mail.
type Verdict struct {
	Spare bool          // it must not go out at all: its address had an answer just now
	Wait  time.Duration // it goes out later; 0 = now
}

// everybody stands for all addresses in the memory.
const everybody = "mail:*"

// Ask counts the mail that carries a notice, when it may go out. answer says that it answers a mail, so that a loop could be built of it.
func (g *Guard) Ask(ctx context.Context, n dispatch.Notice, answer bool, now time.Time) (Verdict, error) {
	if answer {
		wait, err := g.admit(ctx, n, key(n.To), 1, g.limits.Every, now)
		if err != nil || wait > 0 {
			return Verdict{Spare: wait > 0}, err
		}
	}
	wait, err := g.admit(ctx, n, everybody, g.limits.PerMinute, time.Minute, now)
	return Verdict{Wait: wait}, err
}

func (g *Guard) admit(ctx context.Context, n dispatch.Notice, whom string, most int, span time.Duration, now time.Time) (wait time.Duration, err error) {
	one := dispatch.Send{Notice: n.ID, Person: whom, Channel: dispatch.ChannelEmail, Ticket: n.Ref.ID, At: now}
	err = g.memory.Admit(ctx, one, now.Add(-span), func(before []dispatch.Send) bool {
		sent := make([]Sent, 0, len(before))
		for _, s := range before {
			sent = append(sent, Sent{Notice: s.Notice, At: s.At})
		}
		wait = Decide(sent, n.ID, most, span, now)
		return wait == 0
	})
	if err != nil {
		return 0, fmt.Errorf("ask how many automatic mails went out: %w", err)
	}
	return wait, nil
}

// key stands for an address in the memory, which needs no names.
func key(address string) string {
	sum := sha256.Sum256([]byte(plain(address)))
	const enough = 16
	return "mail:" + hex.EncodeToString(sum[:enough])
}
