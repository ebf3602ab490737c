package journal

import "testing"

// FuzzScan: whatever stands in the file, reading it ends, and only what has a
// right checksum of the generation is a record.
func FuzzScan(f *testing.F) {
	b := appendRecord(nil, 3, 1, []byte("one"))
	b = appendRecord(b, 3, 2, []byte("two"))
	f.Add(b, uint64(3), uint16(7))
	f.Add(b[:len(b)-9], uint64(3), uint16(0))
	f.Add(appendRecord(b, 2, 9, []byte("old")), uint64(3), uint16(40))
	f.Fuzz(func(t *testing.T, b []byte, gen uint64, flip uint16) {
		check(t, b, gen)
		sound := appendRecord(append([]byte(nil), b[:len(b)/align*align]...), gen, 1<<40, []byte("sound"))
		list, end, _ := scan(sound, gen)
		if n := len(list); n == 0 || string(list[n-1].body) != "sound" || end != len(sound) {
			// a sound record may only be hidden by one that spans it
			if n == 0 || end < len(sound)-room(5) {
				t.Fatalf("a sound record was not read: %d records, end %d of %d", n, end, len(sound))
			}
		}
		if len(sound) > 0 {
			sound[int(flip)%len(sound)] ^= 1
			check(t, sound, gen)
		}
	})
}

func check(t *testing.T, b []byte, gen uint64) {
	t.Helper()
	list, end, _ := scan(b, gen)
	if end > len(b)+align {
		t.Fatalf("end %d of %d", end, len(b))
	}
	last := uint64(0)
	for i, r := range list {
		if i > 0 && r.seq <= last {
			t.Fatalf("order %d after %d", r.seq, last)
		}
		last = r.seq
		again := appendRecord(nil, gen, r.seq, r.body)
		if got, _, ok := readRecord(again, gen); !ok || string(got.body) != string(r.body) {
			t.Fatal("a record that is read cannot be written")
		}
	}
}
