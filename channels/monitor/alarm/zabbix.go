package alarm

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/route"
)

// ZabbixTicketTag is the tag under which Zabbix keeps the number of our ticket, by "process tags" of the media type.
const ZabbixTicketTag = "__vahta_ticket"

// Zabbix reads an event of Zabbix. zone is that of its server, whose clock the event tells without saying so.
//
// The key is the trigger, so that one that flaps has one ticket; of what is no trigger's it is the event. A recovery carries the ids
// of its problem.
func Zabbix(raw []byte, zone *time.Location) (Alarm, error) {
	f, all, err := object(raw)
	if err != nil {
		return Alarm{}, err
	}
	for name, v := range f {
		if unresolved(v) {
			delete(f, name)
		}
	}
	if f.first("alert_uid") != "" && f.first("event_id", "id") == "" {
		return formatted(f)
	}
	a := Alarm{
		Title:    f.first("event_name", "name", "alert_subject", "ALERT.SUBJECT", "trigger_name"),
		Severity: zabbixSeverity(f),
		Labels:   zabbixLabels(f, all),
		Began:    zabbixTime(f.first("event_date"), f.first("event_time"), zone),
		Text: join(f.first("alert_message", "message"), f.first("operation_data", "event_opdata"), f.first("trigger_description", "description"),
			ack(f)),
	}
	a.Tickets = a.Labels[ZabbixTicketTag]
	delete(a.Labels, ZabbixTicketTag)
	delete(a.Labels, "__vahta_url")
	a.State = zabbixState(f)
	id, trigger := f.first("event_id", "id"), f.first("trigger_id", "triggerId")
	switch {
	case trigger != "" && (f.first("event_source") == "" || f.first("event_source") == "0"):
		a.Key = "trigger/" + trigger
	case id != "":
		a.Key = "event/" + id
	}
	if a.State == Resolved {
		a.Ended = zabbixTime(f.first("event_recovery_date"), f.first("event_recovery_time"), zone)
	}
	if link := zabbixLink(f); link != "" {
		a.Links = []string{link}
	}
	if id != "" {
		a.Event = id + "/" + string(a.State) + "/" + digest(a.Title, a.Text, f.first("event_update_date", "event_update_action"), f.first("event_update_time"))
	}
	if a.Key == "" && a.Title == "" && a.Text == "" && len(f) < len(all) {
		a.State = Test // the test button sends macros that nothing has resolved
	}
	return check(a)
}

// unresolved reports whether Zabbix has left a macro as it was, or could not tell its value.
func unresolved(v string) bool {
	v = strings.TrimSpace(v)
	return v == "*UNKNOWN*" || len(v) > 2 && v[0] == '{' && v[len(v)-1] == '}' && !strings.ContainsAny(v, "\" :") && strings.ToUpper(v) == v
}

// zabbixState reads what has happened. An event that is no trigger's tells values above 1: each is a trouble.
func zabbixState(f fields) State {
	switch {
	case f.first("event_update_status") == "1":
		return Updated
	case f.first("event_value", "EVENT.VALUE") == "0" && f.first("event_source") != "1":
		return Resolved
	case strings.EqualFold(f.first("status", "trigger_status"), "OK"), strings.EqualFold(f.first("status"), "RESOLVED"):
		return Resolved
	}
	return Firing
}

// zabbixSeverity prefers what an update has made of it, and numbers to words, which are translated.
func zabbixSeverity(f fields) route.Severity {
	if f.first("event_update_status") == "1" {
		if s := zabbixNumber(f.first("event_update_nseverity")); s != route.Unsaid {
			return s
		}
	}
	if s := zabbixNumber(f.first("event_nseverity")); s != route.Unsaid {
		return s
	}
	return route.ReadSeverity(f.first("event_severity", "severity", "EVENT.SEVERITY", "trigger_severity"))
}

// zabbixNumber reads a severity that is told as a number.
func zabbixNumber(s string) route.Severity {
	if len(s) == 1 && s[0] >= '0' && s[0] <= '5' {
		return route.ReadSeverity(s)
	}
	return route.Unsaid
}

// zabbixLabels gathers what rules may look at: tags, host and its groups, the trigger.
func zabbixLabels(f fields, all map[string]json.RawMessage) route.Labels {
	l := route.Labels{}
	l.Add("host", f.first("host_name", "HOST.NAME"), f.first("host_host", "service"))
	l.Add("ip", f.first("host_ip", "HOST.IP"))
	l.Add("trigger", f.first("event_name", "name", "trigger_name"))
	l.Add("trigger_id", f.first("trigger_id", "triggerId"))
	for g := range strings.SplitSeq(f.first("host_groups", "host_group"), ",") {
		l.Add("host_group", g)
	}
	for _, name := range []string{"event_tags", "tags"} {
		var tags []struct{ Tag, Value string }
		if json.Unmarshal([]byte(f[name]), &tags) == nil || json.Unmarshal(all[name], &tags) == nil {
			for _, t := range tags {
				l.Add(t.Tag, t.Value)
			}
			continue
		}
		for pair := range strings.SplitSeq(f[name], ",") { // {EVENT.TAGS}: a:b, c
			if tag, value, ok := strings.Cut(strings.TrimSpace(pair), ":"); ok {
				l.Add(tag, value)
			}
		}
	}
	return l
}

// ack is what somebody has written into an update.
func ack(f fields) string {
	if f.first("event_update_status") != "1" {
		return ""
	}
	who, what := f.first("event_update_user", "user_fullname"), f.first("event_update_message", "event_update_action")
	if who != "" && what != "" {
		return who + ": " + what
	}
	return what
}

// zabbixTime reads 2026.11.22 and 03:05:10 of the server's clock.
func zabbixTime(day, clock string, zone *time.Location) time.Time {
	if zone == nil {
		return time.Time{}
	}
	t, err := time.ParseInLocation("2006.01.02 15:04:05", day+" "+clock, zone)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// zabbixLink is the page of the event.
func zabbixLink(f fields) string {
	base, trigger, event := strings.TrimRight(f.first("zabbix_url", "ZABBIX.URL"), "/"), f.first("trigger_id", "triggerId"), f.first("event_id", "id")
	if !strings.HasPrefix(base, "http") || trigger == "" || event == "" {
		return ""
	}
	return base + "/tr_events.php?triggerid=" + trigger + "&eventid=" + event
}

// formatted reads the form alert_uid, title, state, message, link_to_upstream_details, image_url.
func formatted(f fields) (Alarm, error) {
	a := Alarm{
		Key: f.first("alert_uid"), Title: f.first("title"), Text: f.first("message"), Labels: route.Labels{},
		Severity: route.ReadSeverity(f.first("severity")), State: Firing,
	}
	if s := strings.ToLower(f.first("state")); s == "ok" || s == "resolved" {
		a.State = Resolved
	}
	for _, name := range []string{"link_to_upstream_details", "image_url"} {
		if l := f.first(name); l != "" {
			a.Links = append(a.Links, l)
		}
	}
	a.Event = a.Key + "/" + string(a.State) + "/" + digest(a.Title, a.Text)
	return check(a)
}
