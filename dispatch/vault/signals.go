package vault

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// Signals is what takes signals in; a *dispatch.Dispatcher is one.
type Signals interface {
	ListSignals(ctx context.Context, f dispatch.SignalFilter) ([]dispatch.SignalRecord, error)
	Receive(ctx context.Context, sig dispatch.Signal) (dispatch.SignalID, error)
	Intake(ctx context.Context, id dispatch.SignalID) (dispatch.Opened, error)
	Reprocess(ctx context.Context, id dispatch.SignalID) (dispatch.Opened, error)
}

// Filing takes the files out of JSON signals before these are stored: they go
// into the vault, and the signal has their hashes. When it has its ticket they
// are sealed anew by the key of the ticket's client.
type Filing struct {
	Signals

	v *Vault
}

// Filing returns signals whose files are kept in the vault.
func (v *Vault) Filing(s Signals) *Filing { return &Filing{s, v} }

// Enclosed is a file in the JSON of a signal, in its field attachments.
type Enclosed struct {
	Name string `json:"name"`
	Data []byte `json:"data"` // base64
}

// maxEnclosed bounds the files of one signal.
const maxEnclosed = 50

// stage begins the name that files have instead of a ticket's until their
// signal has one.
const stage = "signal:"

// stageAge is how long files wait for the ticket of their signal.
const stageAge = 30 * 24 * time.Hour

func stageOf(id dispatch.SignalID) string { return stage + string(id.Channel) + "/" + id.Key }

// Receive implements Signals.
func (f *Filing) Receive(ctx context.Context, sig dispatch.Signal) (dispatch.SignalID, error) {
	if sig.Channel == dispatch.ChannelAPI || sig.Channel == dispatch.ChannelCLI {
		raw, err := f.v.strip(ctx, sig)
		if err != nil {
			return dispatch.SignalID{}, fmt.Errorf("keep the files of a signal: %w", err)
		}
		sig.Raw = raw
	}
	return f.Signals.Receive(ctx, sig)
}

// Intake implements Signals.
func (f *Filing) Intake(ctx context.Context, id dispatch.SignalID) (dispatch.Opened, error) {
	o, err := f.Signals.Intake(ctx, id)
	if err == nil && f.v.waits(id) {
		f.v.adoptWaiting(ctx)
	}
	return o, err
}

// Reprocess implements Signals.
func (f *Filing) Reprocess(ctx context.Context, id dispatch.SignalID) (dispatch.Opened, error) {
	o, err := f.Signals.Reprocess(ctx, id)
	if err == nil && f.v.deps.Files != nil {
		f.v.await(id)
		f.v.adoptWaiting(ctx)
	}
	return o, err
}

// strip puts the files of a signal into the vault and returns the signal
// without them. A file that can not be kept is named in the text: the signal
// counts all the same. Only while the record is away it fails, and the sender
// comes again.
func (v *Vault) strip(ctx context.Context, sig dispatch.Signal) ([]byte, error) {
	if v.deps.Files == nil || !bytes.Contains(sig.Raw, []byte(`"attachments"`)) {
		return sig.Raw, nil
	}
	var m map[string]json.RawMessage
	if _ = json.Unmarshal(sig.Raw, &m); m["attachments"] == nil {
		return sig.Raw, nil // what can not be read is said of by the decoder
	}
	var list []Enclosed
	var hashes []string
	var text string
	_ = json.Unmarshal(m["text"], &text)    // what is no text is said of by the decoder
	_ = json.Unmarshal(m["files"], &hashes) // as above
	if err := json.Unmarshal(m["attachments"], &list); err != nil {
		text = lost(text, "attachments", err)
	}
	for i, e := range list {
		name := baseName(e.Name)
		if i == maxEnclosed {
			text = lost(text, fmt.Sprintf("%d", len(list)-i), fmt.Errorf("a signal has %d files at most", maxEnclosed))
			break
		}
		a, err := v.Put(ctx, stageOf(sig.ID()), "", e.Name, bytes.NewReader(e.Data))
		switch {
		case errors.Is(err, dispatch.ErrAway) || ctx.Err() != nil:
			return nil, err
		case err != nil:
			v.log.Error("a file of a signal is not kept", "channel", string(sig.Channel), "err", err)
			text = lost(text, name, err)
		default:
			hashes = append(hashes, a.Hash)
		}
	}
	v.await(sig.ID())
	delete(m, "attachments")
	for field, value := range map[string]any{"text": text, "files": hashes} {
		raw, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		m[field] = raw
	}
	return json.Marshal(m)
}

// lost says in a text that a file was not kept.
func lost(text, name string, why error) string {
	reason := why
	for _, known := range []error{ErrTooLarge, ErrLocked} {
		if errors.Is(why, known) {
			reason = known // the rest is for our own log
		}
	}
	return strings.TrimSpace(fmt.Sprintf("%s\n\n[файл не сохранён / file not kept: %s: %v]", text, name, reason))
}

// await notes that files of a signal wait for its ticket.
func (v *Vault) await(id dispatch.SignalID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.waiting[id] = true
}

func (v *Vault) waits(id dispatch.SignalID) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.waiting[id]
}

// adoptWaiting gives files that this node has taken to the tickets of their signals, where there are any by now.
func (v *Vault) adoptWaiting(ctx context.Context) {
	v.mu.Lock()
	ids := slices.Collect(maps.Keys(v.waiting))
	v.mu.Unlock()
	for _, id := range ids {
		list, err := v.deps.Files.ListAttachments(ctx, dispatch.AttachmentFilter{Ticket: stageOf(id), Limit: everything})
		done := err == nil
		for _, a := range list {
			gone, err := v.adopt(ctx, a)
			done = done && gone && err == nil
		}
		if done {
			v.mu.Lock()
			delete(v.waiting, id)
			v.mu.Unlock()
		}
	}
}

// staged says which signal a file came with; ok is false for those of tickets.
func staged(a dispatch.Attachment) (id dispatch.SignalID, ok bool) {
	name, ok := strings.CutPrefix(a.Ticket, stage)
	if !ok {
		return id, false
	}
	channel, key, ok := strings.Cut(name, "/")
	return dispatch.SignalID{Channel: dispatch.Channel(channel), Key: key}, ok
}

// adopt gives a staged file to the ticket of its signal; done is false while that has none.
func (v *Vault) adopt(ctx context.Context, a dispatch.Attachment) (done bool, err error) {
	id, ok := staged(a)
	if !ok || !a.Erased.IsZero() {
		return true, nil
	}
	_, taken, err := v.deps.Archive.Signal(ctx, id)
	switch {
	case err != nil && !errors.Is(err, dispatch.ErrNotFound):
		return false, err
	case err != nil || taken.Ticket == "":
		if v.now().Sub(a.At) < stageAge {
			return false, nil
		}
		return true, v.Erase(ctx, a) // its signal was never stored, or needs no ticket
	}
	c, err := v.deps.Archive.Load(ctx, taken.Ticket)
	if err != nil {
		return false, err
	}
	in, err := v.Read(ctx, strings.TrimSuffix(v.path(a), Sealed), a.Org)
	if err != nil {
		return false, err
	}
	_, err = v.Put(ctx, c.Ticket.ID, c.Ticket.Client.Org, a.Name, in)
	if err = errors.Join(err, in.Close()); err != nil {
		return false, err
	}
	return true, v.Erase(ctx, a)
}

// owner is whose a file is, as a part of its name on the disk.
func owner(ticket string) string {
	if !strings.HasPrefix(ticket, stage) {
		return ticket
	}
	sum := sha256.Sum256([]byte(ticket))
	return "signal-" + hex.EncodeToString(sum[:16])
}
