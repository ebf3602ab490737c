package wire

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// Bounds of the quiet log handler.
const (
	quietBurst  = 5           // lines per message text and period
	quietPeriod = time.Second // length of a period
	quietKeys   = 64          // message texts that are told apart
	quietText   = 160         // bytes of a text value that are kept
	quietStack  = 4096        // bytes of a stack that are kept
)

// quiet is a log handler for what strangers can cause: sipgo's lines, which
// hold whole datagrams, and ours about single messages. It drops what is below
// Warn, lets a few lines per second through for each message text, shortens
// values and masks runs of digits, so that neither a flood nor a caller's number
// reaches the log.
type quiet struct {
	next  slog.Handler
	state *quietState
}

type quietState struct {
	now func() time.Time

	// guarded by mu
	mu    sync.Mutex
	lines map[string]*quietLine
}

type quietLine struct {
	since      time.Time
	n, dropped int
}

func newQuiet(next slog.Handler, now func() time.Time) *quiet {
	return &quiet{next: next, state: &quietState{now: now, lines: make(map[string]*quietLine)}}
}

// Enabled lets warnings and errors through.
func (q *quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && q.next.Enabled(ctx, level)
}

// Handle counts the line and passes it on when it is one of the first.
func (q *quiet) Handle(ctx context.Context, r slog.Record) error {
	dropped, ok := q.state.pass(r.Message)
	if !ok {
		return nil
	}
	out := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		out.AddAttrs(maskAttr(a))
		return true
	})
	if dropped > 0 {
		out.AddAttrs(slog.Int("suppressed", dropped))
	}
	return q.next.Handle(ctx, out)
}

// WithAttrs keeps the limits.
func (q *quiet) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &quiet{next: q.next.WithAttrs(attrs), state: q.state}
}

// WithGroup keeps the limits.
func (q *quiet) WithGroup(name string) slog.Handler {
	return &quiet{next: q.next.WithGroup(name), state: q.state}
}

func (s *quietState) pass(text string) (dropped int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	line := s.lines[text]
	if line == nil {
		if len(s.lines) >= quietKeys {
			text = ""
		}
		if line = s.lines[text]; line == nil {
			line = &quietLine{}
			s.lines[text] = line
		}
	}
	if now := s.now(); now.Sub(line.since) >= quietPeriod {
		dropped = line.dropped
		*line = quietLine{since: now}
	}
	if line.n++; line.n > quietBurst {
		line.dropped++
		return 0, false
	}
	return dropped, true
}

func maskAttr(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	if k := v.Kind(); k != slog.KindString && k != slog.KindAny {
		return a
	}
	most := quietText
	if a.Key == "stack" {
		most = quietStack
	}
	return slog.String(a.Key, mask(v.String(), most))
}

// maskedRun is the length from which digits in a row may be a phone number; a
// port has five.
const maskedRun = 6

// mask shortens s, replaces control characters and hides long runs of digits
// but for their last two.
func mask(s string, most int) string {
	if len(s) > most {
		s = s[:most]
	}
	b := []byte(strings.ToValidUTF8(s, "?"))
	for i := 0; i < len(b); i++ {
		if isControl(rune(b[i])) && b[i] != '\n' {
			b[i] = ' '
		}
		end := i
		for end < len(b) && isDigit(b[end]) {
			end++
		}
		if end-i >= maskedRun {
			for j := i; j < end-2; j++ {
				b[j] = '*'
			}
		}
		i = max(i, end-1)
	}
	return string(b)
}
