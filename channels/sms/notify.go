package sms

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/butlerspb/vahta/channels/sms/smpp"
	"github.com/butlerspb/vahta/channels/sms/text"
	"github.com/butlerspb/vahta/dispatch"
)

// Notify implements dispatch.Notifier.
func (c *Channel) Notify(ctx context.Context, n dispatch.Notice) (dispatch.Result, error) {
	if n.Kind != dispatch.NoticeClient || strings.TrimSpace(n.Message.Text) == "" {
		return dispatch.ResultFailed, fmt.Errorf("a notice of kind %s has no text for an SMS: %w", n.Kind, dispatch.ErrPermanent)
	}
	sends, err := c.admit(ctx, n)
	if err != nil {
		return dispatch.ResultFailed, err
	}
	result, err := c.send(ctx, n)
	if err != nil && !errors.Is(err, smpp.ErrUnsure) {
		for _, s := range sends { // it has cost nothing
			_ = c.deps.Sends.TakeBack(context.WithoutCancel(ctx), s) // counted too much, a day has a text less
		}
	}
	return result, err
}

// limit is one count that a text must fit into.
type limit struct {
	of    string // whose count it is
	span  time.Duration
	most  int
	fault string
}

// admit counts a text, unless the day or its recipient has had enough.
func (c *Channel) admit(ctx context.Context, n dispatch.Notice) (counted []dispatch.Send, err error) {
	limits := []limit{{"sms:all", day, c.cfg.PerDay, "the day's texts are used up (sms.per_day)"}}
	if !n.Message.Human {
		limits[0].most -= c.cfg.PerDay / 5
		limits = append(limits, limit{"sms:" + n.To, c.cfg.Every, 1, "Vahta has written to this number by itself of late (sms.every)"})
	}
	now := c.deps.Now()
	for _, l := range limits {
		s := dispatch.Send{Notice: n.ID, Person: l.of, Channel: dispatch.ChannelSMS, Ticket: n.Ref.ID, At: now}
		fits := false
		err := c.deps.Sends.Admit(ctx, s, now.Add(-l.span), func(sent []dispatch.Send) bool {
			others := 0
			for _, o := range sent {
				if o.Notice != n.ID {
					others++
				}
			}
			fits = others < l.most
			return fits
		})
		if err == nil && !fits {
			err = fmt.Errorf("%s: %w", l.fault, dispatch.ErrPermanent)
		}
		if err != nil {
			for _, s := range counted {
				_ = c.deps.Sends.TakeBack(context.WithoutCancel(ctx), s)
			}
			return nil, fmt.Errorf("send SMS: %w", err)
		}
		counted = append(counted, s)
	}
	return counted, nil
}

// reached are the accounts whose centres are; when none is, the first may be in a moment.
func (c *Channel) reached() (list []*account) {
	for _, a := range c.accounts {
		if a.client.Up() > 0 {
			list = append(list, a)
		}
	}
	if len(list) == 0 {
		return c.accounts[:min(1, len(c.accounts))]
	}
	return list
}

// send tries the accounts in order.
func (c *Channel) send(ctx context.Context, n dispatch.Notice) (dispatch.Result, error) {
	var faults []error
	for _, a := range c.reached() {
		ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
		sent, err := a.client.Send(ctx, smpp.Message{Ref: n.ID, To: n.To, Text: Compose(n, c.cfg.MaxParts)})
		cancel()
		if err == nil {
			if n.Stamp != nil {
				n.Stamp(a.Name + "/" + sent.Parts[0].ID)
			}
			c.mu.Lock()
			c.last = c.deps.Now()
			c.mu.Unlock()
			return dispatch.ResultDelivered, nil
		}
		faults = append(faults, fmt.Errorf("account %s: %w", a.Name, err))
		if errors.Is(err, smpp.ErrUnsure) {
			break // another account would send it once more; the same one has the same reference
		}
	}
	err := errors.Join(faults...)
	if err == nil {
		err = errors.New("no account is configured")
	}
	if final(err) {
		return dispatch.ResultFailed, fmt.Errorf("send SMS: %w (%w)", err, dispatch.ErrPermanent)
	}
	return dispatch.ResultFailed, fmt.Errorf("send SMS: %w", err)
}

// final reports whether a fault is one that no further try mends: a refusal, or a number that is none.
func final(err error) bool {
	if errors.Is(err, smpp.ErrNotSent) || errors.Is(err, smpp.ErrUnsure) {
		return false
	}
	if refused, ok := errors.AsType[*smpp.RefusedError](err); ok {
		return !refused.Temporary()
	}
	return true
}

// Compose is the text of a message: its ticket's number, what is said, and the link, in at most so many parts.
func Compose(n dispatch.Notice, parts int) string {
	head := ""
	if !strings.Contains(n.Message.Text, n.Ref.Number) {
		head = n.Ref.Number + ": "
	}
	body, tail := strings.Join(strings.Fields(n.Message.Text), " "), ""
	if n.Message.Link != "" && !strings.Contains(body, n.Message.Link) {
		tail = " " + n.Message.Link
	}
	if whole := head + body + tail; fits(whole, parts) {
		return whole
	}
	runes := []rune(body)
	low, high := 0, len(runes) // the longest beginning that fits
	for low < high {
		mid := (low + high + 1) / 2
		if fits(head+string(runes[:mid])+"…"+tail, parts) {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return head + strings.TrimSpace(string(runes[:low])) + "…" + tail
}

// fits reports whether a text has at most so many parts.
func fits(s string, parts int) bool {
	_, err := text.Split(s, text.Choose(s), text.Header16, 1, parts)
	return err == nil
}
