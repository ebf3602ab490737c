package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/butlerspb/vahta/cmd/internal/desk"
	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/casework"
)

func ticketPage() *cobra.Command {
	var skill string
	var wait time.Duration
	cmd := deed("page NUMBER --skill SKILL", "page a specialist about an open ticket, also when somebody has it",
		"вызвать специалиста по открытой заявке, даже если её взяли", cobra.ExactArgs(1), func(c *clerk, args []string) error {
			if _, err := c.carry(args[0], casework.Order{Page: &casework.Paging{Skill: skill}}); err != nil {
				return err
			}
			return withDesk(c.cmd, func(ctx context.Context, d desk.Desk, here company) error {
				return c.tellSearch(ctx, d, here, args[0], skill, wait)
			})
		})
	cmd.Long = tr(`Pages those who have the skill, one after another until one acknowledges: valid certificates first, then who is on duty, then
who was paged least recently; three rounds. The ticket's timeline tells of each.`,
		`Вызывает тех, у кого есть навык, по очереди, пока кто-нибудь не подтвердит: сначала с действующим сертификатом, потом дежурных,
потом тех, кого вызывали давнее всех; три круга. О каждом говорит хронология заявки.`)
	cmd.Flags().StringVar(&skill, "skill", "", tr("what the specialist must know, such as 1c", "что специалист должен знать, например 1c"))
	cmd.Flags().DurationVar(&wait, "wait", 0, tr("wait so long for the answer and tell it", "столько ждать ответа и сказать его"))
	_ = cmd.MarkFlagRequired("skill") // the flag exists, it was made above
	return cmd
}

// tellSearch tells whom a search asks, and what becomes of it within the time.
func (c *clerk) tellSearch(ctx context.Context, d desk.Desk, here company, number, skill string, wait time.Duration) error {
	s, err := lastSearch(ctx, d, number, c.lang, skill)
	if err != nil {
		return err
	}
	words := searchWords(c.lang)
	fmt.Fprintf(c.out, words.asked, s.Skill, specialists(here, s, words))
	if _, served := d.(*desk.Remote); !served {
		fmt.Fprintln(c.cmd.ErrOrStderr(), words.later)
		return nil
	}
	a := awaited{number: number, wait: wait, here: here, words: words}
	a.look = func(ctx context.Context) (dispatch.Search, error) { return lastSearch(ctx, d, number, c.lang, skill) }
	return a.await(ctx, c.out)
}

// words of a search.
type words struct{ asked, later, took, missed, waiting, expired string }

func searchWords(language string) words {
	if language == "ru" {
		return words{
			asked: "Специалисты «%s», вызываем по очереди: %s\n", later: "Сервер не запущен: их вызовет `vahta serve`, когда заработает.",
			took: "Подтвердил: %s\n", missed: "никто не подтвердил; позовите кого-нибудь иначе", waiting: "Ответа ещё нет; дальше: vahta ticket show %s\n",
			expired: "сертификат истёк",
		}
	}
	return words{
		asked: "Specialists for %s, paged one after another: %s\n", later: "No server runs: `vahta serve` pages them when it does.",
		took: "Acknowledged by %s\n", missed: "nobody has acknowledged; reach somebody by another way", waiting: "No answer yet; go on with: vahta ticket show %s\n",
		expired: "certificate expired",
	}
}

// awaited is a search whose end a command waits for.
type awaited struct {
	number string
	wait   time.Duration
	here   company
	words  words
	look   func(context.Context) (dispatch.Search, error)
}

// specialists names whom a search asks.
func specialists(c company, s dispatch.Search, w words) string {
	list := make([]string, len(s.People))
	for i, id := range s.People {
		list[i] = c.name(id)
		if slices.Contains(s.Expired, id) {
			list[i] += " (" + w.expired + ")"
		}
	}
	return strings.Join(list, ", ")
}

// lastSearch returns the newest search of a ticket for a skill.
func lastSearch(ctx context.Context, d desk.Desk, number, language, skill string) (dispatch.Search, error) {
	v, err := d.Ticket(ctx, number, language)
	if err != nil {
		return dispatch.Search{}, err
	}
	for _, s := range slices.Backward(v.Searches) {
		if strings.EqualFold(s.Skill, strings.TrimSpace(skill)) {
			return s, nil
		}
	}
	return dispatch.Search{}, fmt.Errorf(tr("ticket %s: the search for %q is not on record", "заявка %s: поиск %q не записан"), number, skill)
}

// awaitEvery is how often a waiting command looks.
const awaitEvery = 500 * time.Millisecond

// await tells what becomes of a search, as far as it is known within the time.
func (a awaited) await(ctx context.Context, w io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, a.wait)
	defer cancel()
	for {
		s, err := a.look(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			return err
		case err == nil && s.Took != "":
			fmt.Fprintf(w, a.words.took, a.here.name(s.Took))
			return nil
		case err == nil && s.Missed:
			return errors.New(a.words.missed)
		}
		select {
		case <-ctx.Done():
			fmt.Fprintf(w, a.words.waiting, a.number)
			return nil
		case <-time.After(awaitEvery):
		}
	}
}
