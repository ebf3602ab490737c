package edit

import (
	"fmt"
	"strings"
)

// Code is the kind of a refusal, for programs.
type Code string

// The kinds of refusals.
const (
	NotFound   Code = "not_found"   // there is no such thing
	Past       Code = "past"        // it would change what has already happened
	NotAllowed Code = "not_allowed" // the author may not
	Invalid    Code = "invalid"     // the edit makes no sense
	Expired    Code = "expired"     // the request's time has come
	Settled    Code = "settled"     // somebody was first
	Clash      Code = "clash"       // it contradicts something else in the rota
	InUse      Code = "in_use"      // something else needs it
)

// String returns the code.
func (c Code) String() string { return string(c) }

// Refusal is why an edit is not made. It is an error that says what is wrong, where, and what to do.
type Refusal struct { //nolint:errname // the field's word for what it is; callers see it in JSON, not only as an error
	Code Code `json:"code"`
	// Field is the path in the JSON of the edit, such as "override.changes[0].from".
	Field string `json:"field,omitempty"`
	// Problem and Do are English; Parts has other languages.
	Problem string `json:"problem"`
	Do      string `json:"do"`
	// Key and Args make the text.
	Key  string   `json:"key"`
	Args []string `json:"args,omitempty"`
}

// Error implements error.
func (r *Refusal) Error() string {
	where := ""
	if r.Field != "" {
		where = r.Field + ": "
	}
	return where + r.Problem + "; " + r.Do
}

// Text returns what is wrong and what to do as one sentence in a language, "ru" or "en".
func (r *Refusal) Text(language string) string {
	problem, do := r.Parts(language)
	return problem + "; " + do
}

// Parts returns what is wrong and what to do in a language, "ru" or "en".
func (r *Refusal) Parts(language string) (problem, do string) {
	text := textOf(r.Key, language)
	return fill(text.problem, r.Args), fill(text.do, r.Args)
}

// fill puts the arguments into the places {0}, {1} and so on.
func fill(text string, args []string) string {
	pairs := make([]string, 0, 2*len(args))
	for i, arg := range args {
		pairs = append(pairs, fmt.Sprintf("{%d}", i), arg)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// RefuseInUse says that the configuration needs what an edit takes away; why is the fault that there would be.
func RefuseInUse(why string) *Refusal { return refuse("configuration_needs", "", why) }

// RefuseFaulty says that the rota would have a fault after the edit, and what to do.
func RefuseFaulty(problem, do string) *Refusal { return refuse("faulty", "", problem, do) }

// refuse makes a refusal of a known text.
func refuse(key, field string, args ...string) *Refusal {
	r := &Refusal{Code: texts[key].code, Field: field, Key: key, Args: args}
	r.Problem, r.Do = r.Parts("en")
	return r
}
