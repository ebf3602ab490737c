package digest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"time"
)

// Parts of a nonce in bytes: when it was made (microseconds of the Unix epoch),
// random bits, and the first half of an HMAC-SHA256 over both and the source.
const (
	nonceTime   = 8
	nonceRandom = 8
	nonceMAC    = 16
	nonceBytes  = nonceTime + nonceRandom + nonceMAC
)

// nonceText is the alphabet of nonces: nothing in it needs quoting.
//
//nolint:gochecknoglobals // a value that is never written to
var nonceText = base64.RawURLEncoding.Strict()

// newNonce makes the nonce of a source.
func (s *Server) newNonce(now time.Time, source string) string {
	raw := make([]byte, nonceBytes)
	binary.BigEndian.PutUint64(raw, uint64(now.UnixMicro()))
	s.cfg.Rand(raw[nonceTime : nonceTime+nonceRandom])
	copy(raw[nonceTime+nonceRandom:], s.mac(s.purpose(now), string(raw[:nonceTime+nonceRandom]), source))
	return nonceText.EncodeToString(raw)
}

// made returns when a nonce was made, and whether it is ours and that source's.
func (s *Server) made(now time.Time, nonce, source string) (at int64, ours bool) {
	var raw [nonceBytes]byte
	if n, err := nonceText.Decode(raw[:], []byte(clipNonce(nonce))); err != nil || n != nonceBytes {
		return 0, false
	}
	want := s.mac(s.purpose(now), string(raw[:nonceTime+nonceRandom]), source)[:nonceMAC]
	return int64(binary.BigEndian.Uint64(raw[:])), hmac.Equal(want, raw[nonceTime+nonceRandom:])
}

// purpose names the nonces of now for the HMAC. A clock that was set back makes
// all nonces before foreign: what was used in a time that comes once more could
// not be told from what was not.
func (s *Server) purpose(now time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Before(s.latest.Add(-maxSkew)) {
		s.generation++
		s.used = newUsed(s.cfg)
		s.latest = now
	} else if now.After(s.latest) {
		s.latest = now
	}
	return "nonce " + strconv.FormatUint(uint64(s.generation), 10)
}

// clipNonce keeps what cannot be a nonce of ours out of the decoder.
func clipNonce(nonce string) string {
	if len(nonce) != nonceText.EncodedLen(nonceBytes) {
		return ""
	}
	return nonce
}

// mac is an HMAC-SHA256 by the server's secret, one purpose apart from the other.
func (s *Server) mac(purpose string, parts ...string) []byte {
	h := hmac.New(sha256.New, s.cfg.Secret)
	_, _ = h.Write([]byte(purpose))
	for _, p := range parts {
		var length [4]byte
		binary.BigEndian.PutUint32(length[:], uint32(len(p)))
		_, _ = h.Write(length[:])
		_, _ = h.Write([]byte(p))
	}
	return h.Sum(nil)
}

// used remembers the nonce counts of nonces that were answered rightly.
type used struct {
	max   int
	life  int64 // microseconds
	seen  map[string]*use
	order []*use // by time of first use; a removed one has gone set
	floor int64  // nonces made at this time or before, and not remembered, are stale
}

type use struct {
	nonce string
	made  int64
	nc    uint32
}

func newUsed(cfg Config) used {
	return used{max: cfg.MaxNonces, life: cfg.NonceLife.Microseconds(), seen: make(map[string]*use)}
}

// take counts a right answer. False: this count was used before, or the nonce is
// of an age that is not remembered any more.
func (u *used) take(now int64, nonce string, made int64, nc uint32) bool {
	if old, ok := u.seen[nonce]; ok {
		if nc <= old.nc {
			return false
		}
		old.nc = nc
		return true
	}
	if made <= u.floor {
		return false
	}
	u.expire(now)
	if len(u.order) >= u.max {
		u.drop()
	}
	fresh := &use{nonce: nonce, made: made, nc: nc}
	u.seen[nonce] = fresh
	u.order = append(u.order, fresh)
	return true
}

// expire forgets nonces whose life is over, and raises the floor above them: their age alone makes them stale, but time
// may step back a little, and a request may have read the clock before the one that is handled here.
func (u *used) expire(now int64) {
	n := 0
	for n < len(u.order) && now-u.order[n].made > u.life {
		delete(u.seen, u.order[n].nonce)
		u.floor = max(u.floor, u.order[n].made)
		n++
	}
	u.cut(n)
}

// drop forgets the one that was used first, and raises the floor above it.
func (u *used) drop() {
	first := u.order[0]
	delete(u.seen, first.nonce)
	u.floor = max(u.floor, first.made)
	u.cut(1)
}

// cut removes the first n and gives memory back now and then.
func (u *used) cut(n int) {
	if n == 0 {
		return
	}
	clear(u.order[:n])
	u.order = u.order[n:]
	if cap(u.order) > 4*len(u.order)+64 {
		u.order = append(make([]*use, 0, len(u.order)), u.order...)
	}
}
