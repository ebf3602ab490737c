package privacy

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/dispatch/client"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

func book(t *testing.T) *client.Book {
	t.Helper()
	b, err := client.NewBook([]client.Organisation{{ID: "romashka", Name: "Ромашка", Contacts: []client.Contact{
		{ID: "a1", Name: "Anna", Numbers: []string{"+78121234567"}, Addresses: []client.Address{{Channel: "email", Value: "a@romashka.example"}}},
	}}}, client.Default())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// kinds are those with words, and those that name parties or staff.
func kinds() []ticket.Kind {
	return append(slices.Sorted(maps.Keys(wordsOfKind)), ticket.KindJoined, ticket.KindAttempted, ticket.KindAccepted, ticket.KindCallEnded, ticket.KindPageRaised,
		ticket.KindAcknowledged, ticket.KindRecallAsked, ticket.KindRecallEnded, ticket.KindSpecialistAsked, ticket.KindSpecialistTook, ticket.KindSent,
		ticket.KindContactTry, ticket.KindTookPart, ticket.KindResumed, ticket.KindAbsorbed, ticket.KindSplit, ticket.KindDrafted)
}

// TestEveryFieldOfWords: the table names only fields that there are, and they hold words.
func TestEveryFieldOfWords(t *testing.T) {
	t.Parallel()
	for kind, fields := range wordsOfKind {
		body, err := ticket.DecodeBody(kind, []byte(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range fields {
			i := slices.IndexFunc(reflect.VisibleFields(reflect.TypeOf(body)), func(f reflect.StructField) bool {
				name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
				return name == field
			})
			if i < 0 {
				t.Errorf("%s has no %s", kind, field)
				continue
			}
			switch of := reflect.TypeOf(body).Field(i).Type; of {
			case reflect.TypeFor[string](), reflect.TypeFor[[]string]():
			default:
				t.Errorf("%s of %s is a %s", field, kind, of)
			}
		}
	}
}

// TestNothingElseChanges: whatever stands in a line of any kind, it decodes after an erasure, only words and parties have changed,
// and no word has the person any more.
func TestNothingElseChanges(t *testing.T) {
	t.Parallel()
	who, err := find(book(t), "romashka/a1")
	if err != nil {
		t.Fatal(err)
	}
	x := eraser{who: who, needles: who.needles()}
	spellings := []string{"Anna", "ANNA", "+7 812 123-45-67", "8(812)1234567", "123 45 67", "0078121234567", "a@romashka.example"}
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(kinds()).Draw(t, "kind")
		body, err := ticket.DecodeBody(kind, []byte(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		v := reflect.New(reflect.TypeOf(body)).Elem()
		fill(t, v, spellings)
		raw, err := json.Marshal(v.Interface())
		if err != nil {
			t.Skip("no such value is stored")
		}
		if body, err = ticket.DecodeBody(kind, raw); err != nil {
			t.Skip("no such value is stored")
		}
		after, _, err := x.event(ticket.Event{Seq: 1, By: "anna", Body: body})
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		if after.By != "anna" || after.Body.Kind() != kind {
			t.Fatalf("the line: %+v", after)
		}
		was, is := fields(t, body), fields(t, after.Body)
		for name, value := range was {
			words := slices.Contains(wordsOfKind[kind], name)
			text := fmt.Sprint(is[name])
			switch {
			case words && x.needles.in(text):
				t.Fatalf("%s of %s has the person: %s", name, kind, text)
			case words, partyField(name, value):
			case !reflect.DeepEqual(value, is[name]):
				t.Fatalf("%s of %s was %v, is %v", name, kind, value, is[name])
			}
		}
	})
}

// partyField reports whether a field says who a party is.
func partyField(name string, value any) bool {
	if _, ok := value.(map[string]any); !ok && (name == "from" || name == "to") {
		return false // staff, or stamps
	}
	return slices.Contains([]string{"from", "to", "client", "caller", "caller_name", "party", "parties", "number", "storm"}, name)
}

func fields(t *rapid.T, body ticket.Body) (o map[string]any) {
	raw, err := json.Marshal(body)
	if err == nil {
		err = json.Unmarshal(raw, &o)
	}
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// fill puts the person into every string, plain and among other words.
func fill(t *rapid.T, v reflect.Value, spellings []string) {
	switch v.Kind() { //nolint:exhaustive // the others stay as they are
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() {
			word := rapid.SampledFrom(spellings).Draw(t, "word")
			v.SetString(rapid.SampledFrom([]string{word, "says " + word + ", so", "(" + word + ")", word + ". " + word, "тут " + word + "\n"}).Draw(t, "text"))
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for _, field := range v.Fields() {
			if field.CanSet() {
				fill(t, field, spellings)
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.String {
			v.Set(reflect.MakeSlice(v.Type(), 2, 2)) //nolint:mnd // a list
			fill(t, v.Index(0), spellings)
			fill(t, v.Index(1), spellings)
		}
	}
}
