package vault

import (
	"context"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// TestSurvey: what is kept is counted, what can not be opened or should not be there is named, and nothing is changed.
func TestSurvey(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	good, bad := r.call("c1", "RIFF good", true), r.call("c2", "RIFF bad", true)
	file, err := r.v.Put(ctx, "t1", "romashka", "a.txt", strings.NewReader("a"))
	r.must(err)
	_, err = r.v.Put(ctx, "t2", "lyutik", "b.txt", strings.NewReader("b"))
	r.must(err)
	s, err := r.v.Survey(ctx)
	r.must(err)
	if s.Recordings != 2 || s.Clear != 2 || s.Files != 2 || s.Keys != 2 || s.Locked != "" || s.ShutAll+s.Missing+s.Overdue != 0 || s.Oldest.IsZero() {
		t.Errorf("at first: %+v", s)
	}
	r.v.Tidy(ctx)
	r.must(os.WriteFile(bad.Detail.Recording.Path+Sealed, []byte("age-encryption.org/v1\nbroken"), 0o600))
	r.must(os.Remove(r.v.path(file)))
	r.close(t0)
	r.term, r.now = Term{Recordings: time.Hour}, t0.Add(time.Hour)
	s, err = r.v.Survey(ctx)
	r.must(err)
	if s.Clear != 0 || s.ShutAll != 1 || len(s.Shut) != 1 || !strings.Contains(s.Shut[0], "c2") || s.Missing != 1 || s.Overdue != 2 {
		t.Errorf("later: %+v", s)
	}
	if !r.v.HasCall(good) {
		t.Error("a look has removed something")
	}
	r.must(os.Remove(r.cfg.Key))
	lost := r.another()
	if err := lost.Open(ctx); err == nil {
		t.Fatal("it opened without its key")
	}
	if s, err = lost.Survey(ctx); err != nil || !strings.Contains(s.Locked, "is gone") {
		t.Errorf("without its key: %+v, %v", s, err)
	}
}

// TestAYear: the running vault removes each thing when its contract says so, within one look, and writes it into the audit.
func TestAYear(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		const day = 24 * time.Hour
		start := time.Now()
		r.deps.Now = time.Now
		r.term = Term{Recordings: 90 * day, Attachments: 365 * day}
		r.v = r.opened()
		c := r.call("c1", "RIFF", true)
		file, err := r.v.Put(t.Context(), "t1", "romashka", "a.txt", strings.NewReader("a"))
		r.must(err)
		ended := make(chan error, 1)
		feed := dispatch.NewFeed("")
		ctx, stop := context.WithCancel(t.Context())
		go func() { ended <- r.v.Run(ctx, feed) }()
		closing := start.Add(10 * day)
		time.Sleep(10 * day)
		r.close(closing)
		var heard, held time.Duration // how long after the ticket was closed each was there last
		for range 400 {
			time.Sleep(day)
			if r.v.HasCall(c) {
				heard = time.Since(closing)
			}
			if _, f, err := r.v.GetFile(t.Context(), "t1", file.Hash); err == nil {
				held = time.Since(closing)
				r.must(f.Close())
			}
		}
		stop()
		r.must(<-ended)
		if heard != 90*day && heard != 89*day || held != 365*day && held != 364*day {
			t.Errorf("the recording was there for %v, the file for %v", heard, held)
		}
		trail, err := r.mem.AuditTrail(t.Context(), dispatch.AuditFilter{Act: dispatch.ActExpire})
		r.must(err)
		if len(trail) != 2 || trail[1].At.Sub(closing) < 90*day || trail[1].At.Sub(closing) > 90*day+r.cfg.Every || trail[0].At.Sub(closing) < 365*day || trail[0].At.Sub(closing) > 365*day+r.cfg.Every {
			t.Errorf("the audit: %+v", trail)
		}
	})
}
