package oncall

// layer is a Layer made ready: people, rules and classes are numbers, civil bounds are instants.
type layer struct {
	rule       int32
	priority   int
	exclusive  bool
	substitute bool
	members    []turnholder
	start, end int64 // of its life
	windows    []opening
	pace       pace
	first      int64 // index of the member who has turn 0
	worked     *workedTurns
	clock      *clock
	days       *dayTable
}

// turnholder is a Member made ready. Unknown people are left out of it.
type turnholder struct {
	gap    bool
	people []int32
}

// silent is the turn of a layer that says nothing.
const silent int32 = -1

// saying is what a layer says, and until when it surely says so.
type saying struct {
	turn  int32 // index of the member, or silent
	until int64
}

// at is the rule of a layer: within its life, while a window is open, the member whose turn it is.
func (l *layer) at(t int64) saying {
	switch {
	case t < l.start:
		return saying{silent, l.start}
	case t >= l.end || len(l.members) == 0:
		return saying{silent, never}
	}
	open, until := l.open(t)
	until = min(until, l.end)
	if !open {
		return saying{silent, until}
	}
	turn, end := l.turn(t)
	return saying{turn, min(until, end)}
}

// turn returns the member whose turn it is and the end of the turn's period. With advance by worked periods, those in which no
// window opens take no turn.
func (l *layer) turn(t int64) (member int32, end int64) {
	n := int64(len(l.members))
	if l.pace.never() {
		return int32(floorMod(l.first, n)), never
	}
	i, _, end := l.pace.period(t, l.clock.wall(t), l.handoff)
	if l.worked != nil {
		i = l.worked.before(i)
	}
	return int32(floorMod(l.first+i, n)), end
}

// handoff resolves the reading of a hand-off.
func (l *layer) handoff(wall int64) int64 { return l.clock.resolve(wall, First) }
