package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// encoded is a change with its JSON made in the caller's goroutine, so that
// the writer only writes.
type encoded struct {
	dispatch.Change
	at      int64    // when it came, µs; forgetting its ID counts from it
	call    []byte   // of the signal
	state   []byte   // of the ticket
	also    [][]byte // of the further tickets
	bodies  [][]byte // of the events
	details [][]byte // of the calls
	notices [][]byte
}

func encode(c dispatch.Change) (*encoded, error) {
	c = legible(c)
	e := &encoded{Change: c}
	var err error
	put := func(v any) []byte {
		if err != nil {
			return nil
		}
		var b []byte
		if b, err = json.Marshal(v); err != nil {
			err = fmt.Errorf("encode %T: %w: %w", v, dispatch.ErrConflict, err) // no store takes it
		}
		return b
	}
	if c.Signal != nil && c.Signal.Call != nil {
		e.call = put(c.Signal.Call)
	}
	if c.Ticket != nil {
		e.state = put(c.Ticket)
	}
	for _, r := range c.Also {
		e.also = append(e.also, put(r.Ticket))
	}
	for _, ev := range c.Events {
		e.bodies = append(e.bodies, put(ev.Body))
	}
	for _, call := range c.Calls {
		e.details = append(e.details, put(call.Detail))
	}
	for _, n := range c.Notices {
		e.notices = append(e.notices, put(n))
	}
	return e, err
}

// micros is how instants are kept; 0 = not yet.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// rank tells the kinds of notices apart in the outbox; pages come first.
func rank(k dispatch.NoticeKind) int64 {
	switch k {
	case dispatch.NoticePage:
		return 0
	case dispatch.NoticeRecall:
		return 2
	case dispatch.NoticeShift:
		return 3
	case dispatch.NoticeClient:
		return 4
	case dispatch.NoticeEvent:
	}
	return 1
}

func decodeTicket(state string, version int64) (ticket.Ticket, error) {
	var t ticket.Ticket
	if err := json.Unmarshal([]byte(state), &t); err != nil {
		return t, fmt.Errorf("read stored ticket: %w", err)
	}
	t.Version = version
	return t, nil
}
