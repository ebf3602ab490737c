package store

import (
	"context"
	"testing"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// One row that can not be read must not hold up the pages behind it.
func TestUnreadableNoticeIsSetAside(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := opening(1)
	c.Notices = []dispatch.Notice{
		{ID: "a-poison", Kind: dispatch.NoticePage, Channel: dispatch.ChannelVoice, To: "anna", DueAt: t0},
		{ID: "b-page", Kind: dispatch.NoticePage, Channel: dispatch.ChannelVoice, To: "boris", DueAt: t0},
	}
	must(t, s.Commit(t.Context(), c))
	must(t, s.submit(t.Context(), func(ctx context.Context, w *writer) error {
		_, err := w.exec(ctx, `UPDATE outbox SET notice = '{' WHERE id = 'a-poison'`)
		return err
	}))
	for range 2 {
		due, err := s.ClaimNotices(t.Context(), dispatch.NoticePage, t0.Add(time.Hour), time.Nanosecond, 10)
		must(t, err)
		if len(due) != 1 || due[0].ID != "b-page" {
			t.Fatalf("claimed %v", due)
		}
	}
}
