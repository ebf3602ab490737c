// Package word reads what people write back by short message: that they want no more of them, that they want them again, or what
// an engineer does about a page ("4217 ok").
//
// Only a message that is nothing but a command is one. All else is words of a human, which may be an emergency: "stop, the server
// burns" opts nobody out. Keyboards mix alphabets, so that letters which look alike count as one: "ок" is "ok" however it was typed.
//
// It knows no tickets, no people and no operator. The package is pure; functions may be called by any goroutine.
package word

import (
	"strings"
	"unicode"
)

// Kind is what a message is.
type Kind uint8

// The kinds.
const (
	Plain Kind = iota // words for a human
	Stop              // the sender wants no more messages
	Start             // the sender wants messages again
	Reply             // an answer to a page: Code and Verb
)

// String names the kind.
func (k Kind) String() string {
	switch k {
	case Plain:
		return "plain"
	case Stop:
		return "stop"
	case Start:
		return "start"
	case Reply:
		return "reply"
	}
	return "kind?"
}

// Verb is what an engineer does about a page.
type Verb uint8

// The verbs.
const (
	None   Verb = iota
	Accept      // takes it
	Pass        // lets it go to the next one
)

// String names the verb.
func (v Verb) String() string {
	switch v {
	case None:
		return "none"
	case Accept:
		return "accept"
	case Pass:
		return "pass"
	}
	return "verb?"
}

// Word is a message that was read.
type Word struct {
	Kind Kind
	Code string // of a Reply: four ASCII digits
	Verb Verb   // of a Reply
}

const (
	codeDigits = 4
	longest    = 64 // octets of a command with room for blanks and marks; longer is no command
)

// Read says what a message is.
func Read(text string) Word {
	text = strings.TrimFunc(text, mark)
	if len(text) > longest {
		return Word{}
	}
	fields := strings.FieldsFunc(text, mark)
	switch len(fields) {
	case 1:
		return Word{Kind: wish(fold(fields[0]))}
	case 2:
		if verb := verbOf(fold(fields[1])); isCode(fields[0]) && verb != None {
			return Word{Kind: Reply, Code: fields[0], Verb: verb}
		}
	}
	return Word{}
}

// mark is what stands around words and says nothing. What may change the sense of them, a question mark or a minus, is none.
func mark(r rune) bool {
	return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune(".,!:;\"'«»“”", r)
}

func isCode(s string) bool {
	return len(s) == codeDigits && strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

func wish(s string) Kind {
	switch s {
	case fold("stop"), fold("стоп"):
		return Stop
	case fold("start"), fold("старт"):
		return Start
	}
	return Plain
}

func verbOf(s string) Verb {
	switch s {
	case fold("ok"), fold("ок"):
		return Accept
	case fold("next"), fold("дальше"):
		return Pass
	}
	return None
}

// fold writes a word in small letters, with one letter for those that look alike in both alphabets.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		switch r = unicode.ToLower(r); r {
		case 'а':
			return 'a'
		case 'е':
			return 'e'
		case 'к':
			return 'k'
		case 'о':
			return 'o'
		case 'р':
			return 'p'
		case 'с':
			return 'c'
		case 'т':
			return 't'
		case 'х':
			return 'x'
		}
		return r
	}, s)
}
