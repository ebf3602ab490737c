package registrar

import (
	"errors"
	"html/template"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Path is where links lead; a token follows.
const Path = "/provision/"

// phoneSuffix makes a link one for Linphone itself.
const phoneSuffix = "/linphone.xml"

// How often one address may try to spend a link.
const (
	linkTries   = 10
	linkWindow  = time.Minute
	linkSources = 1024 // beyond that all others share one allowance
)

// Web serves the links. Looking at a page spends nothing: messengers and mail
// scanners fetch what they see. The button (POST) does, and so does the phone
// itself, which can only GET its file.
func (r *Registrar) Web() http.Handler {
	mux := http.NewServeMux()
	p := r.Provisioner()
	mux.HandleFunc("GET "+Path+"{token}", func(w http.ResponseWriter, req *http.Request) { r.page(w, req, pageView{}) })
	mux.HandleFunc("POST "+Path+"{token}", func(w http.ResponseWriter, req *http.Request) {
		if s, ok := r.spend(w, req, p); ok {
			r.page(w, req, pageView{Settings: &s})
		}
	})
	mux.HandleFunc("GET "+Path+"{token}"+phoneSuffix, func(w http.ResponseWriter, req *http.Request) {
		if req.Method != http.MethodGet { // HEAD comes from whoever looks first
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		s, ok := r.spend(w, req, p)
		if !ok {
			return
		}
		body, err := s.linphone()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		closed(w)
		w.Header().Set("Content-Type", "application/xml; charset=utf-8")
		_, _ = w.Write(body) //nolint:gosec // XML with escaped values; a phone that went away needs a new link
	})
	return http.NewCrossOriginProtection().Handler(mux)
}

// closed keeps an answer from being kept or shown elsewhere.
func closed(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Robots-Tag", "noindex")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
}

// spend spends the link of a request, or answers why it cannot.
func (r *Registrar) spend(w http.ResponseWriter, req *http.Request, p *Provisioner) (Settings, bool) {
	if !r.links.allow(clientOf(req), r.now()) {
		w.Header().Set("Retry-After", "60")
		http.Error(w, http.StatusText(http.StatusTooManyRequests), http.StatusTooManyRequests)
		return Settings{}, false
	}
	s, err := p.Spend(req.Context(), req.PathValue("token"))
	switch {
	case errors.Is(err, ErrLinkSpent):
		closed(w)
		w.WriteHeader(http.StatusGone)
		r.page(w, req, pageView{Spent: true})
		return s, false
	case err != nil:
		r.log.Warn("a phone could not be set up by its link", "err", err.Error())
		http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
		return s, false
	}
	r.log.Info("phone set up by its link", "account", s.User)
	return s, true
}

// clientOf is the address a request came from; behind a reverse proxy it is the proxy's, and all share one allowance.
func clientOf(req *http.Request) string {
	host, _, err := net.SplitHostPort(req.RemoteAddr)
	if err != nil {
		return req.RemoteAddr
	}
	return host
}

// linkLimit counts tries by address. Guessing a token is hopeless; this keeps the record from being asked at will.
type linkLimit struct {
	mu    sync.Mutex
	since time.Time
	tries map[string]int
}

func newLinkLimit() *linkLimit { return &linkLimit{tries: map[string]int{}} }

func (l *linkLimit) allow(source string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.since) >= linkWindow || now.Before(l.since) {
		l.since = now
		clear(l.tries)
	}
	if _, known := l.tries[source]; !known && len(l.tries) >= linkSources {
		source = ""
	}
	l.tries[source]++
	return l.tries[source] <= linkTries
}

// pageView is what the page shows.
type pageView struct {
	Settings *Settings
	Spent    bool
	Linphone template.URL // opens Linphone with this link
	Text     pageText
}

// pageText is the page in one language.
type pageText struct {
	Lang, Title, Intro, Linphone, Button, Once, Spent                    string
	User, Password, Server, Transport, Realm, Encryption, Seconds, Close string
}

// texts are the page's words.
//
//nolint:gochecknoglobals,gosec // words; none is a password
var texts = map[string]pageText{
	"ru": {
		Lang: "ru", Title: "Настройка телефона дежурного", Intro: "Ссылка действует один раз и недолго. Откройте её на том телефоне, который будет звонить.",
		Linphone: "Настроить Linphone на этом устройстве", Button: "Показать настройки для другого телефона",
		Once:  "Пароль показан один раз. Прежний пароль этого телефона больше не действует.",
		Spent: "Ссылка неизвестна, уже использована или устарела. Попросите новую: vahta phone qr.",
		User:  "Имя", Password: "Пароль", Server: "Сервер", Transport: "Прокси", Realm: "Realm", Encryption: "SRTP", Seconds: "Регистрация, с", Close: "Закройте страницу, когда настроите телефон.",
	},
	"en": {
		Lang: "en", Title: "Set up an engineer's phone", Intro: "The link works once and not for long. Open it on the phone that is to ring.",
		Linphone: "Set up Linphone on this device", Button: "Show the settings for another phone",
		Once:  "The password is shown once. The phone's former password is dead.",
		Spent: "The link is not known, already used or too old. Ask for a new one: vahta phone qr.",
		User:  "User", Password: "Password", Server: "Server", Transport: "Proxy", Realm: "Realm", Encryption: "SRTP", Seconds: "Registration, s", Close: "Close the page when the phone is set up.",
	},
}

//nolint:gochecknoglobals // a constant template
var pageTemplate = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="{{.Text.Lang}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Text.Title}}</title>
<style>body{font:1.1rem sans-serif;max-width:34rem;margin:2rem auto;padding:0 1rem}td{padding:.2rem 1rem .2rem 0}code{user-select:all}a,button{font:inherit;padding:.6rem 1rem}</style></head><body>
<h1>{{.Text.Title}}</h1>
{{if .Spent}}<p>{{.Text.Spent}}</p>
{{else if .Settings}}<p>{{.Text.Once}}</p><table>
<tr><td>{{.Text.User}}<td><code>{{.Settings.User}}</code>
<tr><td>{{.Text.Password}}<td><code>{{.Settings.Password}}</code>
<tr><td>{{.Text.Server}}<td><code>{{.Settings.Domain}}</code>
<tr><td>{{.Text.Transport}}<td><code>{{.Settings.Proxy}}</code>
<tr><td>{{.Text.Realm}}<td><code>{{.Settings.Realm}}</code>
<tr><td>{{.Text.Encryption}}<td>{{.Settings.SRTP}}
<tr><td>{{.Text.Seconds}}<td>{{.Settings.Expires.Seconds}}
</table><p>{{.Text.Close}}</p>
{{else}}<p>{{.Text.Intro}}</p>
<p><a href="{{.Linphone}}">{{.Text.Linphone}}</a></p>
<form method="post"><button>{{.Text.Button}}</button></form>{{end}}
</body></html>
`))

// page shows the page in the reader's language.
func (r *Registrar) page(w http.ResponseWriter, req *http.Request, v pageView) {
	v.Text = texts["en"]
	if strings.HasPrefix(strings.ToLower(req.Header.Get("Accept-Language")), "ru") {
		v.Text = texts["ru"]
	}
	url := strings.TrimRight(r.cfg.PublicURL, "/") + Path + req.PathValue("token") + phoneSuffix
	v.Linphone = template.URL("linphone-config:" + url) //nolint:gosec // the template escapes it; only its scheme is vouched for
	closed(w)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = pageTemplate.Execute(w, v) // a reader who went away
}
