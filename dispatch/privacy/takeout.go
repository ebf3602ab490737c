package privacy

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/ticket"
)

// Takeout writes all that is kept of a person as one archive (ZIP): JSON, the same as text for people, the recordings that lie on
// this node, and the files. language is that of the text.
func (p *Privacy) Takeout(ctx context.Context, d Demand, language string, to io.Writer) (Holdings, error) {
	f, err := p.find(ctx, d.Person)
	if err == nil {
		err = d.check(f.who)
	}
	if err == nil {
		err = p.tell(ctx, d, dispatch.ActExport, "", "person "+f.Person, f.brief())
	}
	if err != nil {
		return Holdings{}, told(fmt.Errorf("take out what is kept of %s: %w", d.Person, err), language)
	}
	if err := p.archive(ctx, d, f, language, to); err != nil {
		return f.Holdings, fmt.Errorf("write the archive of %s: %w", f.Person, err)
	}
	return f.Holdings, nil
}

// archive is an archive that is being written.
type archive struct {
	z  *zip.Writer
	at time.Time
}

func (a *archive) part(name string) (io.Writer, error) {
	return a.z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: a.at})
}

func (a *archive) text(name, text string) error {
	w, err := a.part(name)
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	return err
}

func (a *archive) json(name string, v any) error {
	w, err := a.part(name)
	if err != nil {
		return err
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func (a *archive) copy(name string, from io.ReadCloser) error {
	w, err := a.part(name)
	if err == nil {
		_, err = io.Copy(w, from)
	}
	return errors.Join(err, from.Close())
}

func (p *Privacy) archive(ctx context.Context, d Demand, f *found, language string, to io.Writer) error {
	a := &archive{zip.NewWriter(to), p.deps.Now().UTC().Truncate(time.Second)}
	words := wordsOf(language)
	err := errors.Join(
		a.text("README.txt", fmt.Sprintf(words.readme, f.Person, a.at.Format(time.DateTime))),
		a.json("card.json", f.Card), a.json("tickets.json", f.Tickets), a.json("recordings.json", f.Recordings), a.json("files.json", f.Files),
	)
	if err != nil {
		return err
	}
	for _, t := range f.Tickets {
		if err := a.text("tickets/"+t.Number+".txt", words.ticket(t)); err != nil {
			return err
		}
	}
	for i, r := range f.Recordings {
		if !r.Here {
			continue
		}
		if err := p.tell(ctx, d, dispatch.ActExport, r.Ticket, "recording "+r.Name, ""); err != nil {
			return err
		}
		in, err := p.deps.Vault.ReadCall(ctx, f.calls[i])
		if err != nil {
			return err
		}
		if err := a.copy("recordings/"+r.Name, in); err != nil {
			return fmt.Errorf("recording %s: %w", r.Name, err)
		}
	}
	for _, file := range f.Files {
		if err := p.tell(ctx, d, dispatch.ActExport, f.number(file.Ticket), "attachment "+file.Hash, ""); err != nil {
			return err
		}
		_, in, err := p.deps.Vault.GetFile(ctx, file.Ticket, file.Hash)
		if err != nil {
			return err
		}
		const short = 12 // digits of the hash: two files may have one name
		if err := a.copy(path.Join("files", file.Hash[:short]+"-"+file.Name), in); err != nil {
			return fmt.Errorf("file %s: %w", file.Hash, err)
		}
	}
	return a.z.Close()
}

// words are those of an archive in one language.
type words struct{ readme, opened, wrote, told, at string }

func wordsOf(language string) words {
	if language == "en" {
		return words{
			readme: `What is kept of %s, as of %s UTC.

card.json         name, numbers, addresses
tickets.json      what the person has reported, and the messages to the person
tickets/          the same, to be read
recordings.json   the recordings of the person's calls, those on other nodes too
recordings/       the recordings themselves: left the caller, right the engineer
files.json        the files that the person has sent
files/            the files themselves
`,
			opened: "Ticket %s, opened on %s UTC\n", wrote: "The person", told: "To the person", at: "2006-01-02 15:04",
		}
	}
	return words{
		readme: `Что хранится о %s на %s UTC.

card.json         имя, номера, адреса
tickets.json      обращения человека и сообщения ему
tickets/          то же самое, для чтения
recordings.json   записи его разговоров, в том числе на других узлах
recordings/       сами записи: слева звонивший, справа инженер
files.json        файлы, которые он присылал
files/            сами файлы
`,
		opened: "Тикет %s, открыт %s UTC\n", wrote: "Человек", told: "Человеку", at: "02.01.2006 15:04",
	}
}

// ticket is what one ticket has of the person, in order of time.
func (w words) ticket(t HeldTicket) string {
	var b strings.Builder
	fmt.Fprintf(&b, w.opened, t.Number, t.OpenedAt.UTC().Format(w.at))
	said := func(at time.Time, who, channel, subject, text string) {
		fmt.Fprintf(&b, "\n%s  %s (%s)\n", at.UTC().Format(w.at), who, channel)
		if subject != "" {
			fmt.Fprintln(&b, subject)
		}
		if text != "" {
			fmt.Fprintln(&b, text)
		}
	}
	messages := t.Messages
	tell := func(before func(ticket.Message) bool) {
		for len(messages) > 0 && before(messages[0]) {
			m := messages[0]
			said(m.At, w.told, m.To.Channel, m.Subject, m.Text)
			messages = messages[1:]
		}
	}
	for _, s := range t.Signals {
		tell(func(m ticket.Message) bool { return m.At.Before(s.At) })
		said(s.At, w.wrote, s.From.Channel, "", s.Text)
	}
	tell(func(ticket.Message) bool { return true })
	return b.String()
}
