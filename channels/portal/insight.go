package portal

import (
	"context"
	"encoding/json"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// FairnessReply is how duty is spread.
type FairnessReply struct {
	oncall.Fair
	CallsKnown bool `json:"calls_known" doc:"False: who took calls can not be read now, and calls are all 0"`
}

func (s *Server) fairness(ctx context.Context, in *gapsInput) (*reply[FairnessReply], error) {
	l, sc, from, to, err := s.spanOf(ctx, in.ID, in.SpanQuery)
	if err != nil {
		return nil, err
	}
	taken, err := s.deps.Rota.Taken(ctx, from, to)
	if err != nil {
		s.deps.Log.Warn("fairness without calls", "err", err.Error())
	}
	out := FairnessReply{oncall.Fairness(l.duty, sc.ID, from, to, taken), err == nil}
	if out.People == nil {
		out.People = []oncall.Load{}
	}
	return &reply[FairnessReply]{etag(l.Version.Revision), out}, nil
}

// LintReply lists what may hurt.
type LintReply struct {
	Warnings []TextedWarning `json:"warnings"`
}

// TextedWarning is something about a rota that is allowed and may hurt.
type TextedWarning struct {
	Code  oncall.WarningCode `json:"code"`
	Where string             `json:"where"`
	Due   time.Time          `json:"due,omitzero" doc:"When it begins to hurt; absent: it already does"`
	Text  string             `json:"text" doc:"What is wrong and what to do, in the language of Accept-Language"`
}

func warningsOf(lang string, list []oncall.Warning) []TextedWarning {
	out := []TextedWarning{}
	for _, w := range list {
		out = append(out, TextedWarning{w.Code, w.Where, w.Due, w.Text(lang)})
	}
	return out
}

func (s *Server) lint(ctx context.Context, _ *struct{}) (*reply[LintReply], error) {
	l, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	return &reply[LintReply]{etag(l.Version.Revision), LintReply{warningsOf(l.by.lang, oncall.Lint(l.duty, l.now))}}, nil
}

// HistoryReply lists edits, newest first.
type HistoryReply struct {
	Entries []HistoryEntry `json:"entries"`
}

// HistoryEntry is one edit.
type HistoryEntry struct {
	Revision int64           `json:"revision"`
	At       time.Time       `json:"at"`
	Person   string          `json:"person"`
	Channel  string          `json:"channel" doc:"cli, api, voice, file or node"`
	Node     string          `json:"node"`
	Reason   string          `json:"reason,omitempty"`
	Edit     json.RawMessage `json:"edit,omitempty" doc:"As it was asked for; absent: a seed or a restore"`
	Before   []edit.Record   `json:"before,omitempty"`
	After    []edit.Record   `json:"after,omitempty"`
	Hash     string          `json:"hash" doc:"Of this entry and the one before: the log is a chain"`
}

type historyInput struct {
	Kind   string `query:"kind" enum:"person,schedule,absence,temporary,override,request,calendar" doc:"Edits of one kind of thing"`
	ID     string `query:"id" doc:"Edits of one thing; needs kind"`
	Before int64  `query:"before" minimum:"0" doc:"Edits before this revision"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

func (s *Server) history(ctx context.Context, in *historyInput) (*reply[HistoryReply], error) {
	by := callerOf(ctx)
	list, err := s.deps.Rota.History(ctx, dispatch.RotaFilter{Key: edit.Key{Kind: edit.Kind(in.Kind), ID: in.ID}, Before: in.Before, Limit: in.Limit})
	if err != nil {
		return nil, refused(by.lang, nil, false, err)
	}
	out := HistoryReply{Entries: []HistoryEntry{}}
	for _, e := range list {
		entry := HistoryEntry{
			Revision: e.Revision, At: e.At, Person: e.By.Person, Channel: e.By.Channel, Node: e.Node, Reason: e.Reason,
			Edit: e.Edit, Before: e.Before, After: e.After, Hash: e.Hash,
		}
		if !by.devices() {
			entry.Edit, entry.Before, entry.After = redacted(e.Edit), withoutDevices(e.Before), withoutDevices(e.After)
		}
		out.Entries = append(out.Entries, entry)
	}
	return &reply[HistoryReply]{Body: out}, nil
}
