package portal

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/butlerspb/vahta/oncall"
	"github.com/butlerspb/vahta/oncall/edit"
)

// correction is what overrides, absences and temporary schedules have in common.
type correction[T any] struct {
	kind   edit.Kind
	plural string
	list   func(*oncall.Roster) []T
	id     func(*T) *string
	// ends is when it is over, in the zone of the schedule.
	ends func(*look, *T) time.Time
	// about reports whether it concerns a schedule or a person.
	about func(*T, string) bool
	edit  func(*T) edit.Edit
}

// ListReply is a list of one kind of thing.
type ListReply[T any] struct {
	Items []Item[T] `json:"items"`
}

type listInput struct {
	Of  string `query:"of" doc:"Only those of this schedule or person, by ID"`
	All bool   `query:"all" doc:"Also those that are over"`
}

type removeInput struct {
	ID      string `path:"id"`
	IfMatch string `header:"If-Match" doc:"The revision you looked at: when it has changed since, the answer is 409"`
	Reason  string `query:"reason"`
}

type putInput[T any] struct {
	ID      string `path:"id"`
	IfMatch string `header:"If-Match" doc:"The revision you looked at: when it has changed since, the answer is 409"`
	Body    T
}

type addInput[T any] struct{ Body T }

// resource adds the routes of one kind of correction.
func resource[T any](s *Server, c correction[T]) {
	path, kind := "/"+c.plural, string(c.kind)
	on(s, route{http.MethodGet, path, "list-" + c.plural, "List the " + c.plural + " that are not over", Read, 0, c.plural},
		func(ctx context.Context, in *listInput) (*reply[ListReply[T]], error) {
			l, err := s.look(ctx)
			if err != nil {
				return nil, err
			}
			if err := l.known(in.Of); err != nil {
				return nil, err
			}
			out := ListReply[T]{Items: []Item[T]{}}
			for _, v := range c.list(&l.Roster) {
				if (in.Of == "" || c.about(&v, in.Of)) && (in.All || c.ends(&l, &v).After(l.now)) {
					out.Items = append(out.Items, Item[T]{l.revision(c.kind, *c.id(&v)), v})
				}
			}
			return &reply[ListReply[T]]{etag(l.Version.Revision), out}, nil
		})
	on(s, route{http.MethodGet, path + "/{id}", "get-" + kind, "Show one " + kind, Read, 0, c.plural},
		func(ctx context.Context, in *idInput) (*reply[Item[T]], error) {
			l, err := s.look(ctx)
			if err != nil {
				return nil, err
			}
			for _, v := range c.list(&l.Roster) {
				if *c.id(&v) == in.ID {
					revision := l.revision(c.kind, in.ID)
					return &reply[Item[T]]{etag(revision), Item[T]{revision, v}}, nil
				}
			}
			return nil, notFound(l.by.lang, kind, in.ID)
		})
	on(s, route{http.MethodPost, path, "add-" + kind, "Add one " + kind, Write, http.StatusCreated, c.plural},
		func(ctx context.Context, in *addInput[T]) (*reply[EditReply], error) {
			body := EditBody{Edit: c.edit(&in.Body), bare: kind}
			if id := *c.id(&in.Body); id != "" { // a new one: there must be none of that name
				body.Base = map[string]int64{edit.Key{Kind: c.kind, ID: id}.String(): 0}
			}
			return s.commit(ctx, body, "")
		})
	on(s, route{http.MethodPut, path + "/{id}", "replace-" + kind, "Replace one " + kind + " that has not begun", Write, 0, c.plural},
		func(ctx context.Context, in *putInput[T]) (*reply[EditReply], error) {
			*c.id(&in.Body) = in.ID
			return s.commit(ctx, EditBody{Edit: c.edit(&in.Body), bare: kind}, in.IfMatch)
		})
	on(s, route{http.MethodDelete, path + "/{id}", "remove-" + kind, "Remove one " + kind + "; one in progress ends now", Write, 0, c.plural},
		func(ctx context.Context, in *removeInput) (*reply[EditReply], error) {
			e := edit.Edit{Remove: &edit.Key{Kind: c.kind, ID: in.ID}, Reason: in.Reason}
			return s.commit(ctx, EditBody{Edit: e, bare: "remove"}, in.IfMatch)
		})
}

// known refuses an ID that nobody and no schedule has: an empty list would hide a typing error.
func (l *look) known(id string) error {
	_, person := l.Roster.Person(id)
	_, schedule := l.Roster.Schedule(id)
	if id == "" || person || schedule {
		return nil
	}
	return notFound(l.by.lang, "schedule or person", id)
}

// zoneOf is the zone of a schedule's readings now.
func (l *look) zoneOf(schedule string) oncall.Zone {
	sc, _ := l.Roster.Schedule(schedule)
	return sc.RulesAt(l.now).Zone
}

func overrides() correction[oncall.Override] {
	return correction[oncall.Override]{
		kind: edit.Override, plural: "overrides",
		list: func(r *oncall.Roster) []oncall.Override { return r.Overrides },
		id:   func(o *oncall.Override) *string { return &o.ID },
		ends: func(l *look, o *oncall.Override) (end time.Time) {
			for _, c := range o.Changes {
				if to := c.To.In(l.zoneOf(o.Schedule)); to.After(end) {
					end = to
				}
			}
			return end
		},
		about: func(o *oncall.Override, id string) bool {
			for _, c := range o.Changes {
				if c.Add == id || c.Remove == id {
					return true
				}
			}
			return o.Schedule == id
		},
		edit: func(o *oncall.Override) edit.Edit { return edit.Edit{Override: o, Reason: o.Reason} },
	}
}

func absences() correction[oncall.Absence] {
	return correction[oncall.Absence]{
		kind: edit.Absence, plural: "absences",
		list: func(r *oncall.Roster) []oncall.Absence { return r.Absences },
		id:   func(a *oncall.Absence) *string { return &a.ID },
		ends: func(l *look, a *oncall.Absence) time.Time {
			zone := a.Zone
			if zone.IsZero() {
				p, _ := l.Roster.Person(a.Person)
				zone = l.home(p)
			}
			return a.To.In(zone)
		},
		about: func(a *oncall.Absence, id string) bool { return a.Person == id || a.Substitute == id },
		edit:  func(a *oncall.Absence) edit.Edit { return edit.Edit{Absence: a, Reason: a.Reason} },
	}
}

func temporaries() correction[oncall.Temporary] {
	return correction[oncall.Temporary]{
		kind: edit.Temporary, plural: "temporaries",
		list: func(r *oncall.Roster) []oncall.Temporary { return r.Temporaries },
		id:   func(t *oncall.Temporary) *string { return &t.ID },
		ends: func(l *look, t *oncall.Temporary) time.Time { return t.To.In(l.zoneOf(t.Schedule)) },
		about: func(t *oncall.Temporary, id string) bool {
			for _, sh := range t.Shifts {
				if slices.Contains(sh.Member, id) {
					return true
				}
			}
			return t.Schedule == id
		},
		edit: func(t *oncall.Temporary) edit.Edit { return edit.Edit{Temporary: t, Reason: t.Reason} },
	}
}

// RequestItem is a request and how it stands.
type RequestItem struct {
	Revision int64               `json:"revision"`
	State    oncall.RequestState `json:"state" enum:"open,accepted,declined,withdrawn,expired"`
	Value    oncall.Request      `json:"value"`
}

// RequestsReply lists requests.
type RequestsReply struct {
	Items []RequestItem `json:"items"`
}

func (l *look) request(r oncall.Request) RequestItem {
	state := edit.StateOf(l.Roster, r, l.now)
	if state == oncall.RequestOpen {
		state = "open"
	}
	return RequestItem{l.revision(edit.Request, r.ID), state, r}
}

func (s *Server) requests(ctx context.Context, in *listInput) (*reply[RequestsReply], error) {
	l, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	if err := l.known(in.Of); err != nil {
		return nil, err
	}
	out := RequestsReply{Items: []RequestItem{}}
	for _, r := range l.Roster.Requests {
		if in.Of != "" && r.Schedule != in.Of && r.Person != in.Of {
			continue
		}
		if item := l.request(r); in.All || item.State == "open" {
			out.Items = append(out.Items, item)
		}
	}
	return &reply[RequestsReply]{etag(l.Version.Revision), out}, nil
}

func (s *Server) request(ctx context.Context, in *idInput) (*reply[RequestItem], error) {
	l, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range l.Roster.Requests {
		if r.ID == in.ID {
			item := l.request(r)
			return &reply[RequestItem]{etag(item.Revision), item}, nil
		}
	}
	return nil, notFound(l.by.lang, "request", in.ID)
}
