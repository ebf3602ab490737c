package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// The record is read by Debian's sqlite3, which shares no line of code with Vahta.

// query runs a SELECT and returns its rows.
func query[T any](ctx context.Context, path, sql string) ([]T, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, "sqlite3", "-json", "-cmd", ".timeout 5000", path, sql) //nolint:gosec // our own words
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("read the record: %w: %s", err, bytes.TrimSpace(errs.Bytes()))
	}
	if len(bytes.TrimSpace(out.Bytes())) == 0 {
		return nil, nil
	}
	var rows []T
	if err := json.Unmarshal(out.Bytes(), &rows); err != nil {
		return nil, fmt.Errorf("read the record: %w", err)
	}
	return rows, nil
}

// integrity is what PRAGMA integrity_check says beside "ok".
func integrity(ctx context.Context, path string) []string {
	rows, err := query[struct {
		Word string `json:"integrity_check"`
	}](ctx, path, "PRAGMA integrity_check")
	if err != nil {
		return []string{err.Error()}
	}
	var out []string
	for _, r := range rows {
		if r.Word != "ok" {
			out = append(out, r.Word)
		}
	}
	if len(rows) == 0 {
		out = append(out, "integrity_check said nothing")
	}
	return out
}

// holder is another program that has the whole database for itself.
type holder struct {
	cmd *exec.Cmd
	in  io.WriteCloser
}

// hold takes the database exclusively and returns when it has it.
func hold(ctx context.Context, path string) (*holder, error) {
	cmd := exec.CommandContext(ctx, "sqlite3", "-cmd", ".timeout 20000", path) //nolint:gosec // our own words
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("hold the database: %w", err)
	}
	h := &holder{cmd: cmd, in: in}
	if _, err := io.WriteString(in, ".bail on\nBEGIN EXCLUSIVE;\nSELECT 'held';\n"); err != nil {
		return nil, errors.Join(err, h.release())
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || strings.TrimSpace(line) != "held" {
		return nil, errors.Join(fmt.Errorf("hold the database: %s", bytes.TrimSpace(errs.Bytes())), err, h.release())
	}
	return h, nil
}

// release gives the database back.
func (h *holder) release() error {
	_, err := io.WriteString(h.in, "ROLLBACK;\n.quit\n")
	return errors.Join(err, h.in.Close(), h.cmd.Wait())
}

// call of the record.
type recordedCall struct {
	ID       string `json:"id"`
	Ticket   string `json:"ticket"`
	Caller   string `json:"caller"`
	Started  int64  `json:"started_at"`
	Accepted int64  `json:"accepted_at"`
	Ended    int64  `json:"ended_at"`
	Result   string `json:"result"`
}

// ticket of the record.
type recordedTicket struct {
	ID     string `json:"id"`
	Year   int    `json:"year"`
	Seq    int64  `json:"seq"`
	Opened int64  `json:"opened_at"`
	Caller string `json:"caller"`
	Acked  string `json:"acked"`
}

// event of the record.
type recordedEvent struct {
	Ticket string `json:"ticket"`
	Seq    int64  `json:"seq"`
	At     int64  `json:"at"`
	Kind   string `json:"kind"`
	Call   string `json:"call"`
	Page   int    `json:"page"`
	Key    string `json:"key"`
}

// record is all of it that the oracle asks about.
type record struct {
	calls   []recordedCall // of callers
	recalls []recordedCall // of clients who were rung back
	tickets []recordedTicket
	events  []recordedEvent
}

func readRecord(ctx context.Context, path string) (record, error) {
	var r record
	var err error
	const calls = `SELECT id, ticket, caller, started_at, accepted_at, ended_at, result FROM calls WHERE did `
	if r.calls, err = query[recordedCall](ctx, path, calls+`<> ''`); err != nil {
		return r, err
	}
	if r.recalls, err = query[recordedCall](ctx, path, calls+`= ''`); err != nil {
		return r, err
	}
	if r.tickets, err = query[recordedTicket](ctx, path,
		`SELECT id, year, seq, opened_at, json_extract(state, '$.caller') AS caller,
			coalesce(json_extract(state, '$.acknowledged.by'), '') AS acked FROM tickets ORDER BY opened_at`); err != nil {
		return r, err
	}
	r.events, err = query[recordedEvent](ctx, path,
		`SELECT ticket, seq, at, kind, coalesce(json_extract(body, '$.call'), '') AS call,
			coalesce(json_extract(body, '$.page'), 0) AS page, key FROM events ORDER BY ticket, seq`)
	return r, err
}

// index of a record, by what the oracle knows.
type index struct {
	tickets map[string][]recordedTicket // by the caller's number
	calls   map[string][]recordedCall   // by the caller's number
	events  map[string][]recordedEvent  // by ticket
}

func (r record) index() index {
	x := index{map[string][]recordedTicket{}, map[string][]recordedCall{}, map[string][]recordedEvent{}}
	for _, t := range r.tickets {
		x.tickets[t.Caller] = append(x.tickets[t.Caller], t)
	}
	for _, c := range r.calls {
		x.calls[c.Caller] = append(x.calls[c.Caller], c)
	}
	for _, e := range r.events {
		x.events[e.Ticket] = append(x.events[e.Ticket], e)
	}
	return x
}

// count of events of that kind of one call.
func count(events []recordedEvent, kind, call string) int {
	n := 0
	for _, e := range events {
		if e.Kind == kind && (call == "" || e.Call == call) {
			n++
		}
	}
	return n
}

// faults are the ways in which the record differs from what the oracle knows
// of contacts that were answered by an engineer and are over.
type faults struct {
	missing    []string // contacts without a ticket
	doubled    []string // contacts with several
	incomplete []string // tickets without attempt, acceptance or outcome, or with too many
	disorder   []string // numbers that are not in the order of opening
	numbers    []int64  // in the order of opening
	swapped    int      // of neighbours within grace: recorded, no fault
}

// grace is how far apart two callers may be whose numbers are the wrong way
// round: a ticket's time is that of its INVITE, its number is given a moment later.
const grace = time.Second

func (f faults) total() int {
	return len(f.missing) + len(f.doubled) + len(f.incomplete) + len(f.disorder)
}

// audit holds the record against served contacts.
func audit(list []*contact, r record) faults {
	var f faults
	x := r.index()
	mine := map[string]string{} // ticket → node that the caller had called
	for _, c := range list {
		tickets := x.tickets[c.number]
		switch {
		case len(tickets) == 0:
			f.missing = append(f.missing, c.story())
			continue
		case len(tickets) > 1:
			f.doubled = append(f.doubled, fmt.Sprintf("%d tickets: %s", len(tickets), c.story()))
		}
		mine[tickets[0].ID] = c.node.name
		events := x.events[tickets[0].ID]
		calls := x.calls[c.number]
		if len(calls) != 1 || calls[0].Ended == 0 || calls[0].Result != "served" || count(events, "opened", "") != 1 ||
			count(events, "accepted", "") != 1 || count(events, "call_ended", "") != 1 || count(events, "attempted", "") == 0 {
			f.incomplete = append(f.incomplete, fmt.Sprintf("%d calls %+v, events %s: %s", len(calls), calls, kinds(events), c.story()))
		}
	}
	opened := map[string][]recordedTicket{}
	seen := map[[2]int64]bool{}
	for _, t := range r.tickets { // in the order of opening
		key := [2]int64{int64(t.Year), t.Seq}
		if seen[key] {
			f.doubled = append(f.doubled, fmt.Sprintf("number %d of %d is used twice", t.Seq, t.Year))
		}
		seen[key] = true
		node, ok := mine[t.ID]
		if !ok {
			continue
		}
		opened[node] = append(opened[node], t)
	}
	for _, list := range opened {
		f.order(list)
	}
	return f
}

// order judges the numbers of one node; the list is in the order of opening.
func (f *faults) order(list []recordedTicket) {
	for i, t := range list {
		f.numbers = append(f.numbers, t.Seq)
		for _, before := range list[:i] {
			apart := time.Duration(t.Opened-before.Opened) * time.Microsecond
			switch {
			case t.Seq >= before.Seq:
			case apart < grace:
				f.swapped++
			default:
				f.disorder = append(f.disorder, fmt.Sprintf("number %d was opened %s after number %d", t.Seq, apart, before.Seq))
			}
		}
	}
}

// kinds are the events of a ticket in order; runs of one kind are counted.
func kinds(events []recordedEvent) string {
	var out []string
	for i := 0; i < len(events); {
		j := i
		for j < len(events) && events[j].Kind == events[i].Kind {
			j++
		}
		word := events[i].Kind
		if j-i > 1 {
			word += fmt.Sprintf(" x%d", j-i)
		}
		out = append(out, word)
		i = j
	}
	return strings.Join(out, ", ")
}
