package portal

import (
	"bytes"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/butlerspb/vahta/oncall"
)

// BoardReply is who is on duty on one schedule, fit to be shown to everybody who may see the page: names and times.
type BoardReply struct {
	Schedule string       `json:"schedule"`
	At       time.Time    `json:"at"`
	Tracks   []BoardTrack `json:"tracks"`
}

// BoardTrack is a track of a page.
type BoardTrack struct {
	Name   string      `json:"name"`
	OnDuty []BoardName `json:"on_duty"`
	Next   *BoardNext  `json:"next,omitempty"`
}

// BoardName is a person of a page.
type BoardName struct {
	Name  string    `json:"name"`
	Until time.Time `json:"until,omitzero"`
}

// BoardNext is who comes next.
type BoardNext struct {
	Start time.Time `json:"start"`
	Names []string  `json:"names"`
}

// board answers the page of a schedule, as HTML or, with .json, as data.
func (s *Server) board(c echo.Context) error {
	secret, asData := strings.CutSuffix(c.Param("file"), ".json")
	lang := languageOf(c.Request().Header.Get("Accept-Language"))
	if own := c.QueryParam("lang"); own == "ru" || own == "en" {
		lang = own
	}
	_, id, err := s.opened(c, secret, lang, Board)
	if err != nil {
		return err
	}
	l, err := s.look(c.Request().Context())
	if err != nil {
		return err
	}
	l.by.lang = lang
	sc, err := l.schedule(id)
	if err != nil {
		return err
	}
	b := l.boardOf(&sc)
	if asData {
		body, err := json.Marshal(b)
		if err != nil {
			return err
		}
		return private(c, "application/json", body)
	}
	var page bytes.Buffer
	if err := boardPage.Execute(&page, boardView{b, lang, sc.RulesAt(l.now).Zone}); err != nil {
		return err
	}
	ancestors := "'none'"
	if len(s.cfg.Origins) > 0 {
		ancestors = strings.Join(s.cfg.Origins, " ")
	}
	c.Response().Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors "+ancestors)
	c.Response().Header().Set("Cache-Control", "private, no-cache")
	return c.Blob(http.StatusOK, "text/html; charset=utf-8", page.Bytes())
}

func (l *look) boardOf(sc *oncall.Schedule) BoardReply {
	now := l.scheduleNow(sc, l.now)
	b := BoardReply{Schedule: now.Name, At: l.now, Tracks: []BoardTrack{}}
	if b.Schedule == "" {
		b.Schedule = now.Schedule
	}
	for _, t := range now.Tracks {
		track := BoardTrack{Name: t.Name, OnDuty: []BoardName{}}
		if track.Name == "" {
			track.Name = t.Track
		}
		for _, d := range t.OnDuty {
			track.OnDuty = append(track.OnDuty, BoardName{d.Name, d.Until})
		}
		if t.Next != nil {
			track.Next = &BoardNext{Start: t.Next.Start, Names: []string{}}
			for _, p := range t.Next.People {
				track.Next.Names = append(track.Next.Names, p.Name)
			}
		}
		b.Tracks = append(b.Tracks, track)
	}
	return b
}

// boardView is what the page is made of.
type boardView struct {
	BoardReply
	Lang string
	Zone oncall.Zone
}

// Say returns a word of the page.
func (v boardView) Say(word string) string {
	return say(v.Lang, map[string]sentence{
		"title": textOnDuty, "until": textUntil, "next": textNext, "nobody": textNobodyOn, "from": textFrom, "as of": textAsOf,
	}[word])
}

// Clock returns what the schedule's clock shows at t.
func (v boardView) Clock(t time.Time) string { return oncall.CivilAt(t, v.Zone).String() }

// boardPage needs no script: it asks to be loaded again every minute.
var boardPage = template.Must(template.New("board").Parse(boardText)) //nolint:gochecknoglobals // a constant

const boardText = `<!doctype html>
<html lang="{{.Lang}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"><meta http-equiv="refresh" content="60">
<title>{{.Say "title"}}: {{.Schedule}}</title>
<style>body{font:16px/1.4 system-ui,sans-serif;margin:1rem;color:#1c2733;background:#fff}h1{font-size:1.1rem;margin:0 0 .5rem}
h2{font-size:.8rem;text-transform:uppercase;letter-spacing:.05em;color:#5a6b7b;margin:.8rem 0 .1rem}p{margin:0}.name{font-size:1.3rem;font-weight:600}.gap{color:#b3261e}small{color:#5a6b7b}
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#11161c}h2,small{color:#9fb0c0}.gap{color:#ff8a80}}</style></head>
<body><h1>{{.Say "title"}}: {{.Schedule}}</h1>
{{$v := .}}{{range .Tracks}}<h2>{{.Name}}</h2>
{{range .OnDuty}}<p><span class="name">{{.Name}}</span>{{if not .Until.IsZero}} <small>{{$v.Say "until"}} {{$v.Clock .Until}}</small>{{end}}</p>
{{else}}<p class="name gap">{{$v.Say "nobody"}}</p>
{{end}}{{with .Next}}<p><small>{{$v.Say "next"}} {{$v.Say "from"}} {{$v.Clock .Start}}: {{range $i, $n := .Names}}{{if $i}}, {{end}}{{$n}}{{else}}{{$v.Say "nobody"}}{{end}}</small></p>
{{end}}{{end}}<p><small>{{.Say "as of"}} {{.Clock .At}} ({{.Zone}})</small></p></body></html>
`
