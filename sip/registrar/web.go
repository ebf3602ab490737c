package registrar

import (
	"errors"
	"html/template"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Path is where links lead; a token follows.
const Path = "/provision/"

// phoneSuffix makes a link one for Linphone itself.
const phoneSuffix = "/linphone.xml"

// How often one address may have the record asked whether a link that is known here is still good.
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
	now := r.now()
	if !r.linked(linkHash(req.PathValue("token")), now) {
		r.linkSpent(w, req, now)
		return Settings{}, false
	}
	if !r.links.allow(clientOf(req), now) {
		r.metrics.linkTried("too_many")
		w.Header().Set("Retry-After", "60")
		r.page(w, req, pageView{Status: http.StatusTooManyRequests})
		return Settings{}, false
	}
	s, err := p.Spend(req.Context(), req.PathValue("token"))
	switch {
	case errors.Is(err, ErrLinkSpent):
		r.linkSpent(w, req, now)
		return s, false
	case err != nil:
		r.metrics.linkTried("failed")
		r.log.Warn("a phone could not be set up by its link", "err", err.Error())
		http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
		return s, false
	}
	r.metrics.linkTried("ok")
	r.log.Info("phone set up by its link", "account", s.User)
	return s, true
}

// linked reports whether a link, by its hash, is out as far as is known here; guesses go no further.
func (r *Registrar) linked(hash string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range r.accounts {
		if a.Link == hash && a.Revoked.IsZero() && now.Before(a.LinkUntil) {
			return true
		}
	}
	return false
}

// linkSpent answers a link that is not good, counts it, and tells of it once a minute.
func (r *Registrar) linkSpent(w http.ResponseWriter, req *http.Request, now time.Time) {
	r.metrics.linkTried("unknown")
	if from, err := netip.ParseAddrPort(req.RemoteAddr); err == nil && r.deps.Refused != nil && r.links.tell(now) {
		r.deps.Refused(Refused{Source: from, Method: req.Method, Why: WhyLink})
	}
	r.page(w, req, pageView{Status: http.StatusGone})
}

// clientOf is the address a request came from; behind a reverse proxy it is the proxy's, and all share one allowance.
func clientOf(req *http.Request) string {
	host, _, err := net.SplitHostPort(req.RemoteAddr)
	if err != nil {
		return req.RemoteAddr
	}
	return host
}

// linkLimit counts tries by address. Guessing a token is hopeless; this keeps the record from being asked at will by those who
// have a link.
type linkLimit struct {
	mu    sync.Mutex
	since time.Time
	tries map[string]int
	told  time.Time
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

// tell reports whether a bad link is to be told of: one a minute.
func (l *linkLimit) tell(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.told) < linkWindow && !now.Before(l.told) {
		return false
	}
	l.told = now
	return true
}

// pageView is what the page shows.
type pageView struct {
	Settings *Settings
	Status   int          // of a refusal; 0 = none
	Linphone template.URL // opens Linphone with this link
	Text     pageText
}

// pageText is the page in one language.
type pageText struct {
	Lang, Title, Intro, Linphone, Button, Once, Spent, Busy              string
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
		Busy:  "Слишком много попыток. Подождите минуту и попробуйте снова.",
		User:  "Имя", Password: "Пароль", Server: "Сервер", Transport: "Прокси", Realm: "Realm", Encryption: "SRTP", Seconds: "Регистрация, с", Close: "Закройте страницу, когда настроите телефон.",
	},
	"en": {
		Lang: "en", Title: "Set up an engineer's phone", Intro: "The link works once and not for long. Open it on the phone that is to ring.",
		Linphone: "Set up Linphone on this device", Button: "Show the settings for another phone",
		Once:  "The password is shown once. The phone's former password is dead.",
		Spent: "The link is not known, already used or too old. Ask for a new one: vahta phone qr.",
		Busy:  "Too many tries. Wait a minute and try again.",
		User:  "User", Password: "Password", Server: "Server", Transport: "Proxy", Realm: "Realm", Encryption: "SRTP", Seconds: "Registration, s", Close: "Close the page when the phone is set up.",
	},
}

//nolint:gochecknoglobals // a constant template
var pageTemplate = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="{{.Text.Lang}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Text.Title}}</title>
<style>body{font:1.1rem sans-serif;max-width:34rem;margin:2rem auto;padding:0 1rem}td{padding:.2rem 1rem .2rem 0}code{user-select:all;white-space:nowrap}a,button{font:inherit;padding:.6rem 1rem}</style></head><body>
<h1>{{.Text.Title}}</h1>
{{if eq .Status 429}}<p>{{.Text.Busy}}</p>
{{else if .Status}}<p>{{.Text.Spent}}</p>
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
	if v.Status != 0 {
		w.WriteHeader(v.Status)
	}
	_ = pageTemplate.Execute(w, v) // a reader who went away
}
