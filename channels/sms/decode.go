package sms

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/butlerspb/vahta/channels/sms/smpp"
	"github.com/butlerspb/vahta/channels/sms/smpp/pdu"
	"github.com/butlerspb/vahta/channels/sms/text"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// wire is the raw signal: the messages as they came, and what the centre means by its default alphabet.
type wire struct {
	Account  string      `json:"account"`
	Alphabet text.Coding `json:"alphabet"`
	Messages [][]byte    `json:"messages"` // deliver_sm or data_sm, in the order of the text
	Missing  []int       `json:"missing,omitempty"`
}

// Decode reads a signal of the channel. It is a dispatch.Decoder.
func Decode(sig dispatch.Signal) (dispatch.MessageSignal, error) {
	m := dispatch.MessageSignal{From: ticket.Contact{Channel: string(dispatch.ChannelSMS)}}
	var w wire
	if err := json.Unmarshal(sig.Raw, &w); err != nil {
		return m, fmt.Errorf("read an SMS: %w", err)
	}
	if len(w.Messages) == 0 {
		return m, errors.New("read an SMS: it holds no message")
	}
	var pieces []text.Piece
	for _, raw := range w.Messages {
		in, err := smpp.ReadInbound(raw, w.Alphabet)
		if err != nil {
			return m, err
		}
		m.From.Address = number(in.From)
		if named(in.From) {
			m.Machine, m.Warning, m.Source = true, true, in.From.Number
		}
		pieces = append(pieces, text.Piece{From: "-", To: "-", Concat: in.Concat, Coding: in.Coding, Data: in.Data})
	}
	m.Text = join(pieces)
	return m, nil
}

// join puts the pieces of one text together; what is missing is a gap.
func join(pieces []text.Piece) string {
	j := text.NewJoiner(text.DefaultBounds())
	var out strings.Builder
	began := time.Unix(0, 0) // any instant: only the span until the end counts
	for _, p := range pieces {
		whole, _ := j.Add(began, p)
		for _, w := range whole {
			out.WriteString(w.Text)
		}
	}
	for _, w := range j.Expire(began.Add(day)) {
		out.WriteString(w.Text)
	}
	return out.String()
}

const (
	tonInternational = 1
	tonName          = 5
)

// named reports whether a sender is a name, which nobody can answer.
func named(a pdu.Address) bool { return a.TON == tonName || !digits(a.Number) }

func digits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != ""
}

// number is a sender as people write it.
func number(a pdu.Address) string {
	if a.TON == tonInternational && digits(a.Number) {
		return "+" + a.Number
	}
	return a.Number
}
