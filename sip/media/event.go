package media

// EventKind says what happened on a stream.
type EventKind uint8

// The kinds of events.
const (
	// FirstPacket: the first valid RTP packet since the stream was made has arrived.
	FirstPacket EventKind = iota + 1
	// Digit: one key press, whichever way it came (RFC 4733, SIP INFO, in band).
	Digit
	// PlayDone: a playlist has ended by itself; one that was stopped or replaced does not report.
	PlayDone
	// Silence: no RTP for the time given to RTPTimeout; told once until packets flow again.
	Silence
	// Resumed: RTP flows again after Quiet or Silence.
	Resumed
	// RecordFailed: the recorder of this stream cannot write (Err says why); the call goes on.
	RecordFailed
	// SocketFailed: the stream's socket gave an error that will not go away (Err says which).
	SocketFailed
	// Quiet: no RTP for the time given to QuietAfter, which is shorter than a Silence: the far end may be heard by nobody.
	// Told once until packets flow again.
	Quiet
	// Undecryptable: as many packets in a row as make a second came from where the far end is and the agreed key opened none.
	// Told once until one can be opened.
	Undecryptable
)

// String returns the snake_case name of the kind.
func (k EventKind) String() string {
	switch k {
	case FirstPacket:
		return "first_packet"
	case Digit:
		return "digit"
	case PlayDone:
		return "play_done"
	case Silence:
		return "silence"
	case Resumed:
		return "resumed"
	case RecordFailed:
		return "record_failed"
	case SocketFailed:
		return "socket_failed"
	case Quiet:
		return "quiet"
	case Undecryptable:
		return "undecryptable"
	}
	return "unknown"
}

// PlayID names one call of Play on a stream; 0 is none.
type PlayID uint64

// Event is one thing that happened on a stream.
type Event struct {
	Kind  EventKind
	Digit byte        // Digit: '0'..'9', '*', '#', 'A'..'D', '!' for flash
	Via   DigitSource // Digit: how it came
	Play  PlayID      // PlayDone: what ended
	Err   error       // RecordFailed, SocketFailed
}

// DigitSource says how a digit reached us.
type DigitSource uint8

// The ways a digit can come.
const (
	ViaRTP    DigitSource = iota + 1 // RFC 4733 telephone-event
	ViaINFO                          // SIP INFO
	ViaInband                        // tones in the sound
)

// String returns the short name of the way.
func (v DigitSource) String() string {
	switch v {
	case ViaRTP:
		return "rtp"
	case ViaINFO:
		return "info"
	case ViaInband:
		return "inband"
	}
	return "unknown"
}
