package client

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func book(t *testing.T) *Book {
	t.Helper()
	b, err := NewBook([]Organisation{
		{
			ID: "romashka", Name: "ООО «Ромашка»", Spoken: "Ромашка", Language: "ru", Numbers: []string{"8 812 456-78-90"},
			Contract: Contract{FirstContact: 10 * time.Minute},
			Contacts: []Contact{
				{ID: "ivan", Name: "Иван Петров", Numbers: []string{"+7 921 123-45-67", "101"}},
				{ID: "olga", Name: "Ольга", Numbers: []string{"8 921 765 43 21", "+7 809 123-45-67"}},
			},
		},
		{ID: "acme", Name: "ACME", Numbers: []string{"+7 921 765 43 21"}},
	}, Default())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMatch(t *testing.T) {
	t.Parallel()
	b := book(t)
	romashka := Match{
		Level: Known, Org: "romashka", OrgName: "ООО «Ромашка»", Spoken: "Ромашка", Language: "ru", FirstContact: 10 * time.Minute,
	}
	ivan := romashka
	ivan.Contact, ivan.ContactName = "ivan", "Иван Петров"
	for n, want := range map[Number]Match{
		"+78124567890": romashka, "+79211234567": ivan, "101": ivan, "+79990000000": {}, "": {},
		"+79217654321": {Level: Maybe, Org: "acme", OrgName: "ACME", Spoken: "ACME", Others: []string{"ООО «Ромашка»"}},
	} {
		if d := cmp.Diff(want, b.Match(n)); d != "" {
			t.Errorf("%s: %s", n, d)
		}
	}
}

func TestNewBookNamesFaults(t *testing.T) {
	t.Parallel()
	_, err := NewBook([]Organisation{
		{ID: "a", Name: "A", Numbers: []string{"hello"}},
		{ID: "a"},
		{ID: "b", Name: "B", Contacts: []Contact{{Numbers: []string{"anonymous"}}}},
	}, Default())
	if err == nil {
		t.Fatal("accepted")
	}
	for _, says := range []string{"clients[a].numbers[0]", "clients[a]: id is used twice", "id and name are required", "clients[b].contacts[0].id"} {
		if !strings.Contains(err.Error(), says) {
			t.Errorf("%v does not say %q", err, says)
		}
	}
}

func TestCallBack(t *testing.T) {
	t.Parallel()
	b := book(t)
	rule := CallBack{Prefixes: []string{"+7812", "+79", "+7809"}}
	for n, want := range map[Number]Refusal{
		"":              RefusedUnknown,
		"+78124567890":  NoRefusal,      // on a card
		"101":           NoRefusal,      // on a card
		"102":           RefusedForeign, // some extension
		"+78129999999":  NoRefusal,      // prefix
		"+79995556677":  NoRefusal,
		"+442079460958": RefusedForeign,
		"+78091234567":  RefusedPremium, // though on a card and under a prefix
		"+979123456789": RefusedPremium,
		"+881612345678": RefusedPremium,
		"+447011234567": RefusedForeign,
		"+449012345678": RefusedPremium, // UK 09
		"+19005551234":  RefusedPremium, // US 900
	} {
		if got := rule.Allow(b, n); got != want {
			t.Errorf("%s: %q, want %q", n, got, want)
		}
	}
	if got := (CallBack{}).Allow(b, "+78129999999"); got != RefusedForeign {
		t.Errorf("without prefixes: %q", got)
	}
	if got := (CallBack{}).Allow(nil, "+78129999999"); got != RefusedForeign {
		t.Errorf("without a book: %q", got)
	}
}

func TestLevelText(t *testing.T) {
	t.Parallel()
	for _, l := range []Level{Unknown, Maybe, Known} {
		text, err := l.MarshalText()
		var got Level
		if err != nil || got.UnmarshalText(text) != nil || got != l {
			t.Errorf("%v: %s %v", l, text, err)
		}
	}
	if new(Level).UnmarshalText([]byte("sure")) == nil {
		t.Error("unknown level accepted")
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"+78124567890": "…7890", "101": "…01", "12": "12", "": ""} {
		if got := Mask(in); got != want {
			t.Errorf("Mask(%q) = %q", in, got)
		}
	}
}
