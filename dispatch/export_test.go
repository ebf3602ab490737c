package dispatch

import "time"

// Without shows how spans are taken out of one, in minutes.
func Without(whole [2]int, others [][2]int) (pieces [][2]int) {
	at := func(m int) time.Time { return time.Unix(int64(m)*60, 0) }
	var list []interval
	for _, o := range others {
		list = append(list, interval{at(o[0]), at(o[1])})
	}
	for _, p := range without(interval{at(whole[0]), at(whole[1])}, list) {
		pieces = append(pieces, [2]int{int(p.from.Unix() / 60), int(p.to.Unix() / 60)})
	}
	return pieces
}
