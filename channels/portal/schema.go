package portal

import (
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// The types of the rota write themselves; what follows describes that where their fields alone would mislead.

// lengthForm describes a time.Duration.
type lengthForm string

// Schema implements huma.SchemaProvider.
func (lengthForm) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Description: "A duration, such as 20s, 90m or 2h30m", Examples: []any{"1h30m0s"}}
}

// pointForm describes an oncall.Point, so that a bad one is named by its field.
type pointForm string

// Schema implements huma.SchemaProvider.
func (pointForm) Schema(huma.Registry) *huma.Schema {
	const date, clock, zone = `\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])`, `[ T]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?`, `(Z|[+-]\d{2}:\d{2})`
	return &huma.Schema{
		Type: huma.TypeString, Pattern: "^(" + date + "(" + clock + zone + "?)?)?$", PatternDescription: "2026-12-31 09:00 / 2026-12-31T06:00:00Z",
		Description: "A reading of the schedule's clock, or an instant", Examples: []any{"2026-12-31 09:00", "2026-12-31T06:00:00Z"},
	}
}

// Things that get their ID from us when they bring none.
type (
	overrideForm struct {
		ID string `json:"id,omitempty" doc:"Leave it out for a new one"`
		oncall.Override
	}
	absenceForm struct {
		ID string `json:"id,omitempty" doc:"Leave it out for a new one"`
		oncall.Absence
	}
	temporaryForm struct {
		ID string `json:"id,omitempty" doc:"Leave it out for a new one"`
		oncall.Temporary
	}
	requestForm struct {
		ID string `json:"id,omitempty" doc:"Leave it out for a new one"`
		oncall.Request
	}
)

// loadForm describes an oncall.Load.
type loadForm struct {
	Person   string        `json:"person"`
	Hours    time.Duration `json:"hours"`
	Nights   time.Duration `json:"nights"`
	Weekends time.Duration `json:"weekends"`
	Holidays time.Duration `json:"holidays"`
	Calls    int           `json:"calls"`
	Missed   int           `json:"missed"`
	Share    float64       `json:"share" doc:"Of all people's hours, 0 to 1"`
}

// hoursDiffForm describes an oncall.HoursDiff.
type hoursDiffForm struct {
	Person string        `json:"person"`
	Track  string        `json:"track"`
	Before time.Duration `json:"before"`
	After  time.Duration `json:"after"`
	Won    time.Duration `json:"won" doc:"after minus before"`
}

// newRegistry returns an empty set of schemas in which the types of the rota are described as they write themselves.
func newRegistry() huma.Registry {
	r := huma.NewMapRegistry("#/components/schemas/", func(t reflect.Type, hint string) string {
		name := huma.DefaultSchemaNamer(t, hint)
		if _, room, ours := strings.Cut(t.PkgPath(), "/dispatch/"); ours && room != "rota" && !strings.HasPrefix(strings.ToLower(name), room) {
			name = strings.ToUpper(room[:1]) + room[1:] + name // two rooms may use one word
		}
		return strings.TrimSuffix(name, "Form")
	})
	for t, form := range map[reflect.Type]reflect.Type{
		reflect.TypeFor[time.Duration]():    reflect.TypeFor[lengthForm](),
		reflect.TypeFor[oncall.Point]():     reflect.TypeFor[pointForm](),
		reflect.TypeFor[oncall.Override]():  reflect.TypeFor[overrideForm](),
		reflect.TypeFor[oncall.Absence]():   reflect.TypeFor[absenceForm](),
		reflect.TypeFor[oncall.Temporary](): reflect.TypeFor[temporaryForm](),
		reflect.TypeFor[oncall.Request]():   reflect.TypeFor[requestForm](),
		reflect.TypeFor[oncall.Load]():      reflect.TypeFor[loadForm](),
		reflect.TypeFor[oncall.HoursDiff](): reflect.TypeFor[hoursDiffForm](),
	} {
		r.RegisterTypeAlias(t, form)
	}
	return r
}

// EditBody is an edit and what its author has looked at.
type EditBody struct {
	bare string // the body was this field of the edit alone

	Edit edit.Edit `json:"edit" doc:"One change; exactly one field besides reason is set"`
	// Base are the revisions of records by their names, as "revision" of each thing has them.
	Base map[string]int64 `json:"base,omitempty" doc:"Revisions of the records you looked at, such as {\"schedule duty\": 41}; 0: it was not there. One that has changed makes the answer 409"`
}
