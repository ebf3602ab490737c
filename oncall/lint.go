package oncall

import "time"

// WarningCode names a kind of warning.
type WarningCode string

// Warning is something about a rota that is allowed and may hurt.
type Warning struct {
	Code WarningCode `json:"code"`
	// Where is what it is about: "schedule line", "schedule line, track primary, layer days", "person anna".
	Where string `json:"where"`
	// Args fill the text.
	Args []string `json:"args,omitempty"`
	// Due is when it begins to hurt; zero: it already does.
	Due time.Time `json:"due,omitzero"`
}

// Text returns the warning in a language, "ru" or "en": what is wrong and what to do.
func (w Warning) Text(language string) string { return string(w.Code) }

// Lint reports what may hurt from now on; never what has passed. The order is that of the roster.
func Lint(e *Evaluator, now time.Time) []Warning {
	return nil
}
