package app

import (
	"path/filepath"

	"github.com/butlerspb/vahta/channels/sms"
)

// buildSMS makes the channel of short messages, when there is an account.
func (a *App) buildSMS() (err error) {
	if !a.cfg.SMS.Enabled() {
		return nil
	}
	a.sms, err = sms.New(a.cfg.SMS, sms.Deps{
		Receiver: a.desk, Sends: a.journal, Spool: filepath.Join(a.cfg.Data, "sms"), Now: a.clock, Log: a.part("sms"), Registerer: a.registry,
	})
	return err
}
