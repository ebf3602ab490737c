package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall/edit"
)

// What both stores make of a change of the rota, so that they make the same of it. Bodies are JSON objects of which the store
// understands nothing: one that a newer program wrote is kept as it is.

// rotaState is the rota as a store has it.
type rotaState struct {
	last    rotaEdit      // the zero value: never seeded
	records []edit.Record // removed ones too, without a body; by key
}

// rotaEdit is a line of the log as it is stored.
type rotaEdit struct {
	id string

	revision, at, editedAt int64

	author, node, reason, edit, before, after, content, prev, hash string
}

func (e rotaEdit) version() dispatch.RotaVersion {
	return dispatch.RotaVersion{Revision: e.revision, EditedAt: instant(e.editedAt), Hash: e.content}
}

// sum is the hash of the line with the hash of the one before it.
func (e rotaEdit) sum() string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%d,%d,%d", e.revision, e.at, e.editedAt)
	for _, part := range []string{e.prev, e.id, e.author, e.node, e.reason, e.edit, e.before, e.after, e.content} {
		fmt.Fprintf(sum, ",%d:%s", len(part), part)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// entry returns the line as it is shown.
func (e rotaEdit) entry() (dispatch.RotaEntry, error) {
	shown := dispatch.RotaEntry{
		ID: e.id, Revision: e.revision, EditedAt: instant(e.editedAt), Content: e.content, At: instant(e.at), Node: e.node, Reason: e.reason,
		Prev: e.prev, Hash: e.hash,
	}
	if e.edit != "" {
		shown.Edit = []byte(e.edit)
	}
	err := errors.Join(json.Unmarshal([]byte(e.author), &shown.By), json.Unmarshal([]byte(e.before), &shown.Before),
		json.Unmarshal([]byte(e.after), &shown.After))
	if err != nil {
		return shown, fmt.Errorf("read edit %d of the rota: %w", e.revision, err)
	}
	return shown, nil
}

// rotaChange is a change with its JSON made in the caller's goroutine.
type rotaChange struct {
	dispatch.RotaChange
	author, edit string
}

func encodeRota(c dispatch.RotaChange) (rotaChange, error) {
	author, err := plainJSON(c.By)
	if err != nil {
		return rotaChange{}, refuse("encode the author of an edit of the rota: %w", err)
	}
	if len(c.Edit) > 0 && !json.Valid(c.Edit) {
		return rotaChange{}, refuse("edit the rota: the edit is not JSON")
	}
	seen := map[edit.Key]bool{}
	put := make([]edit.Record, len(c.Put))
	for i, r := range c.Put {
		if r.Body, err = compact(r); err != nil {
			return rotaChange{}, err
		}
		if seen[r.Key] {
			return rotaChange{}, refuse("edit the rota: %s is to be written twice", r.Key)
		}
		seen[r.Key], put[i] = true, r
	}
	if len(put) == 0 && c.Whole == nil {
		return rotaChange{}, refuse("edit the rota: the change writes nothing")
	}
	c.ID, c.Node, c.Reason = asText(c.ID), asText(c.Node), asText(c.Reason)
	c.Put = slices.SortedFunc(slices.Values(put), func(a, b edit.Record) int { return a.Compare(b.Key) })
	return rotaChange{RotaChange: c, author: author, edit: string(c.Edit)}, nil
}

// compact returns the body without white space between its parts: one content has one hash.
func compact(r edit.Record) (json.RawMessage, error) {
	if r.Kind == "" || r.ID == "" {
		return nil, refuse("edit the rota: a record without kind or ID: %q", r.Key)
	}
	if len(r.Body) == 0 {
		return nil, nil
	}
	var short bytes.Buffer
	if err := json.Compact(&short, r.Body); err != nil {
		return nil, refuse("edit the rota: the body of %s is not JSON: %w", r.Key, err)
	}
	if short.Bytes()[0] != '{' {
		return nil, refuse("edit the rota: the body of %s is not a JSON object", r.Key)
	}
	return short.Bytes(), nil
}

// plan returns the line of the log and the records that the change writes, or why it does not fit.
func (s rotaState) plan(c rotaChange) (rotaEdit, []edit.Record, error) {
	if theirs, fits := s.check(c); !fits {
		return rotaEdit{}, nil, &dispatch.RotaConflict{Theirs: theirs, Version: s.last.version()}
	}
	e := rotaEdit{
		id: c.ID, revision: max(s.last.revision, c.Kept.Revision) + 1, at: micros(c.At), author: c.author, node: c.Node, reason: c.Reason,
		edit: c.edit, prev: s.last.hash,
	}
	put := c.Put
	if c.Whole != nil {
		put, e.editedAt = s.replace(put), micros(c.Kept.EditedAt)
	} else {
		e.editedAt = max(e.at, s.last.editedAt+1) // an edit of a node whose clock is behind is a later one all the same
	}
	before, after := make([]edit.Record, 0, len(put)), make([]edit.Record, 0, len(put))
	for _, r := range put {
		was := edit.Record{Key: r.Key}
		if at, known := search(s.records, r.Key); known {
			was = s.records[at]
		}
		r.Revision = e.revision
		before, after = append(before, was), append(after, r)
	}
	var err, fault error
	e.before, err = plainJSON(before)
	e.after, fault = plainJSON(after)
	e.content = dispatch.HashRota(overlay(s.records, after))
	e.hash = e.sum()
	return e, after, errors.Join(err, fault)
}

// overlay returns the records after some were written; both are ordered by key, and neither is changed.
func overlay(records, written []edit.Record) []edit.Record {
	is := make([]edit.Record, 0, len(records)+len(written))
	for _, r := range records {
		for len(written) > 0 && written[0].Compare(r.Key) < 0 {
			is, written = append(is, written[0]), written[1:]
		}
		if len(written) > 0 && written[0].Key == r.Key {
			r, written = written[0], written[1:]
		}
		is = append(is, r)
	}
	return append(is, written...)
}

// check finds what the change was not decided on.
func (s rotaState) check(c rotaChange) (theirs []edit.Record, fits bool) {
	if c.Whole != nil {
		return nil, c.Whole.Revision == s.last.revision && c.Whole.Hash == s.last.content
	}
	for _, r := range slices.Concat(c.Put, c.Seen) {
		is := edit.Record{Key: r.Key}
		if at, known := search(s.records, r.Key); known {
			is = s.records[at]
		}
		there := is.Revision
		if len(is.Body) == 0 {
			there = 0
		}
		if at, told := search(theirs, r.Key); there != r.Revision && !told {
			theirs = slices.Insert(theirs, at, is)
		}
	}
	return theirs, len(theirs) == 0
}

// replace returns what is to be written so that the rota is put and nothing else.
func (s rotaState) replace(put []edit.Record) []edit.Record {
	var list []edit.Record
	for _, r := range put {
		at, known := search(s.records, r.Key)
		if (len(r.Body) > 0 || known) && (!known || !bytes.Equal(s.records[at].Body, r.Body)) {
			list = append(list, r)
		}
	}
	for _, r := range s.records {
		if _, stays := search(put, r.Key); !stays && len(r.Body) > 0 {
			list = append(list, edit.Record{Key: r.Key})
		}
	}
	slices.SortFunc(list, func(a, b edit.Record) int { return a.Compare(b.Key) })
	return list
}

// search finds a record in a list that is ordered by key.
func search(list []edit.Record, k edit.Key) (at int, known bool) {
	return slices.BinarySearchFunc(list, k, func(r edit.Record, k edit.Key) int { return r.Compare(k) })
}

// verifyRota checks the log, oldest line first, and that all of its edits together make the records.
func verifyRota(log []rotaEdit, records []edit.Record, reseals dispatch.Reseals) error {
	is := map[edit.Key]edit.Record{}
	var last rotaEdit
	for i, e := range log {
		fits := e.hash == e.sum() || reseals.Allows(dispatch.EditsLog, e.revision, e.hash, e.sum())
		if e.prev != last.hash || !fits || e.revision <= last.revision {
			return fmt.Errorf("verify the log of the rota: line %d (revision %d) was altered, or a line before it is missing", i+1, e.revision)
		}
		shown, err := e.entry()
		if err != nil {
			return err
		}
		for _, r := range shown.Before {
			if was := is[r.Key]; was.Revision != r.Revision || !bytes.Equal(was.Body, r.Body) {
				return fmt.Errorf("verify the log of the rota: edit %d changes a %s that the edits before it did not leave", e.revision, r.Key)
			}
		}
		for _, r := range shown.After {
			is[r.Key] = r
		}
		last = e
	}
	for _, r := range records {
		if made, known := is[r.Key]; !known || !bytes.Equal(made.Body, r.Body) || made.Revision != r.Revision {
			return fmt.Errorf("verify the rota: %s is not what its last edit, %d, made of it", r.Key, made.Revision)
		}
	}
	if len(is) != len(records) {
		return fmt.Errorf("verify the rota: there are %d records, and the log knows %d", len(records), len(is))
	}
	if len(log) > 0 && last.content != dispatch.HashRota(records) {
		return fmt.Errorf("verify the rota: its content is not that of its last edit, %d", last.revision)
	}
	return nil
}

// plainJSON encodes without touching what is inside strings: bodies come back byte by byte.
func plainJSON(v any) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", err
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// refusal is an answer to the very change, in words of its own; it is also ErrConflict.
type refusal struct{ error }

func (r refusal) Unwrap() error      { return r.error }
func (refusal) Is(target error) bool { return target == dispatch.ErrConflict }

func refuse(format string, args ...any) error { return refusal{fmt.Errorf(format, args...)} }
