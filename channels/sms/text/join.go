package text

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strings"
	"time"
)

// Gap stands in a text where parts are missing.
const Gap = " … "

// Piece is a part that has come in.
type Piece struct {
	ID       string // the caller's, of what it has stored
	From, To string
	Concat   Concat
	Coding   Coding
	Data     []byte // without header
}

// Whole is a text that is given out.
type Whole struct {
	From, To string
	Text     string
	IDs      []string // of its pieces, in the order of the text
	Missing  []int    // parts that have not come, from 1
	Late     bool     // its text was given out before without it
}

// Verdict is what a Joiner makes of a piece.
type Verdict uint8

// The verdicts.
const (
	Waits    Verdict = iota // others are missing
	Complete                // it is, or ends, a whole text
	Repeat                  // it has come before: there is nothing to give out, but a later text may claim it
)

// Bounds limit a Joiner.
type Bounds struct {
	Wait     time.Duration // how long after its latest part a text waits for the others
	Remember time.Duration // how long repeats of a text that was given out are known
	Texts    int           // unfinished texts that are kept, and finished ones that are remembered
	Octets   int           // of all parts that are kept
}

// DefaultBounds suit a line that few people write to.
func DefaultBounds() Bounds {
	return Bounds{Wait: 2 * time.Minute, Remember: 10 * time.Minute, Texts: 1000, Octets: 4 << 20}
}

// Joiner puts texts together. Its zero value is not usable; see NewJoiner.
//
// A part that repeats one of a text that was given out is most likely sent
// again because our answer was lost. But gateways exist that number all their
// texts alike: then another part that differs follows, and the repeats belong to
// the new text. So they are held for as long as the old one is remembered.
type Joiner struct {
	bounds Bounds
	open   map[key]*set
	done   map[key]*set
	octets int    // of parts of open texts
	again  int    // of repeats
	count  uint64 // of sets, so that they have an order
}

type key struct {
	from, to string
	ref      uint16
	wide     bool
	total    uint8
}

type set struct {
	key    key
	pieces []*Piece // by Seq-1; nil = missing; of a text that was given out: the repeats
	sums   []uint64 // what came; 0 = missing
	have   int
	octets int
	order  uint64
	at     time.Time // of the latest part; when done, of its end
}

// NewJoiner returns an empty Joiner.
func NewJoiner(b Bounds) *Joiner {
	return &Joiner{bounds: b, open: map[key]*set{}, done: map[key]*set{}}
}

// Add takes a piece and returns what it makes whole. Texts that had to leave to
// make room come first, with what is there of them.
func (j *Joiner) Add(now time.Time, p Piece) ([]Whole, Verdict) {
	if !p.Concat.Valid() {
		return []Whole{{From: p.From, To: p.To, Text: Decode(p.Data, p.Coding), IDs: []string{p.ID}}}, Complete
	}
	k := key{p.From, p.To, p.Concat.Ref, p.Concat.Wide, p.Concat.Total}
	i, sum := int(p.Concat.Seq)-1, digest(p)
	p.Data = slices.Clone(p.Data)
	var out []Whole
	if s := j.open[k]; s != nil && s.sums[i] != 0 {
		if s.sums[i] == sum {
			return nil, Repeat
		}
		out = append(out, j.give(now, s)) // the reference has come round: another text begins
		j.forget(s)
	}
	s := j.open[k]
	if s == nil {
		if old := j.done[k]; old != nil {
			if whole, verdict, known := j.known(old, p, i, sum); known {
				return whole, verdict
			}
		}
		s = j.begin(k)
	}
	j.put(s, p, i, sum)
	s.at = now
	if s.have == int(k.total) {
		return append(out, j.give(now, s)), Complete
	}
	return append(out, j.shrink(now)...), Waits
}

// known looks whether a piece belongs to a text that was given out.
func (j *Joiner) known(old *set, p Piece, i int, sum uint64) ([]Whole, Verdict, bool) {
	switch old.sums[i] {
	case sum:
		if old.pieces[i] == nil && j.again+len(p.Data) <= j.bounds.Octets {
			old.pieces[i] = &p
			j.again += len(p.Data)
		}
		return nil, Repeat, true
	case 0: // a part that was given up
		old.sums[i] = sum
		return []Whole{{From: p.From, To: p.To, Text: Decode(p.Data, p.Coding), IDs: []string{p.ID}, Missing: old.without(i), Late: true}}, Complete, true
	}
	return nil, Waits, false
}

// begin opens a text, with what was taken for repeats of the one before it.
func (j *Joiner) begin(k key) *set {
	j.count++
	s := &set{key: k, pieces: make([]*Piece, k.total), sums: make([]uint64, k.total), order: j.count}
	if old := j.done[k]; old != nil {
		j.forget(old)
		for i, p := range old.pieces {
			if p != nil {
				j.put(s, *p, i, digest(*p))
			}
		}
	}
	j.open[k] = s
	return s
}

func (j *Joiner) put(s *set, p Piece, i int, sum uint64) {
	if s.pieces[i] != nil { // a repeat that the new text has of its own
		s.octets -= len(s.pieces[i].Data)
		j.octets -= len(s.pieces[i].Data)
		s.have--
	}
	s.pieces[i], s.sums[i] = &p, sum
	s.have++
	s.octets += len(p.Data)
	j.octets += len(p.Data)
}

// forget drops what is known of a text that was given out.
func (j *Joiner) forget(s *set) {
	for _, p := range s.pieces {
		if p != nil {
			j.again -= len(p.Data)
		}
	}
	delete(j.done, s.key)
}

// Expire gives out the texts whose missing parts have not come in time, the
// oldest first.
func (j *Joiner) Expire(now time.Time) []Whole {
	var out []Whole
	for _, s := range ordered(j.open) {
		if !now.Before(s.at.Add(j.bounds.Wait)) {
			out = append(out, j.give(now, s))
		}
	}
	for _, s := range ordered(j.done) {
		if !now.Before(s.at.Add(j.bounds.Remember)) {
			j.forget(s)
		}
	}
	return out
}

// Next is when Expire has something to do; ok is false when nothing is kept.
func (j *Joiner) Next() (at time.Time, ok bool) {
	for _, s := range j.open {
		if t := s.at.Add(j.bounds.Wait); !ok || t.Before(at) {
			at, ok = t, true
		}
	}
	return at, ok
}

// shrink gives out the oldest texts until the rest is within bounds.
func (j *Joiner) shrink(now time.Time) []Whole {
	if len(j.open) <= j.bounds.Texts && j.octets <= j.bounds.Octets {
		return nil
	}
	var out []Whole
	for _, s := range ordered(j.open) {
		if len(j.open) <= j.bounds.Texts && j.octets <= j.bounds.Octets {
			break
		}
		out = append(out, j.give(now, s))
	}
	return out
}

// give ends a set and remembers what it had.
func (j *Joiner) give(now time.Time, s *set) Whole {
	w := s.whole()
	delete(j.open, s.key)
	j.octets -= s.octets
	if old := j.done[s.key]; old != nil {
		j.forget(old)
	}
	s.pieces, s.octets, s.at = make([]*Piece, len(s.sums)), 0, now
	j.done[s.key] = s
	if len(j.done) > j.bounds.Texts {
		j.forget(ordered(j.done)[0])
	}
	return w
}

func ordered(sets map[key]*set) []*set {
	out := make([]*set, 0, len(sets))
	for _, s := range sets {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *set) int { return cmp.Compare(a.order, b.order) })
	return out
}

// whole joins octets of one alphabet before it decodes them: senders do cut
// through characters.
func (s *set) whole() Whole {
	w := Whole{From: s.key.from, To: s.key.to}
	var text strings.Builder
	var run []byte
	var coding Coding
	flush := func() {
		text.WriteString(Decode(run, coding))
		run = nil
	}
	for i, p := range s.pieces {
		if p == nil {
			w.Missing = append(w.Missing, i+1)
			flush()
			if i == 0 || s.pieces[i-1] != nil {
				text.WriteString(Gap)
			}
			continue
		}
		if p.Coding != coding {
			flush()
			coding = p.Coding
		}
		run = append(run, p.Data...)
		w.IDs = append(w.IDs, p.ID)
	}
	flush()
	w.Text = text.String()
	return w
}

// without lists the parts that have not come, but for i.
func (s *set) without(i int) []int {
	var out []int
	for n, sum := range s.sums {
		if sum == 0 && n != i {
			out = append(out, n+1)
		}
	}
	return out
}

// digest tells what a piece says; never 0.
func digest(p Piece) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte{byte(p.Coding)})
	_, _ = h.Write(p.Data)
	return h.Sum64() | 1
}
