package app

import (
	"context"
	"path/filepath"
	"time"

	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/shift"
	"github.com/butlerspb/vahta/dispatch/store"
	"github.com/butlerspb/vahta/dispatch/ticket"
	"github.com/butlerspb/vahta/oncall"
)

// mostOpen is how many open tickets a hand-over note tells of.
const mostOpen = 500

// openTickets lists the open ones of an archive.
func openTickets(a dispatch.Archive) func(context.Context) ([]ticket.Ticket, error) {
	return func(ctx context.Context) ([]ticket.Ticket, error) {
		return a.Tickets(ctx, dispatch.TicketFilter{OpenOnly: true, Limit: mostOpen})
	}
}

// buildShifts makes what tells people of their turns.
func (a *App) buildShifts(directory *dispatch.Directory) (err error) {
	sc := a.cfg.Shifts
	sc.Subscribers = a.cfg.Webhooks.Subscribers()
	a.carer, err = shift.New(sc, shift.Deps{
		Store: a.journal, Directory: directory, Tickets: openTickets(a.journal), Registered: a.registered, Caller: lineCaller{a},
		Wake: func() { a.outbox.Wake() }, Now: a.now, Log: a.part("shifts"),
	})
	return err
}

// lineCaller rings people by the hotline, which is built later.
type lineCaller struct{ a *App }

// Notify implements dispatch.Notifier.
func (l lineCaller) Notify(ctx context.Context, n dispatch.Notice) (dispatch.Result, error) {
	return l.a.hotline.Notify(ctx, n)
}

// shiftsChanged has the turns of a new rota looked at.
func (a *App) shiftsChanged() {
	if a.carer != nil {
		a.carer.Wake()
	}
}

// registered lists the accounts of the roster with a phone that can be rung now.
func (a *App) registered() (list []shift.Registered) {
	phones := a.engineersPhones()
	if phones == nil {
		return nil
	}
	for _, p := range a.desk.Directory().Load().Roster.People {
		for _, d := range p.Devices {
			if d.Kind == oncall.Softphone && d.Account != "" && len(phones.Destinations(d.Account)) > 0 {
				list = append(list, shift.Registered{Person: p.ID, Account: d.Account})
			}
		}
	}
	return list
}

// provenDesk is the dispatcher as the hotline sees it: a key on a live call
// proves the device as well.
type provenDesk struct {
	*dispatch.Dispatcher

	carer *shift.Carer
}

func (a *App) proving() provenDesk { return provenDesk{a.desk, a.carer} }

// RecordAccepted implements hotline.Records.
func (d provenDesk) RecordAccepted(ctx context.Context, got dispatch.Accepted) error {
	d.carer.SeenAttempt(dispatch.Attempt{Person: got.Person, Device: got.Device, Outcome: dispatch.AttemptAccepted, At: got.At})
	return d.Dispatcher.RecordAccepted(ctx, got)
}

// ShiftsOnRecord cares for shifts when no server runs: nobody is called, the rest is answered. now may be nil.
func ShiftsOnRecord(c config.Config, now func() time.Time) func(context.Context, *store.SQL) (desk.Shifts, error) {
	return func(ctx context.Context, db *store.SQL) (desk.Shifts, error) {
		keeper, err := dispatch.NewKeeper(dispatch.KeeperDeps{
			Store: db, Rotas: db, File: filepath.Join(c.Data, directoryFile), Node: c.Node, Observe: true,
			Encode: config.EncodeSource, Decode: config.DecodeSource, Now: now,
		})
		if err != nil {
			return nil, err
		}
		directory, err := keeper.Load(ctx, c.Source())
		if err != nil {
			return nil, err
		}
		sc := c.Shifts
		sc.Subscribers = c.Webhooks.Subscribers()
		return shift.New(sc, shift.Deps{Store: db, Directory: directory, Tickets: openTickets(db), Now: now})
	}
}
