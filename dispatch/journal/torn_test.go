package journal

import (
	"strings"
	"testing"

	"github.com/butlerspb/vahta/dispatch"
)

// One head is damaged, the newer or the older one: the records of the present
// generation are read all the same, and no block is taken for untouched.
func TestOneHeadDamaged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		do     func(*file) // after the file was emptied once
		want   string
		newest bool
	}{
		{"newer one, with records", func(f *file) { must(t, f.wait(t.Context(), f.put([]byte("two")))) }, "two", true},
		{"older one, with records", func(f *file) { must(t, f.wait(t.Context(), f.put([]byte("two")))) }, "two", false},
		{"newer one, empty file", func(*file) {}, "one", true}, // the store knows it, and says so
		{"older one, empty file", func(*file) {}, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPlatter(t, 4096)
			f, _, _ := mustOpen(t, p)
			must(t, f.writeHead(t.Context(), func(h *head) { h.Blocks = []dispatch.Block{{Year: 2026, First: 1, End: 501}} }))
			must(t, f.wait(t.Context(), f.put([]byte("one"))))
			must(t, f.reset(t.Context()))
			c.do(f)
			slot := int64(f.head.Serial % 2)
			if !c.newest {
				slot = 1 - slot
			}
			after := p.crash(func() bool { return false })
			copy(after.now[slot*headSize+60:], "xyz")
			copy(after.sure[slot*headSize+60:], "xyz")
			again, list, lost := mustOpen(t, after)
			if bodies(list) != c.want || lost != 0 || !again.torn {
				t.Errorf("read %q, %d lost, torn %v, want %q", bodies(list), lost, again.torn, c.want)
			}
			for _, b := range again.blocks() {
				if !b.Begun {
					t.Errorf("block %+v counts as untouched", b)
				}
			}
			must(t, again.wait(t.Context(), again.put([]byte("three"))))
			_, list, _ = mustOpen(t, after.crash(func() bool { return false }))
			if want := strings.TrimSpace(c.want + " three"); bodies(list) != want {
				t.Errorf("read %q after the next record, want %q", bodies(list), want)
			}
		})
	}
}
