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
)

func ticketPage() *cobra.Command {
	var (
		skill, by string
		wait      time.Duration
	)
	cmd := &cobra.Command{
		Use:   "page NUMBER --skill SKILL",
		Short: "page a specialist about an open ticket, also when somebody has it",
		Long: `Pages those who have the skill, one after another until one acknowledges: valid certificates first, then who is on duty, then
who was paged least recently; three rounds. The ticket's timeline tells of each.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			language, err := lang(cmd)
			if err != nil {
				return err
			}
			return withDesk(cmd, func(ctx context.Context, d desk.Desk, c company) error {
				if err := d.Decide(ctx, args[0], desk.Decision{Action: desk.Page, By: by, Text: skill}); err != nil {
					return err
				}
				s, err := lastSearch(ctx, d, args[0], language, skill)
				if err != nil {
					return err
				}
				words := searchWords(language)
				w := cmd.OutOrStdout()
				fmt.Fprintf(w, words.asked, s.Skill, specialists(c, s, words))
				if _, served := d.(*desk.Remote); !served {
					fmt.Fprintln(cmd.ErrOrStderr(), words.later)
					return nil
				}
				a := awaited{number: args[0], wait: wait, here: c, words: words}
				a.look = func(ctx context.Context) (dispatch.Search, error) {
					return lastSearch(ctx, d, args[0], language, skill)
				}
				return a.await(ctx, w)
			})
		},
	}
	cmd.Flags().StringVar(&skill, "skill", "", "what the specialist must know, such as 1c")
	cmd.Flags().StringVar(&by, "by", "", "who asks: the id of a person")
	cmd.Flags().DurationVar(&wait, "wait", 0, "wait so long for the answer and tell it")
	for _, name := range []string{"skill", "by"} {
		_ = cmd.MarkFlagRequired(name) // the flag exists, it was made above
	}
	return cmd
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
	return dispatch.Search{}, fmt.Errorf("ticket %s: the search for %q is not on record", number, skill)
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
