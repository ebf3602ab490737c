package monitor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/channels/monitor/alarm"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/route"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Decoder returns how signals of the channel are read: by the source that the signal's key begins with. known reports whether an id is
// that of an organisation of ours.
func (c Config) Decoder(known func(org string) bool) dispatch.Decoder {
	return func(sig dispatch.Signal) (dispatch.MessageSignal, error) {
		id, _, _ := strings.Cut(sig.Key, "/")
		from := ticket.Contact{Channel: string(dispatch.ChannelMonitor), Address: id, Name: id}
		i := slices.IndexFunc(c.Sources, func(s Source) bool { return s.ID == id })
		if i < 0 {
			return dispatch.MessageSignal{From: from}, fmt.Errorf("no source is called %q any more; see monitor.sources", id)
		}
		s := c.Sources[i]
		a, err := s.read(sig.Raw)
		if err != nil {
			return dispatch.MessageSignal{From: from, Org: s.Org}, err
		}
		return c.message(s, a, sig.At, known), nil
	}
}

// read reads a body by what its source is.
func (s Source) read(raw []byte) (alarm.Alarm, error) {
	switch s.Kind {
	case Zabbix:
		return alarm.Zabbix(raw, s.Zone.Location())
	case Grafana:
		return alarm.Grafana(raw)
	case Alertmanager:
		return alarm.Alertmanager(raw)
	case Generic:
		return alarm.Generic(raw, s.Mapping)
	}
	return alarm.Alarm{}, fmt.Errorf("source %s: nobody reads kind %q", s.ID, s.Kind)
}

// message is what an alarm means for the dispatcher.
func (c Config) message(s Source, a alarm.Alarm, at time.Time, known func(string) bool) dispatch.MessageSignal {
	table := route.Table{Rules: append(slices.Clone(s.Table.Rules), c.Table.Rules...), Windows: append(slices.Clone(s.Table.Windows), c.Table.Windows...)}
	if s.Org != "" {
		table.Rules = append(table.Rules, route.Rule{Org: s.Org})
	}
	d := table.Decide(a.Labels, a.Severity, at, known)
	m := dispatch.MessageSignal{
		From:    ticket.Contact{Channel: string(dispatch.ChannelMonitor), Address: s.ID, Name: s.ID},
		Machine: true, Source: s.ID, DedupKey: a.Key, OwnKeys: true, Recovery: a.State == alarm.Resolved && a.Key != "", Update: a.State == alarm.Updated,
		Subject: cmp.Or(a.Title, a.Key), Text: tell(a, d), Occurred: a.Began, InReplyTo: a.Tickets,
		Org: d.Org, Line: cmp.Or(d.Line, s.Line), Category: d.Category, Priority: d.Priority, Warning: d.Warning,
	}
	if a.State == alarm.Test {
		m.Subject = cmp.Or(m.Subject, fmt.Sprintf("Проверка связи с %s (test)", s.ID))
	}
	if !d.Held.IsZero() || a.State == alarm.Test {
		m.Warning, m.Priority, m.Category = true, 0, ticket.Uncategorised
	}
	return m
}

// tell is the alarm for people: its text, its labels by name, where to look, the maintenance that holds it back.
func tell(a alarm.Alarm, d route.Decision) string {
	var b strings.Builder
	part := func(s string) {
		if s = strings.TrimSpace(s); s == "" {
			return
		}
		if b.Len() > 0 {
			b.WriteString("\n\n")
		}
		b.WriteString(s)
	}
	part(a.Text)
	part(a.Labels.String())
	part(strings.Join(a.Links, "\n"))
	if !d.Held.IsZero() {
		part(strings.TrimSpace("⏸ " + d.Held.UTC().Format("2006-01-02 15:04 UTC") + " " + d.Why))
	}
	return b.String()
}
