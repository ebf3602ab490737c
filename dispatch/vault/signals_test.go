package vault

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/store"
)

// inbox is a store of signals that gives each the ticket t1.
type inbox struct {
	*store.Memory

	got dispatch.Signal
}

func (i *inbox) Receive(ctx context.Context, sig dispatch.Signal) (dispatch.SignalID, error) {
	i.got = sig
	return sig.ID(), i.Commit(ctx, dispatch.Change{Signal: &sig})
}

func (i *inbox) Intake(ctx context.Context, _ dispatch.SignalID) (dispatch.Opened, error) {
	return dispatch.Opened{}, i.Commit(ctx, dispatch.Change{Signal: &i.got, Taken: dispatch.Taken{Ticket: "t1", Number: "VH-26-000421"}})
}

func (i *inbox) Reprocess(context.Context, dispatch.SignalID) (dispatch.Opened, error) {
	return dispatch.Opened{}, dispatch.ErrNotFound
}

// TestFilesOfSignals: what comes with a signal is in the vault before the signal is stored, its bytes are nowhere in the clear, and
// it is the ticket's when there is one; what can not be kept is named in the text.
func TestFilesOfSignals(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.cfg.Largest = 30
	r.v = r.opened()
	ctx := t.Context()
	r.call("c1", "RIFF", true) // opens t1
	in := &inbox{Memory: r.mem}
	f := r.v.Filing(in)
	large, secret := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("x"), 31)), base64.StdEncoding.EncodeToString([]byte("тайна"))
	raw := `{"text": "смотрите", "subject": "лог", "attachments": [{"name": "../лог.txt", "data": "` + secret + `"}, {"name": "big.bin", "data": "` + large + `"}]}`
	id, err := f.Receive(ctx, dispatch.Signal{Channel: dispatch.ChannelAPI, Key: "../k/1", At: t0, Raw: []byte(raw)})
	r.must(err)
	m, err := dispatch.DecodeJSON(in.got)
	r.must(err)
	if len(m.Files) != 1 || m.Subject != "лог" || !strings.Contains(m.Text, "смотрите") || !strings.Contains(m.Text, "big.bin: the file is too large") {
		t.Errorf("the signal: %+v", m)
	}
	if bytes.Contains(in.got.Raw, []byte(secret)) {
		t.Error("its bytes are stored in the clear")
	}
	if _, _, err := r.v.GetFile(ctx, "t1", m.Files[0]); !errors.Is(err, dispatch.ErrNotFound) {
		t.Errorf("a ticket has it before there is one: %v", err)
	}
	r.v.Tidy(ctx) // it waits
	_, err = f.Intake(ctx, id)
	r.must(err)
	a, file, err := r.v.GetFile(ctx, "t1", m.Files[0])
	r.must(err)
	body, err := io.ReadAll(file)
	r.must(errors.Join(err, file.Close()))
	if string(body) != "тайна" || a.Name != "лог.txt" || a.Org != "romashka" || a.Type != "text/plain; charset=utf-8" {
		t.Errorf("%q, %+v", body, a)
	}
	sealed, err := filepath.Glob(filepath.Join(r.cfg.Files, "*", "*"))
	if err != nil || len(sealed) != 1 || !strings.HasPrefix(filepath.Base(sealed[0]), "t1-") {
		t.Errorf("on the disk: %v, %v", sealed, err)
	}

	monitoring := `{"attachments": [{"color": "red"}]}` // the word is others', too
	_, err = f.Receive(ctx, dispatch.Signal{Channel: dispatch.ChannelMonitor, Key: "m", At: t0, Raw: []byte(monitoring)})
	r.must(err)
	if string(in.got.Raw) != monitoring {
		t.Errorf("an alarm has become %q", in.got.Raw)
	}
}

// TestFilesOfSignalsWithoutAKey: a signal counts though its files can not be kept; while the record is away its sender comes again.
func TestFilesOfSignalsWithoutAKey(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	in := &inbox{Memory: r.mem}
	locked := r.another() // was never opened
	sig := dispatch.Signal{Channel: dispatch.ChannelCLI, Key: "k", At: t0, Raw: []byte(`{"text": "пожар", "attachments": [{"name": "a.txt", "data": "YQ=="}]}`)}
	_, err := locked.Filing(in).Receive(t.Context(), sig)
	r.must(err)
	m, err := dispatch.DecodeJSON(in.got)
	r.must(err)
	if len(m.Files) != 0 || !strings.HasPrefix(m.Text, "пожар") || !strings.Contains(m.Text, "a.txt: the vault is locked") {
		t.Errorf("%+v", m)
	}
	r.mem.Fail(dispatch.ErrAway)
	defer r.mem.Fail(nil)
	if _, err := r.v.Filing(in).Receive(t.Context(), sig); !errors.Is(err, dispatch.ErrAway) {
		t.Errorf("while the record is away: %v", err)
	}
}

// TestStagedFilesAreFound: files whose node died before their signal had its ticket are given to it by the next look; those of no
// signal go after a month.
func TestStagedFilesAreFound(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	r.call("c1", "RIFF", true)
	in := &inbox{Memory: r.mem}
	sig := dispatch.Signal{Channel: dispatch.ChannelCLI, Key: "k", At: t0, Raw: []byte(`{"text": "a", "attachments": [{"name": "a.txt", "data": "YQ=="}]}`)}
	id, err := r.v.Filing(in).Receive(ctx, sig)
	r.must(err)
	_, err = r.v.Put(ctx, stageOf(dispatch.SignalID{Channel: "cli", Key: "never"}), "", "b.txt", strings.NewReader("b"))
	r.must(err)
	_, err = in.Intake(ctx, id)
	r.must(err)
	m, err := dispatch.DecodeJSON(in.got)
	r.must(err)
	after := r.opened()
	after.Tidy(ctx)
	if _, f, err := after.GetFile(ctx, "t1", m.Files[0]); err != nil {
		t.Errorf("%v", err)
	} else {
		r.must(f.Close())
	}
	count := func() int {
		list, err := filepath.Glob(filepath.Join(r.cfg.Files, "*", "*"))
		r.must(err)
		return len(list)
	}
	if n := count(); n != 2 {
		t.Errorf("%d files", n)
	}
	r.now = t0.Add(stageAge)
	after.Tidy(ctx)
	if n := count(); n != 1 {
		t.Errorf("%d files after a month", n)
	}
}
