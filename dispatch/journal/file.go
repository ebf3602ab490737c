package journal

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"sync"
	"time"

	"github.com/butlerspb/vahta/dispatch"
)

// ErrFull says that the file has no room for another change.
var ErrFull = errors.New("the journal is full")

// errNewer says that the file was written by a newer program.
var errNewer = errors.New("it was written by a newer version of vahta; start that version once with the database in reach, so that it empties the file")

// Layout of the heads.
const (
	magic     = "VAHTAJ1\n"
	magicBase = "VAHTAJ"
	headSize  = 4096 // a page: the disk writes it alone
	headRoom  = 2 * headSize
	headFixed = 16 // magic, length, checksum
)

// head is what the file says of itself.
type head struct {
	Serial uint64           // grows with each write
	Gen    uint64           // records of this generation count
	Blocks []dispatch.Block // ticket numbers that this node has reserved
}

// disk is what the file lies on. WriteAt may be durable only after Sync.
type disk interface {
	ReadAt(b []byte, at int64) (int, error)
	WriteAt(b []byte, at int64) (int, error)
	Sync() error
	Size() int64
	Close() error
}

// file is the journal's file: records in order, synced in groups.
type file struct {
	// set at openFile
	disk    disk
	observe func(took time.Duration, n int, err error)

	mu      sync.Mutex
	head    head          // guarded by mu
	past    uint64        // guarded by mu; records of earlier generations: callers count on through all of them
	seq     uint64        // guarded by mu; of the last record of this generation
	durable uint64        // guarded by mu; the last record of it that is on the disk
	base    int64         // guarded by mu; where buf begins in the file
	buf     []byte        // guarded by mu; records that are not known to be on the disk
	waiting int           // guarded by mu; records in buf
	round   *round        // guarded by mu; the sync under way
	fault   error         // guarded by mu; of the last sync
	unsure  bool          // guarded by mu; the last head write failed: nobody knows which head is on the disk
	headTok chan struct{} // of one: whoever holds it writes the head

	torn   bool  // set at openFile: one of the heads could not be read
	unread int64 // set at openFile: bytes behind the heads that the disk could not read
}

// round is one sync for all who wait, or one emptying of the file.
type round struct {
	upTo uint64        // counted through all generations
	err  error         // read after done
	done chan struct{} // closed when the sync has ended
}

// openFile reads the heads and the records of the current generation.
func openFile(d disk, observe func(time.Duration, int, error)) (f *file, list []raw, lost uint64, err error) {
	f = &file{disk: d, observe: observe, headTok: make(chan struct{}, 1)}
	if f.head, f.torn, err = readHeads(d); err != nil {
		return nil, nil, 0, err
	}
	all, unread := readRecords(d)
	f.unread = unread
	list, end, lost := scan(all, f.head.Gen)
	if f.torn {
		list, end, lost = f.distrust(all, list, end, lost)
	}
	f.base = headRoom + int64(end)
	if n := len(list); n > 0 {
		f.seq = list[n-1].seq
	}
	f.durable = f.seq
	return f, list, lost, nil
}

// readRecords reads what may hold records: nothing but zeros follows. Most of
// the file has never been used. What the disk cannot read, a page at a time,
// counts as zeros; bad is how many bytes that are.
func readRecords(d disk) (all []byte, bad int64) {
	const window, page = 64 << 10, 4 << 10
	b, zeros := make([]byte, window), make([]byte, window)
	for at := int64(headRoom); at < d.Size(); at += window {
		part := b[:min(window, d.Size()-at)]
		if _, err := d.ReadAt(part, at); err != nil {
			for from := 0; from < len(part); from += page {
				piece := part[from:min(from+page, len(part))]
				if _, err := d.ReadAt(piece, at+int64(from)); err != nil {
					clear(piece)
					bad += int64(len(piece))
				}
			}
		}
		if !bytes.Equal(part, zeros[:len(part)]) {
			all = append(all, make([]byte, at-headRoom-int64(len(all)))...)
			all = append(all, part...)
		}
	}
	return all, bad
}

// distrust reads the file by a head that may be the older one. Records of the
// next generation were written only after the lost head was on the disk: they
// count when there are any. All blocks may have been begun since.
func (f *file) distrust(all []byte, list []raw, end int, lost uint64) ([]raw, int, uint64) {
	if next, nextEnd, nextLost := scan(all, f.head.Gen+1); len(next) > 0 {
		f.head.Gen++
		list, end, lost = next, nextEnd, nextLost
	}
	f.head.Blocks = slices.Clone(f.head.Blocks)
	for i := range f.head.Blocks {
		f.head.Blocks[i].Begun = true
	}
	return list, end, lost
}

// errHeads says that neither head can be read.
var errHeads = errors.New("neither head of the file can be read")

// readHeads returns the newer head; torn says that the other one cannot be read.
func readHeads(d disk) (best head, torn bool, err error) {
	found, newer := false, false
	var fault error // of the disk
	for slot := range int64(2) {
		b := make([]byte, headSize)
		if _, err := d.ReadAt(b, slot*headSize); err != nil {
			fault, torn = err, true
			continue
		}
		h, err := decodeHead(b)
		if errors.Is(err, errNewer) {
			if _, whole := headBody(b); whole {
				return best, false, err
			}
			newer = true // or a damaged one of ours
		}
		torn = torn || err != nil
		if err == nil && (!found || h.Serial > best.Serial) {
			best, found = h, true
		}
	}
	switch {
	case found:
		return best, torn, nil
	case newer:
		return best, false, errNewer
	case fault != nil:
		return best, false, fmt.Errorf("read head: %w", fault)
	}
	return best, false, errHeads
}

func encodeHead(h head) ([]byte, error) {
	body, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("write head: %w", err)
	}
	if headFixed+len(body) > headSize {
		return nil, fmt.Errorf("write head: %d bytes do not fit; too many blocks of ticket numbers", len(body))
	}
	b := make([]byte, headSize)
	copy(b, magic)
	binary.LittleEndian.PutUint32(b[8:], uint32(len(body)))
	binary.LittleEndian.PutUint32(b[12:], crc32.Checksum(body, castagnoli()))
	copy(b[headFixed:], body)
	return b, nil
}

func decodeHead(b []byte) (h head, err error) {
	if m := b[:len(magic)]; string(m) != magic {
		if string(m[:len(magicBase)]) == magicBase && m[len(magicBase)] > '1' && m[len(magicBase)] <= '9' && m[len(magic)-1] == '\n' {
			return h, errNewer
		}
		return h, errHeads
	}
	body, whole := headBody(b)
	if !whole {
		return h, errHeads
	}
	if err := json.Unmarshal(body, &h); err != nil {
		return h, fmt.Errorf("read head: %w", err)
	}
	return h, nil
}

// headBody returns the body of a head; whole says that its checksum is right.
func headBody(b []byte) (body []byte, whole bool) {
	n := binary.LittleEndian.Uint32(b[8:])
	if n > headSize-headFixed {
		return nil, false
	}
	body = b[headFixed : headFixed+n]
	return body, crc32.Checksum(body, castagnoli()) == binary.LittleEndian.Uint32(b[12:])
}

// maxOwed bounds what is kept for a disk that does not take it.
const maxOwed = 8 << 20

// fits reports whether a record with that body can be put.
func (f *file) fits(body []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.base+int64(len(f.buf)+room(len(body))) > f.disk.Size() {
		return ErrFull
	}
	if f.fault != nil && len(f.buf) > maxOwed {
		return f.fault
	}
	return nil
}

// put gives the record its place; it is durable when wait has returned nil for
// the number.
func (f *file) put(body []byte) (n uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seq++
	f.buf = appendRecord(f.buf, f.head.Gen, f.seq, body)
	f.waiting++
	return f.past + f.seq
}

// last returns the number of the last record that was put.
func (f *file) last() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.past + f.seq
}

// wait returns when all records up to n are on the disk, or were brought to the
// store and emptied. Whoever waits together shares one sync. After an error the
// records are kept and written again, in order, before anything behind them.
func (f *file) wait(ctx context.Context, n uint64) error {
	for {
		f.mu.Lock()
		if f.past+f.durable >= n {
			f.mu.Unlock()
			return nil
		}
		if f.round == nil {
			f.round = &round{upTo: f.past + f.seq, done: make(chan struct{})}
			go f.sync(context.WithoutCancel(ctx), f.round, f.base, slices.Clip(f.buf), f.waiting)
		}
		r := f.round
		f.mu.Unlock()
		select {
		case <-r.done:
			if r.err != nil && r.upTo >= n {
				return r.err
			}
		case <-ctx.Done():
			return fmt.Errorf("the disk of the journal does not answer: %w", context.Cause(ctx))
		}
	}
}

// sync writes the records and syncs them for one round.
func (f *file) sync(ctx context.Context, r *round, at int64, b []byte, n int) {
	began := time.Now()
	err := f.write(ctx, at, b)
	if f.observe != nil {
		f.observe(time.Since(began), n, err)
	}
	f.mu.Lock()
	if err == nil {
		f.durable, f.base, f.waiting = r.upTo-f.past, at+int64(len(b)), f.waiting-n
		f.buf = append([]byte(nil), f.buf[len(b):]...)
	}
	r.err, f.fault, f.round = err, err, nil
	f.mu.Unlock()
	close(r.done)
}

// write brings records to the disk.
func (f *file) write(ctx context.Context, at int64, b []byte) error {
	if err := f.sure(ctx); err != nil {
		return err
	}
	return f.burn(at, b)
}

// burn writes and syncs. A panic of it is an error like any other: others wait
// for the end of the round.
func (f *file) burn(at int64, b []byte) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("the disk of the journal panicked: %v", fault)
		}
	}()
	if _, err := f.disk.WriteAt(b, at); err != nil {
		return err
	}
	return f.disk.Sync()
}

// used returns the bytes of the file that hold records.
func (f *file) used() (used, size int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.base + int64(len(f.buf)) - headRoom, f.disk.Size() - headRoom
}

// writeHead makes a changed head durable: in the slot that holds the older one.
func (f *file) writeHead(ctx context.Context, change func(*head)) error {
	select {
	case f.headTok <- struct{}{}:
		defer func() { <-f.headTok }()
	case <-ctx.Done():
		return fmt.Errorf("the disk of the journal does not answer: %w", context.Cause(ctx))
	}
	f.mu.Lock()
	next := f.head
	f.mu.Unlock()
	change(&next)
	next.Serial++ // after a failure the same serial and slot again: the other slot holds the last sure head
	b, err := encodeHead(next)
	if err != nil {
		return err
	}
	err = f.burn(int64(next.Serial%2)*headSize, b)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.unsure = err != nil
	if err != nil {
		return fmt.Errorf("write head: %w", err)
	}
	f.head = next
	return nil
}

// sure writes the head again when the last write of it failed. Records of a
// generation that the head on the disk might not name are not acknowledged.
func (f *file) sure(ctx context.Context) error {
	f.mu.Lock()
	unsure := f.unsure
	f.mu.Unlock()
	if !unsure {
		return nil
	}
	return f.writeHead(ctx, func(*head) {})
}

// reset empties the file in one write. Nobody may put meanwhile. It is a round
// of its own: a sync beside it would write into the new generation.
func (f *file) reset(ctx context.Context) error {
	own := &round{done: make(chan struct{})}
	for {
		f.mu.Lock()
		r := f.round
		if r == nil {
			own.upTo = f.past + f.seq
			f.round = own
		}
		f.mu.Unlock()
		if r == nil {
			break
		}
		select {
		case <-r.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	err := f.writeHead(ctx, func(h *head) { h.Gen++ })
	if err == nil { // both name the generation now: should one be damaged, nothing old comes back
		_ = f.writeHead(ctx, func(*head) {}) // one is enough to go on, and it is written again before the next record
	}
	f.mu.Lock()
	if err == nil {
		f.past += f.seq
		f.seq, f.durable, f.base, f.buf, f.waiting, f.fault = 0, 0, headRoom, nil, 0, nil
	}
	own.err, f.round = err, nil
	f.mu.Unlock()
	close(own.done)
	return err
}

// blocks returns the blocks of the head.
func (f *file) blocks() []dispatch.Block {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.head.Blocks
}

func (f *file) close() error { return f.disk.Close() }
