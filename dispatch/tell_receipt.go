package dispatch

import (
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// receipt adds to the change that takes a client's first message in an answer
// by Vahta itself: that it has come, its number, and when an engineer follows.
// It is never a contact. There is none for calls, for machines, and for whom we
// can not write to. It goes back the way he came, and nowhere else.
func (d *Dispatcher) receipt(t ticket.Ticket, change Change, report int, to ticket.Contact, at time.Time) Change {
	if len(served([]ticket.Contact{to}, d.cfg.Written)) == 0 || !canWrite(to.Channel) || to.Address == "" && to.Channel != string(ChannelPortal) {
		return change
	}
	texts := clientTexts(t.Language)
	text := texts["receipt.request"]
	if t.Class == ticket.Incident || t.Class == ticket.Unreadable {
		limit := d.rules(d.dir.Load().Book, t.Client.Org).Limit(sla.FirstContactClock, sla.Grade(t.Priority.String())).Time
		text = strings.ReplaceAll(texts["receipt"], "{limit}", spanText(limit, texts))
	}
	text = strings.ReplaceAll(text, "{number}", t.Number.String())
	if d.cfg.PageURL != nil {
		if link := d.cfg.PageURL(t.ID); link != "" {
			text += "\n" + strings.ReplaceAll(texts["receipt.link"], "{link}", link)
		}
	}
	word := Word{Purpose: ticket.ForReceipt, Report: report, Text: text}
	events, notices := d.message(t, word, envelope{report: report, ways: []ticket.Contact{to}}, false, byVahta, Channel(to.Channel), at)
	change.Events = append(change.Events, events...)
	change.Notices = append(change.Notices, notices...)
	return change
}
