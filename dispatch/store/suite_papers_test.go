package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/butlerspb/vahta/dispatch"
)

func suitePapers(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	_, err := s.Report(ctx, "h1")
	want(t, err, dispatch.ErrNotFound)
	must(t, s.KeepReport(ctx, "h1", []byte("{\"a\":1}\x00")))
	must(t, s.KeepReport(ctx, "h1", []byte("another")))
	body, err := s.Report(ctx, "h1")
	must(t, err)
	if string(body) != "{\"a\":1}\x00" {
		t.Errorf("the report has become %q", body)
	}

	_, err = s.Secret(ctx, "pages", nil)
	want(t, err, dispatch.ErrNotFound)
	for _, fresh := range [][]byte{{1, 2}, {3, 4}, nil} { // whoever comes first has made it
		got, err := s.Secret(ctx, "pages", fresh)
		must(t, err)
		if d := cmp.Diff([]byte{1, 2}, got); d != "" {
			t.Error(d)
		}
	}
}

func suiteSealKeys(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	first := dispatch.SealKey{Org: "romashka", Recipient: "age1a", Sealed: []byte{0, 1}, Master: "age1m", Made: t0}
	kept, err := s.AddSealKey(ctx, first)
	must(t, err)
	if d := cmp.Diff(first, kept); d != "" {
		t.Error(d)
	}
	other := dispatch.SealKey{Org: "romashka", Recipient: "age1b", Sealed: []byte{2}, Master: "age1m", Made: t0.Add(time.Hour)}
	kept, err = s.AddSealKey(ctx, other)
	must(t, err)
	if d := cmp.Diff(first, kept); d != "" {
		t.Errorf("the second key has won: %s", d)
	}
	nobody := dispatch.SealKey{Recipient: "age1c", Sealed: []byte{3}, Master: "age1m", Made: t0}
	_, err = s.AddSealKey(ctx, nobody)
	must(t, err)
	want(t, s.DestroySealKey(ctx, "none", t0), dispatch.ErrNotFound)
	must(t, s.DestroySealKey(ctx, "romashka", t0.Add(2*time.Hour)))
	want(t, s.DestroySealKey(ctx, "romashka", t0), dispatch.ErrNotFound)
	list, err := s.ListSealKeys(ctx)
	must(t, err)
	gone := first
	gone.Sealed, gone.Destroyed = nil, t0.Add(2*time.Hour)
	if d := cmp.Diff([]dispatch.SealKey{nobody, gone}, list); d != "" {
		t.Error(d)
	}
	kept, err = s.AddSealKey(ctx, other) // what comes after a destroyed key has a new one
	must(t, err)
	if d := cmp.Diff(other, kept); d != "" {
		t.Error(d)
	}
}

func suiteAttachments(t *testing.T, s record) {
	t.Helper()
	ctx := t.Context()
	a := dispatch.Attachment{Hash: "aa", Org: "romashka", Ticket: "t1", Name: "отчёт.txt", Type: "text/plain", Bytes: 7, At: t0}
	again := a
	again.Name = "другое имя.txt"
	b := dispatch.Attachment{Hash: "bb", Org: "lyutik", Ticket: "t2", Name: "b.png", Type: "image/png", Bytes: 1 << 33, At: t0.Add(time.Hour)}
	shared := dispatch.Attachment{Hash: "aa", Org: "lyutik", Ticket: "t2", Name: "a.txt", At: t0.Add(2 * time.Hour)}
	for _, x := range []dispatch.Attachment{a, again, b, shared} {
		must(t, s.AddAttachment(ctx, x))
	}
	for name, c := range map[string]struct {
		filter dispatch.AttachmentFilter
		want   []dispatch.Attachment
	}{
		"all":             {dispatch.AttachmentFilter{}, []dispatch.Attachment{a, b, shared}},
		"of a client":     {dispatch.AttachmentFilter{Org: "lyutik"}, []dispatch.Attachment{b, shared}},
		"of a ticket":     {dispatch.AttachmentFilter{Ticket: "t1"}, []dispatch.Attachment{a}},
		"by content":      {dispatch.AttachmentFilter{Hash: "aa"}, []dispatch.Attachment{a, shared}},
		"before a moment": {dispatch.AttachmentFilter{Before: t0.Add(time.Hour)}, []dispatch.Attachment{a}},
		"so many":         {dispatch.AttachmentFilter{Limit: 2}, []dispatch.Attachment{a, b}},
	} {
		got, err := s.ListAttachments(ctx, c.filter)
		must(t, err)
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	want(t, s.EraseAttachment(ctx, "t1", "bb", t0), dispatch.ErrNotFound)
	must(t, s.EraseAttachment(ctx, "t1", "aa", t0.Add(3*time.Hour)))
	want(t, s.EraseAttachment(ctx, "t1", "aa", t0), dispatch.ErrNotFound)
	a.Erased, a.Name = t0.Add(3*time.Hour), "" // a name may tell whose it was
	got, err := s.ListAttachments(ctx, dispatch.AttachmentFilter{Ticket: "t1"})
	must(t, err)
	if d := cmp.Diff([]dispatch.Attachment{a}, got); d != "" {
		t.Error(d)
	}
	must(t, s.AddAttachment(ctx, again)) // it has come anew
	a.Erased, a.Name = time.Time{}, again.Name
	got, err = s.ListAttachments(ctx, dispatch.AttachmentFilter{Ticket: "t1"})
	must(t, err)
	if d := cmp.Diff([]dispatch.Attachment{a}, got); d != "" {
		t.Error(d)
	}
}
