package dispatch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch/sla"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// SavePlan adds a version of the plan and returns its number. One that is not
// complete is a draft. A revision of a plan that the client knows needs a
// reason; it counts as kept when it is told before its ETA has lapsed.
func (d *Dispatcher) SavePlan(ctx context.Context, ref Ref, by Author, plan ticket.Planned) (version int, err error) {
	e, err := d.Do(ctx, ref, by, plan)
	if err != nil {
		return 0, err
	}
	b, _ := e.Body.(ticket.Planned)
	return b.Version, nil
}

func (a *act) plan(b ticket.Planned) error {
	dossier, err := a.dossier()
	if err != nil {
		return err
	}
	b.Version = len(dossier.Plans) + 1
	b.Hypothesis, b.Fallback, b.Reason = strings.TrimSpace(b.Hypothesis), strings.TrimSpace(b.Fallback), strings.TrimSpace(b.Reason)
	b.Actions = slices.DeleteFunc(slices.Clone(b.Actions), func(s string) bool { return strings.TrimSpace(s) == "" })
	if b.Engineer == "" {
		b.Engineer = a.by.Person
	}
	told := slices.ContainsFunc(dossier.Plans, func(p ticket.Plan) bool { return !p.ToldAt.IsZero() })
	switch {
	case told && b.Reason == "":
		return a.refuse(b, "the client knows a plan: say why it changes")
	case !b.ETA.IsZero() && !b.ETA.After(a.at):
		return a.refuse(b, "its ETA, %s, has passed", b.ETA.Format(time.RFC3339))
	}
	return a.do(b)
}

// PlanWord says how a plan is told.
type PlanWord struct {
	Version int              // 0 = the last one
	Spoken  bool             // it was read out to the client; nothing is sent
	Call    string           // spoken: the call, if there is a record of it
	With    string           // spoken: to whom
	Report  int              // written: whose requester; 0 = all
	To      []ticket.Contact // written: instead of the ways on record
	Text    string           // written: instead of the words of PlanText
	Link    string
}

// TellPlan tells the client a complete plan, in the words of PlanText or by
// voice, and moves the ticket to PlanSent once he knows it: at once when it was
// spoken, else when a message has arrived.
func (d *Dispatcher) TellPlan(ctx context.Context, ref Ref, by Author, w PlanWord) ([]Told, error) {
	done, err := d.perform(ctx, ref, by, func(a *act) error {
		if w.Spoken {
			return a.spoken(ticket.PlanTold{Version: w.Version, Ref: w.Call, With: w.With})
		}
		plan, err := a.complete(ticket.PlanTold{Version: w.Version})
		if err != nil {
			return err
		}
		text := w.Text
		if strings.TrimSpace(text) == "" {
			t, s := a.ticket(), d.dir.Load()
			named := plan
			named.Engineer = s.nameOf(plan.Engineer)
			text = PlanText(named, t.Language, d.zoneOf(s, t), a.at)
		}
		word := Word{Purpose: ticket.ForPlan, Report: w.Report, To: w.To, Text: text, Version: plan.Version, Link: w.Link}
		if err := a.tell(word, true, true); err != nil {
			return err
		}
		if onPage(a.change.Events) {
			a.change, err = a.d.planKnown(a.ctx, a.c, a.change, a.at, a.by.Person)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("tell the plan of ticket %s: %w", ref.Number, err)
	}
	return toldOf(done), nil
}

// onPage reports whether one of the messages is on record as delivered.
func onPage(events []ticket.Event) bool {
	return slices.ContainsFunc(events, func(e ticket.Event) bool { _, ok := e.Body.(ticket.Sent); return ok })
}

// spoken adds that a plan was read out to the client.
func (a *act) spoken(b ticket.PlanTold) error {
	plan, err := a.complete(b)
	if err != nil {
		return err
	}
	b.Version = plan.Version
	if err := a.do(b); err != nil {
		return err
	}
	a.change, err = a.d.planKnown(a.ctx, a.c, a.change, a.at, a.by.Person)
	return err
}

// complete finds the version that is to be told; 0 = the last one.
func (a *act) complete(b ticket.PlanTold) (ticket.Planned, error) {
	dossier, err := a.dossier()
	if err != nil {
		return ticket.Planned{}, err
	}
	version := b.Version
	if version == 0 {
		version = len(dossier.Plans)
	}
	if version < 1 || version > len(dossier.Plans) {
		return ticket.Planned{}, a.refuse(b, "there is no version %d of the plan", version)
	}
	plan := dossier.Plans[version-1].Planned
	if !plan.Complete() {
		return plan, a.refuse(b, "the plan is a draft: it needs hypothesis, actions, fallback, ETA and engineer")
	}
	return plan, nil
}

// zoneOf is the zone of the ticket's client, or the company's.
func (d *Dispatcher) zoneOf(s *Snapshot, t ticket.Ticket) *time.Location {
	if org, ok := s.Book.Resolve(t.Client.Org); ok && org.Zone != "" {
		if zone, err := time.LoadLocation(org.Zone); err == nil {
			return zone
		}
	}
	return d.numbers.zone
}

// PlanText is the plan in the words in which clients are told, in "ru" or "en";
// zone is the client's. Engineer is said as it stands: put the name there.
func PlanText(p ticket.Planned, language string, zone *time.Location, now time.Time) string {
	texts := clientTexts(language)
	fill := func(key string, pairs ...string) string {
		return strings.NewReplacer(pairs...).Replace(texts[key])
	}
	actions := strings.Join(trimmed(p.Actions), "; ")
	if p.Fallback != "" {
		actions += fill("plan.fallback", "{fallback}", trimStop(p.Fallback))
	}
	where := trimStop(p.Hypothesis)
	key := "plan" // the sentence begins by what the trouble is
	if slices.ContainsFunc([]string{"в ", "во ", "на ", "in ", "with ", "on "}, func(in string) bool { return strings.HasPrefix(where, in) }) {
		key = "plan.in" // or where it is, which no word need be inflected for
	}
	text := fill(key, "{hypothesis}", where, "{actions}", actions, "{eta}", etaText(p.ETA, language, zone, now))
	if p.Version > 1 && p.Reason != "" {
		text = fill("plan.revised", "{reason}", trimStop(p.Reason)) + " " + text
	}
	if p.Engineer != "" {
		text += " " + fill("plan.engineer", "{engineer}", p.Engineer)
	}
	return text
}

func trimStop(s string) string { return strings.TrimRight(strings.TrimSpace(s), ".;, ") }

func trimmed(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = trimStop(s)
	}
	return out
}

// etaText is an expected time: how long from now, and the hour on the client's
// clock, with the day when it is another one.
func etaText(eta time.Time, language string, zone *time.Location, now time.Time) string {
	texts, at := clientTexts(language), eta.In(zone)
	clock := at.Format("15:04")
	if at.Format(time.DateOnly) != now.In(zone).Format(time.DateOnly) {
		return strings.NewReplacer("{clock}", clock, "{date}", at.Format("02.01.2006")).Replace(texts["eta.on"])
	}
	return strings.NewReplacer("{span}", spanText(eta.Sub(now), texts), "{clock}", clock).Replace(texts["eta.in"])
}

// spanText is a time span in hours and minutes, rounded up to minutes.
func spanText(d time.Duration, texts map[string]string) string {
	minutes := int64((d + time.Minute - 1) / time.Minute)
	const hour = 60
	var parts []string
	if minutes >= hour {
		parts = append(parts, fmt.Sprintf("%d %s", minutes/hour, texts["unit.h"]))
	}
	if rest := minutes % hour; rest > 0 || len(parts) == 0 {
		parts = append(parts, fmt.Sprintf("%d %s", rest, texts["unit.min"]))
	}
	return strings.Join(parts, " ")
}

// UpdateWord is a public word on how it goes.
type UpdateWord struct {
	Text   string
	Next   time.Time // when the next one is promised; zero = by the contract
	Silent bool      // it stands on the client's page only; else it is sent as well
	Link   string
}

// Update tells the client how it goes: on the ticket's page, and in writing. It
// restarts the clock of the next word. On a parent it is told to the clients of
// all its children, too; their tickets are returned. A child that could not be
// told is named by the error; a repeat with the same Author.Key tells only those
// that were not told.
func (d *Dispatcher) Update(ctx context.Context, ref Ref, by Author, u UpdateWord) (told []Told, children []Ref, err error) {
	if strings.TrimSpace(u.Text) == "" {
		return nil, nil, fmt.Errorf("tell how ticket %s goes: the text is empty", ref.Number)
	}
	done, err := d.perform(ctx, ref, by, func(a *act) error { return a.update(u) })
	if err != nil {
		return nil, nil, fmt.Errorf("tell how ticket %s goes: %w", ref.Number, err)
	}
	children, err = d.announce(ctx, ref, by, u, done)
	return toldOf(done), children, err
}

func (a *act) update(u UpdateWord) error {
	t := a.ticket()
	if !t.Open() {
		return a.refuse(ticket.Updated{}, "it is %s", t.Stage)
	}
	if !u.Next.IsZero() && !u.Next.After(a.at) {
		return a.refuse(ticket.Updated{}, "the next word is promised for a time that has passed")
	}
	if u.Next.IsZero() {
		log, err := a.log()
		if err != nil {
			return err
		}
		if limit := ticket.Policy(log, a.at).Limit(sla.UpdateClock, sla.Grade(t.Priority.String())); limit.Time > 0 && t.Stage < ticket.Stabilised {
			u.Next = a.at.Add(limit.Time)
		}
	}
	if err := a.do(ticket.Updated{Text: u.Text, Next: u.Next}); err != nil {
		return err
	}
	if u.Silent {
		return nil
	}
	text := u.Text
	if !u.Next.IsZero() {
		clock := u.Next.In(a.d.zoneOf(a.d.dir.Load(), t)).Format("15:04")
		text += "\n\n" + strings.ReplaceAll(clientTexts(t.Language)["update.next"], "{clock}", clock)
	}
	return a.tell(Word{Purpose: ticket.ForUpdate, Text: text, Link: u.Link}, true, false)
}
