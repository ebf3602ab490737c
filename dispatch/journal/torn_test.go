package journal

import (
	"errors"
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
		{"newer one, empty file", func(*file) {}, "", true},
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

// The power goes between the two writes that empty the file, and the new head
// is damaged: what comes back is what the store recognises.
func TestCutBetweenTheHeads(t *testing.T) {
	t.Parallel()
	p := newPlatter(t, 4096)
	f, _, _ := mustOpen(t, p)
	must(t, f.wait(t.Context(), f.put([]byte("one"))))
	must(t, f.writeHead(t.Context(), func(h *head) { h.Gen++ }))
	after := p.crash(func() bool { return false })
	copy(after.now[int64(f.head.Serial%2)*headSize+headFixed:], "xyz")
	if again, list, _ := mustOpen(t, after); bodies(list) != "one" || !again.torn {
		t.Errorf("read %q, torn %v", bodies(list), again.torn)
	}
}

// scratched is a disk that cannot read some pages.
type scratched struct {
	*platter

	pages []int64
}

var errScratch = errors.New("input/output error")

func (s scratched) ReadAt(b []byte, at int64) (int, error) {
	for _, page := range s.pages {
		if at < (page+1)*headSize && at+int64(len(b)) > page*headSize {
			return 0, errScratch
		}
	}
	return s.platter.ReadAt(b, at)
}

// A page that cannot be read costs what lay in it, and no more: neither the
// other head, nor the records beside it, nor the start.
func TestUnreadablePages(t *testing.T) {
	t.Parallel()
	p := newPlatter(t, 64<<10)
	f, _, _ := mustOpen(t, p)
	long := strings.Repeat("x", 3000)
	for _, text := range []string{"a", "b", "c", "d"} {
		must(t, f.wait(t.Context(), f.put([]byte(text+long))))
	}
	for name, c := range map[string]struct {
		pages []int64
		want  string
		lost  uint64
		torn  bool
	}{
		"one head":         {[]int64{0}, "abcd", 0, true},
		"the other head":   {[]int64{1}, "abcd", 0, true},
		"an unused page":   {[]int64{9}, "abcd", 0, false},
		"a page of theirs": {[]int64{3}, "ad", 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			again, list, lost := mustOpen(t, scratched{p.crash(func() bool { return false }), c.pages})
			var got strings.Builder
			for _, r := range list {
				got.WriteByte(r.body[0])
			}
			if got.String() != c.want || lost != c.lost || again.torn != c.torn || (again.unread > 0) == c.torn {
				t.Errorf("read %q, %d lost, torn %v, %d bytes unread", got.String(), lost, again.torn, again.unread)
			}
		})
	}
	if _, _, _, err := openFile(scratched{p, []int64{0, 1}}, nil); !errors.Is(err, errScratch) {
		t.Errorf("neither head can be read: %v", err)
	}
}

// Only what a newer program has written stops the start: damage of a head does not.
func TestNewerOrDamaged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		magic string
		both  bool
		want  error
	}{
		"a newer file":              {"VAHTAJ2\n", true, errNewer},
		"one newer head":            {"VAHTAJ2\n", false, errNewer},
		"a damaged magic":           {"VAHTAJ\x00\n", false, nil},
		"damage in both, no number": {"VAHTAJ1\x00", true, errHeads},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatter(t, 4096)
			copy(p.now, c.magic)
			if c.both {
				copy(p.now[headSize:], c.magic)
			}
			f, _, _, err := openFile(p, nil)
			if !errors.Is(err, c.want) || err == nil && !f.torn {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	p := newPlatter(t, 4096)
	copy(p.now, "VAHTAJ3\n\xff\xff") // a flipped bit is not a newer program, beside a sound head
	if f, _, _, err := openFile(p, nil); err != nil || !f.torn {
		t.Errorf("got %v", err)
	}
}
