package app

import (
	"context"
	"fmt"
	"strings"

	"github.com/butlerspb/vahta/channels/email/ids"
	"github.com/butlerspb/vahta/channels/email/send"
	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// mailIDs makes the ids of mails and reads those in answers. Its secret is in the record.
func mailIDs(c config.Config) *ids.Maker {
	_, domain, _ := strings.Cut(c.Mail.Out.Address(), "@")
	return ids.New(domain)
}

// buildMailOut makes what writes mails, when an address is set to write from.
func (a *App) buildMailOut() (err error) {
	a.mailIDs = mailIDs(a.cfg)
	mails(a.desk, a.cfg, a.mailIDs)
	if !a.cfg.Mail.Out.Enabled() {
		return nil
	}
	a.mailOut, err = send.New(a.cfg.Mail.Out, send.Deps{
		IDs: a.mailIDs, Secrets: a.journal, Memory: a.journal, Thread: a.mailThread, Now: a.clock, Log: a.part("mail"), Registerer: a.registry,
	})
	return err
}

// mailThread finds the mails of a ticket in its log.
func (a *App) mailThread(ctx context.Context, about dispatch.Ref) (send.Thread, error) {
	log, err := a.desk.Events(ctx, about)
	if err != nil {
		return send.Thread{}, fmt.Errorf("read the mails of ticket %s: %w", about.Number, err)
	}
	return threadOf(log), nil
}

// threadOf are the mails that a ticket's log knows, oldest first.
func threadOf(log []ticket.Event) (t send.Thread) {
	for _, e := range log {
		if sent, ok := e.Body.(ticket.Sent); ok && sent.Channel == string(dispatch.ChannelEmail) && sent.Ref != "" {
			t.Earlier = append(t.Earlier, sent.Ref)
		}
	}
	return t
}
