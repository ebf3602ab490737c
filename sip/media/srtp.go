package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"github.com/butlerspb/vahta/sip/sdp"
)

// The figures of SRTP; all but the tag are ours.
const (
	rekeyGrace    = 5 * time.Second // how long packets under the key before are still opened
	replayWindow  = 128             // packets; RFC 3711 §3.3.2 asks for 64 at least
	maxSources    = 64              // SSRCs that one key is used with
	maxTrailer    = 10 + 128 + 4    // bytes that sealing adds: tag, the longest MKI, the index of SRTCP
	deafAfter     = 50              // packets in a row that cannot be opened before it is told: a second
	searchPause   = frameTime / 2   // between two searches for a rollover counter
	wrapSoon      = 1 << 15         // sequence numbers from here on have not just wrapped
	lateTolerance = 63              // packets that one may be sent behind the newest
	maxLate       = 3               // packets in a row that are too late: the source has gone back
)

// secure is the SRTP of a stream (RFC 3711): what seals our packets and what opens the far end's. While it is there, no
// plain packet is sent or believed.
type secure struct {
	suite  sdp.Suite
	send   *sealer
	recv   *opener
	before *opener       // of the key before, until grace ends
	grace  time.Duration // end of it

	row  int  // packets in a row that nothing opened
	told bool // Undecryptable was
}

// profiles are the suites by the library's names.
func profile(s sdp.Suite) srtp.ProtectionProfile {
	switch s {
	case sdp.AES256HMAC80:
		return srtp.ProtectionProfileAes256CmHmacSha1_80
	case sdp.AES128HMAC32:
		return srtp.ProtectionProfileAes128CmHmacSha1_32
	case sdp.AES128HMAC80:
	}
	return srtp.ProtectionProfileAes128CmHmacSha1_80
}

// newContext makes a cryptographic context of a crypto line; it is for one direction.
func newContext(c sdp.Crypto) (*srtp.Context, error) {
	if len(c.Keys) == 0 {
		return nil, errors.New("set up SRTP: the crypto line has no key")
	}
	first := c.Keys[0]
	ctx, err := srtp.CreateContext(first.Master.Key(), first.Master.Salt(), profile(c.Suite),
		srtp.SRTPReplayProtection(replayWindow), srtp.SRTCPReplayProtection(replayWindow), srtp.MasterKeyIndicator(first.MKI))
	if err != nil {
		return nil, fmt.Errorf("set up SRTP with %s: %w", c.Suite, err)
	}
	for _, k := range c.Keys[1:] {
		if err := ctx.AddCipherForMKI(k.MKI, k.Master.Key(), k.Master.Salt()); err != nil {
			return nil, fmt.Errorf("set up SRTP with %s, %d keys: %w", c.Suite, len(c.Keys), err)
		}
	}
	return ctx, nil
}

// protect puts the keys of an agreement into force. A key that stays goes on where it is: its packets must never be numbered
// anew. A new key of ours comes with a new SSRC, whose rollover counter is zero for everybody (RFC 3711 §3.3.1 and RFC 4568
// §7.1.4 tell receivers different things of an old one).
func (s *Stream) protect(now time.Duration, pair *sdp.CryptoPair) {
	was := s.secure
	if pair == nil {
		s.secure = nil
		if was != nil {
			s.out.renew()
		}
		return
	}
	sec := &secure{suite: pair.Send.Suite}
	if was != nil && was.send.is(pair.Send) {
		sec.send = was.send
	} else {
		sec.send = newSealer(pair.Send)
		if s.out.packets > 0 {
			s.out.renew()
		}
	}
	switch {
	case was == nil:
		sec.recv = newOpener(pair.Recv)
	case was.recv.is(pair.Recv):
		sec.recv, sec.before, sec.grace = was.recv, was.before, was.grace
	default:
		sec.recv, sec.before, sec.grace = newOpener(pair.Recv), was.recv, now+rekeyGrace
		sec.recv.source, sec.recv.rollover = s.latch.ssrc, was.recv.counter(s.latch.ssrc)
	}
	s.secure = sec
	if sec.send.ctx == nil || sec.recv.ctx == nil {
		s.pool.log.Error("no SRTP context could be made: the leg stays mute", "leg", s.name, "suite", sec.suite.String())
	}
}

// open verifies and decrypts a packet in its place. Nothing else of the stream has looked at it but for the address it
// came from.
func (s *Stream) open(sh *shard, b []byte) (plain []byte, ok bool) {
	sec := s.secure
	plain, err := sec.recv.rtp(sh, b)
	if isForged(err) && sec.before != nil {
		if sh.now >= sec.grace {
			sec.before = nil
		} else if old, oldErr := sec.before.rtp(sh, b); oldErr == nil {
			plain, err = old, nil
		}
	}
	s.judge(sh, err)
	return plain, err == nil
}

// openRTCP is open for RTCP; a failure is counted and no more.
func (s *Stream) openRTCP(sh *shard, b []byte) (plain []byte, ok bool) {
	sec := s.secure
	plain, err := sec.recv.rtcp(b)
	if isForged(err) && sec.before != nil && sh.now < sec.grace {
		plain, err = sec.before.rtcp(b)
	}
	if err != nil {
		sh.count.undecryptable++
	}
	return plain, err == nil
}

// judge counts what became of a packet, and tells when it has been the same for long.
func (s *Stream) judge(sh *shard, err error) {
	sec := s.secure
	switch {
	case err == nil:
		sec.row, sec.told = 0, false
	case isForged(err):
		sh.count.undecryptable++
		s.in.undecryptable++
		if sec.row++; sec.row >= deafAfter && !sec.told {
			sec.told = true
			s.emit(Event{Kind: Undecryptable})
		}
	case errors.Is(err, errMalformed):
		sh.count.invalid++
	default:
		sh.count.replayed++
		s.in.replayed++
	}
}

// isForged reports whether a packet is under another key than ours, or under none.
func isForged(err error) bool {
	return errors.Is(err, srtp.ErrFailedToVerifyAuthTag) || errors.Is(err, srtp.ErrMKINotFound)
}

// opener opens what the far end sends under one crypto line.
type opener struct {
	crypto  sdp.Crypto
	ctx     *srtp.Context // nil when none could be made: nothing is opened
	header  rtp.Header
	sources int // SSRCs heard under the key

	source   uint32 // the far end's SSRC under the key before …
	rollover uint32 // … and its rollover counter there
	searched time.Duration
}

func newOpener(c sdp.Crypto) *opener {
	ctx, err := newContext(c)
	if err != nil {
		return &opener{crypto: c}
	}
	return &opener{crypto: c, ctx: ctx}
}

func (o *opener) is(c sdp.Crypto) bool { return o.crypto.Equal(c) }

// counter is the rollover counter of an SSRC, 0 when it has not been heard.
func (o *opener) counter(ssrc uint32) uint32 {
	if o.ctx == nil {
		return 0
	}
	roc, _ := o.ctx.ROC(ssrc)
	return roc
}

// errMalformed is a packet that is no SRTP under any key, or of one SSRC too many.
var errMalformed = errors.New("not an SRTP packet")

// rtp opens a packet in its place.
func (o *opener) rtp(sh *shard, b []byte) ([]byte, error) {
	if o.ctx == nil {
		return nil, srtp.ErrFailedToVerifyAuthTag
	}
	if len(b) < headerSize+o.trailer() {
		return nil, errMalformed
	}
	ssrc := binary.BigEndian.Uint32(b[8:])
	_, known := o.ctx.ROC(ssrc)
	if !known && o.sources >= maxSources {
		return nil, errMalformed
	}
	plain, err := o.ctx.DecryptRTP(b[:0], b, &o.header)
	if err != nil && !known && errors.Is(err, srtp.ErrFailedToVerifyAuthTag) && o.search(sh, b) {
		plain, err = o.ctx.DecryptRTP(b[:0], b, &o.header)
	}
	switch {
	case err == nil:
		if !known {
			o.sources++
		}
	case !isForged(err):
		if _, unread := o.header.Unmarshal(b); unread != nil {
			err = errMalformed
		}
	}
	return plain, err
}

func (o *opener) trailer() int {
	tag := 10
	if o.crypto.Suite == sdp.AES128HMAC32 {
		tag = 4
	}
	return tag + len(o.crypto.Keys[0].MKI)
}

// search looks for the rollover counter of an SSRC that has not been heard under this key. It is zero but for two far ends:
// one whose first packets are lost and whose sequence numbers have wrapped meanwhile, and one that has kept it through a
// change of keys (RFC 3711 §3.3.1).
func (o *opener) search(sh *shard, b []byte) bool {
	if sh.now-o.searched < searchPause && o.searched != 0 {
		return false
	}
	o.searched = sh.now
	var guesses [3]uint32
	n := 0
	if o.header.SequenceNumber < wrapSoon {
		guesses[n] = 1
		n++
	}
	if o.header.SSRC == o.source && o.rollover > 0 {
		guesses[n], guesses[n+1] = o.rollover, o.rollover+1
		n += 2
	}
	for _, roc := range guesses[:n] {
		trial, err := newContext(o.crypto) // of its own: a guess leaves traces
		if err != nil {
			return false
		}
		trial.SetROC(o.header.SSRC, roc)
		if _, err := trial.DecryptRTP(sh.sealed[:0], b, nil); err == nil {
			o.ctx.SetROC(o.header.SSRC, roc)
			return true
		}
	}
	return false
}

func (o *opener) rtcp(b []byte) ([]byte, error) {
	if o.ctx == nil {
		return nil, srtp.ErrFailedToVerifyAuthTag
	}
	return o.ctx.DecryptRTCP(b[:0], b, nil)
}

// sealer seals what we send under one crypto line. No sequence number is used twice: two packets under one number would tell
// an eavesdropper the difference of their sounds (RFC 3711 §9.1).
type sealer struct {
	crypto sdp.Crypto
	ctx    *srtp.Context // nil when none could be made: nothing is sent
	header rtp.Header

	begun bool
	ssrc  uint32
	top   uint16 // newest sequence number
	used  uint64 // bit n: top-n has been used
	late  int    // packets in a row that could not be sent
}

func newSealer(c sdp.Crypto) *sealer {
	ctx, err := newContext(c)
	if err != nil {
		return &sealer{crypto: c}
	}
	return &sealer{crypto: c, ctx: ctx}
}

func (k *sealer) is(c sdp.Crypto) bool { return k.crypto.Equal(c) }

// fresh reports whether a sequence number may be used, and notes that it is.
func (k *sealer) fresh(ssrc uint32, seq uint16) bool {
	if !k.begun || k.ssrc != ssrc {
		k.begun, k.ssrc, k.top, k.used = true, ssrc, seq, 1
		return true
	}
	if newer(seq, k.top) {
		k.used = k.used<<(seq-k.top) | 1
		k.top = seq
		return true
	}
	back := k.top - seq
	if back > lateTolerance || k.used&(1<<back) != 0 {
		return false
	}
	k.used |= 1 << back
	return true
}

// seal returns the packet as it goes on the wire; nil when it must not go, as one that comes too late or twice.
func (s *Stream) seal(sh *shard, b []byte) []byte {
	k := s.secure.send
	h, ok := parseRTP(b)
	if !ok || k.ctx == nil {
		sh.count.sendErrors++
		return nil
	}
	if !k.fresh(h.ssrc, h.seq) {
		if k.late++; k.late >= maxLate {
			s.out.following = false // the next packet of the source goes behind what was sent
		}
		return nil
	}
	k.late = 0
	out, err := k.ctx.EncryptRTP(sh.sealed[:0], b, &k.header)
	if err != nil {
		sh.count.sendErrors++
		return nil
	}
	return out
}

// sealRTCP is seal for RTCP.
func (s *Stream) sealRTCP(sh *shard, b []byte) ([]byte, error) {
	if s.secure.send.ctx == nil {
		return nil, errMalformed
	}
	return s.secure.send.ctx.EncryptRTCP(sh.sealed[:0], b, nil)
}

// bare cuts the extension and the contributing sources off a packet that is relayed: they are the other leg's affair, and
// the far end's library might not read them.
func bare(b []byte, h header) []byte {
	if h.start == headerSize {
		return b
	}
	copy(b[h.start-headerSize:h.start], b[:headerSize])
	b = b[h.start-headerSize:]
	b[0] = 0x80
	return b
}
