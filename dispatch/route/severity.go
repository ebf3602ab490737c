package route

import (
	"strings"

	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Severity is how bad an alarm is by its source, on Zabbix's scale, which has the most steps.
type Severity uint8

// The severities; the zero value says that the source has named none that is known.
const (
	Unsaid Severity = iota
	Information
	Warning
	Average
	High
	Disaster
)

// ReadSeverity reads the words and numbers of the usual sources: Zabbix's names and 0-5, those that are common in Prometheus rules,
// syslog's, and their Russian translations. Others are Unsaid.
func ReadSeverity(s string) Severity {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "not classified", "information", "info", "informational", "notice", "debug", "none", "low",
		"0", "1", "не классифицировано", "информация":
		return Information
	case "warning", "warn", "minor", "2", "предупреждение":
		return Warning
	case "average", "medium", "moderate", "3", "средняя":
		return Average
	case "high", "error", "err", "major", "4", "высокая":
		return High
	case "disaster", "critical", "crit", "emergency", "emerg", "alert", "fatal", "page", "severe", "5", "чрезвычайная", "критическая":
		return Disaster
	}
	return Unsaid
}

// weigh is what a severity means for an alarm of a known organisation, or of nobody known.
func (s Severity) weigh(known bool) (p ticket.Priority, warning bool) {
	switch s {
	case Disaster, High:
		if known {
			return ticket.Critical, false
		}
		return ticket.High, false
	case Average:
		return ticket.Normal, false
	case Warning, Information:
		return ticket.Low, true
	case Unsaid:
	}
	return 0, false
}
