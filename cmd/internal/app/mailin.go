package app

import (
	"context"
	"fmt"
	"net"

	"github.com/butlerspb/vahta/channels/email"
	"github.com/butlerspb/vahta/channels/email/accept"
	"github.com/butlerspb/vahta/channels/email/ids"
	"github.com/butlerspb/vahta/cmd/internal/config"
	"github.com/butlerspb/vahta/dispatch"
)

// mails tells a dispatcher how mails are read; m reads the ids of ours.
func mails(d *dispatch.Dispatcher, c config.Config, m *ids.Maker) {
	d.Register(dispatch.ChannelEmail, dispatch.Decoding{Decode: email.NewReader(c.Mail, m).Decode})
}

// serveMail takes mails in, where it is set up.
func (a *App) serveMail(ctx context.Context, l *lifecycle) error {
	if !a.cfg.Mail.In.Enabled() {
		return nil
	}
	if err := a.mailIDs.Load(ctx, a.journal); err != nil { // mails that come are refused until it is there
		a.part("mail").Warn("the secret of mail ids is not read yet", "err", err)
	}
	in := &email.Intake{Reader: email.NewReader(a.cfg.Mail, a.mailIDs), Desk: a.desk, IDs: a.mailIDs, Secrets: a.journal, Now: a.clock}
	s, err := accept.New(a.cfg.Mail.In, accept.Deps{Take: in.Take, Log: a.part("mail"), Registerer: a.registry})
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", a.cfg.Mail.In.Listen)
	if err != nil {
		return fmt.Errorf("mail.in.listen: %w; free the port or set another, \"\" for none", err)
	}
	l.start(ctx, "mail in", func(ctx context.Context) error { return s.Run(ctx, listener) })
	return nil
}
