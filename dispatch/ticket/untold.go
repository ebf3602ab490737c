package ticket

import "slices"

// updates follows which updates have reached the client: one that was written to
// him counts from the moment it was made, as it stands on his page, until none of
// its messages has a way left that has not failed for good.
type updates struct {
	list []tidings
	of   map[string]int // update by message, as an index of list
}

// tidings are one public word on how it goes.
type tidings struct {
	n        int // which update of the log, from 1
	event    Event
	messages []word
	lost     bool
	times    int // it was lost so far
}

// word is one message that carries an update.
type word struct {
	id    string
	ways  []string // channels that have taken it and not failed since
	tried bool     // one has failed for good
}

func (w word) lost() bool { return w.tried && len(w.ways) == 0 }

// take follows one event of a log. It returns the update that the event took away
// from the client or brought to him after all; nil = neither.
func (u *updates) take(e Event) *tidings {
	switch b := e.Body.(type) {
	case Updated:
		u.list = append(u.list, tidings{n: len(u.list) + 1, event: e})
	case Messaged:
		last := len(u.list) - 1
		if b.Purpose != ForUpdate || last < 0 || !u.list[last].event.At.Equal(e.At) { // one act makes both
			return nil
		}
		if u.of == nil {
			u.of = map[string]int{}
		}
		u.of[b.Message] = last
		u.list[last].messages = append(u.list[last].messages, word{id: b.Message})
	case Sent:
		return u.turn(b.Message, func(w *word) {
			if !slices.Contains(w.ways, b.Channel) {
				w.ways = append(w.ways, b.Channel)
			}
		})
	case Unsent:
		if b.Hard {
			return u.turn(b.Message, func(w *word) {
				w.tried = true
				w.ways = slices.DeleteFunc(w.ways, func(way string) bool { return b.Channel == "" || way == b.Channel })
			})
		}
	}
	return nil
}

// turn changes a message and returns its update when that is lost by it, or lost
// no more.
func (u *updates) turn(message string, change func(*word)) *tidings {
	i, ok := u.of[message]
	if !ok {
		return nil
	}
	one := &u.list[i]
	for n := range one.messages {
		if one.messages[n].id == message {
			change(&one.messages[n])
		}
	}
	lost := !slices.ContainsFunc(one.messages, func(w word) bool { return !w.lost() })
	if lost == one.lost {
		return nil
	}
	if one.lost = lost; lost {
		one.times++
	}
	return one
}

// Untold are the updates of a log that have not reached the client by any way, by
// the numbers of their lines, with what became of the last message.
func Untold(log []Event) map[int]Line[Unsent] {
	var u updates
	list := map[int]Line[Unsent]{}
	for _, e := range log {
		one := u.take(e)
		if one == nil {
			continue
		}
		if b, ok := e.Body.(Unsent); ok && one.lost {
			list[one.event.Seq] = line(e, b)
			continue
		}
		delete(list, one.event.Seq)
	}
	return list
}
