package portal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/butlerspb/vahta/dispatch"
)

// SignalReply is what became of a signal.
type SignalReply struct {
	Signal string `json:"signal" doc:"Its name: channel/key"`
	Ticket string `json:"ticket,omitempty" doc:"Number; absent: it is stored, and is taken in soon"`
	Joined bool   `json:"joined,omitempty" doc:"The ticket was open already"`
}

type signalReply struct {
	Status int
	Body   SignalReply
}

type signalInput struct {
	Key     string `header:"Idempotency-Key" maxLength:"200" doc:"The sender's name of the signal: a repeat is the same signal; another body under a used name is refused with 422 and not kept. Default: the hash of the body, for ten minutes"`
	RawBody []byte `contentType:"application/json"`
}

// intakeTime is how long whoever brings a signal waits for its ticket. The signal is stored in any case.
const intakeTime = 2 * time.Second

// sameBody is how long the same bytes without a key are a repeat of one request. An alarm that comes back with the same words
// must not be lost as a repeat; one that is taken for two joins the open ticket.
const sameBody = 10 * time.Minute

// signalKey names a signal whose sender has not.
func signalKey(raw []byte, now time.Time) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]) + "@" + now.UTC().Truncate(sameBody).Format("20060102T1504")
}

// takeSignal stores a signal before it answers. What is in it is never a reason to refuse: who sends alarms does not come again.
func (s *Server) takeSignal(ctx context.Context, in *signalInput) (*signalReply, error) {
	c := callerOf(ctx)
	now := s.deps.Now()
	key := in.Key
	if key == "" {
		key = signalKey(in.RawBody, now)
	}
	id, err := s.deps.Desk.Signals.Receive(ctx, dispatch.Signal{
		Channel: dispatch.ChannelAPI, Key: c.token.Name + ":" + key, At: now, Raw: in.RawBody,
	})
	if errors.Is(err, dispatch.ErrKeyUsed) {
		return nil, problem(http.StatusUnprocessableEntity, CodeInvalid, say(c.lang, textKeyUsed))
	}
	if err != nil {
		s.deps.Log.Warn("a signal could not be stored; its sender is told to come again", "err", err.Error())
		return nil, awayDesk(c.lang)
	}
	out := &signalReply{Status: http.StatusAccepted, Body: SignalReply{Signal: string(id.Channel) + "/" + id.Key}}
	ctx, cancel := context.WithTimeout(ctx, intakeTime)
	defer cancel()
	opened, err := s.deps.Desk.Signals.Intake(ctx, id)
	if err != nil {
		s.deps.Log.Debug("a signal is taken in later", "err", err.Error())
		return out, nil // it is stored, and is tried again
	}
	if opened.Number != "" {
		out.Status, out.Body.Ticket, out.Body.Joined = http.StatusCreated, opened.Number, opened.Joined
	}
	return out, nil
}

// awayDesk is the problem of a record that can not be reached.
func awayDesk(lang string) *Problem {
	p := problem(http.StatusServiceUnavailable, CodeAway, say(lang, textDeskAway))
	p.retry = retryAway
	return p
}

// SignalsReply lists signals.
type SignalsReply struct {
	Signals []dispatch.SignalSight `json:"signals" doc:"Newest first, without their bytes"`
}

type signalsInput struct {
	State  string    `query:"state" enum:"waiting,taken,settled,failing"`
	Ticket string    `query:"ticket" doc:"Number or ID"`
	Before time.Time `query:"before"`
	Limit  int       `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

func (s *Server) listSignals(ctx context.Context, in *signalsInput) (*bare[SignalsReply], error) {
	f := dispatch.SignalFilter{State: dispatch.SignalState(in.State), Before: in.Before, Limit: in.Limit}
	if in.Ticket != "" {
		t, err := s.deps.Desk.Tickets.Ticket(ctx, in.Ticket)
		if err != nil {
			return nil, err
		}
		f.Ticket = t.ID
	}
	list, err := s.deps.Desk.Signals.ListSignals(ctx, f)
	if err != nil {
		return nil, err
	}
	out := SignalsReply{Signals: []dispatch.SignalSight{}}
	for _, r := range list {
		out.Signals = append(out.Signals, r.Sight())
	}
	return &bare[SignalsReply]{out}, nil
}

// AuditReply lists lines of the audit.
type AuditReply struct {
	Lines []dispatch.AuditEntry `json:"lines" doc:"Newest first; each carries the hash of the one before"`
}

type auditInput struct {
	Act    string    `query:"act" doc:"Such as reveal, listen, export"`
	By     string    `query:"by"`
	Ticket string    `query:"ticket" doc:"Number"`
	Since  time.Time `query:"since"`
	Before int64     `query:"before" doc:"seq; for the next page"`
	Limit  int       `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

func (s *Server) listAudit(ctx context.Context, in *auditInput) (*bare[AuditReply], error) {
	list, err := s.deps.Desk.Audit.AuditTrail(ctx, dispatch.AuditFilter{
		Act: dispatch.AuditAct(in.Act), By: in.By, Ticket: in.Ticket, Since: in.Since, Before: in.Before, Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	if list == nil {
		list = []dispatch.AuditEntry{}
	}
	return &bare[AuditReply]{AuditReply{list}}, nil
}

// deskRoutes are all of the desk whose parts are there.
func (s *Server) deskRoutes() {
	const get, post = http.MethodGet, http.MethodPost
	d := s.deps.Desk
	if d.Tickets != nil && d.Cases != nil {
		s.deskTicketRoutes()
		s.deskActRoutes()
	}
	if d.Tickets != nil && d.Signals != nil {
		onDesk(s, route{post, "/signals", "send-signal", "Bring a signal: a message of a client, an alarm of a machine (JSON; see docs)", SignalsSend, http.StatusCreated, "signals"}, s.takeSignal)
		op := s.api.OpenAPI().Paths["/api/v1/signals"].Post
		op.RequestBody.Content["application/json"].Schema = &huma.Schema{
			Description: "text, subject, from {channel, address, name}, and perhaps org, category, priority, dedup_key, recovery, update, warning, request, machine, quiet, unproven, source, occurred, in_reply_to, attachments [{name, data: base64}]",
		}
		op.Responses["202"] = &huma.Response{Description: "Stored; it is taken in soon", Content: op.Responses["201"].Content}
		onDesk(s, route{get, "/signals", "list-signals", "List signals that came in", DeskRead, 0, "signals"}, s.listSignals)
	}
	if d.Search != nil {
		onDesk(s, route{get, "/search", "search", "Find tickets and articles by words; phones, numbers and hosts exactly", DeskRead, 0, "search"}, s.search)
		onDesk(s, route{get, "/tickets/{ticket}/similar", "list-similar", "List similar tickets and articles", DeskRead, 0, "search"}, s.similar)
	}
	if d.Articles != nil {
		s.articleRoutes()
	}
	if d.Clients != nil {
		s.clientRoutes()
	}
	if d.Kept.Vault != nil && d.Tickets != nil && d.Audit != nil {
		s.keptRoutes()
	}
	if d.Privacy != nil {
		s.privacyRoutes()
	}
	if d.Reports != nil && d.Tickets != nil {
		s.reportRoutes()
	}
	if d.Audit != nil {
		onDesk(s, route{get, "/audit", "list-audit", "List who did what that must be known later", AuditRead, 0, "audit"}, s.listAudit)
	}
}
