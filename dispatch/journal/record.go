package journal

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// Layout of a record: length u32 · crc32c u32 · generation u64 · sequence u64 · body.
const (
	recordHead = 24
	align      = 8
	maxRecord  = 4 << 20 // a change is a few kilobytes; a longer length is damage
)

// raw is one record as read from the file.
type raw struct {
	seq  uint64
	body []byte
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) } // made once by the library

// room returns how many bytes a record with a body of n bytes takes.
func room(n int) int { return (recordHead + n + align - 1) / align * align }

// appendRecord adds the record to b, filled up to the alignment.
func appendRecord(b []byte, gen, seq uint64, body []byte) []byte {
	at := len(b)
	b = append(b, make([]byte, room(len(body)))...)
	r := b[at:]
	binary.LittleEndian.PutUint32(r, uint32(len(body)))
	binary.LittleEndian.PutUint64(r[8:], gen)
	binary.LittleEndian.PutUint64(r[16:], seq)
	copy(r[recordHead:], body)
	binary.LittleEndian.PutUint32(r[4:], crc32.Checksum(r[8:recordHead+len(body)], castagnoli()))
	return b
}

// readRecord reads the record at the beginning of b; ok is false when there is
// no sound record of the generation.
func readRecord(b []byte, gen uint64) (r raw, size int, ok bool) {
	if len(b) < recordHead || binary.LittleEndian.Uint64(b[8:]) != gen {
		return r, 0, false
	}
	n := int(binary.LittleEndian.Uint32(b))
	if n == 0 || n > maxRecord || recordHead+n > len(b) {
		return r, 0, false
	}
	if crc32.Checksum(b[8:recordHead+n], castagnoli()) != binary.LittleEndian.Uint32(b[4:]) {
		return r, 0, false
	}
	return raw{binary.LittleEndian.Uint64(b[16:]), b[recordHead : recordHead+n]}, room(n), true
}

// scan finds all sound records of the generation in b, by sequence. end is
// where the next record goes; lost counts sequence numbers that are missing
// before the last sound record.
func scan(b []byte, gen uint64) (list []raw, end int, lost uint64) {
	for at := 0; at+recordHead <= len(b); {
		r, size, ok := readRecord(b[at:], gen)
		if !ok {
			at += align
			continue
		}
		list = append(list, r)
		at += size
		end = at
	}
	slices.SortStableFunc(list, func(x, y raw) int {
		switch {
		case x.seq < y.seq:
			return -1
		case x.seq > y.seq:
			return 1
		}
		return 0
	})
	list = slices.CompactFunc(list, func(x, y raw) bool { return x.seq == y.seq })
	if n := len(list); n > 0 {
		lost = list[n-1].seq - uint64(n) // the first of a generation is 1
	}
	return list, end, lost
}
