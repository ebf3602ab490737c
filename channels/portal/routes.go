package portal

import "net/http"

// routes is everything the API answers, below /api/v1/oncall.
func (s *Server) routes() {
	const get, post = http.MethodGet, http.MethodPost
	on(s, route{get, "/who", "who", "Who is on duty now or at a moment, until when, and who is next", Read, 0, "duty"}, s.who)
	on(s, route{get, "/schedules", "list-schedules", "List the schedules", Read, 0, "schedules"}, s.schedules)
	on(s, route{get, "/schedules/{id}", "get-schedule", "Show a schedule with all its rules", Read, 0, "schedules"}, s.schedule)
	on(s, route{get, "/schedules/{id}/versions", "list-versions", "List the versions of a schedule's rules", Read, 0, "schedules"}, s.versions)
	on(s, route{get, "/schedules/{id}/shifts", "list-shifts", "List shifts and gaps with the reasons", Read, 0, "duty"}, s.shifts)
	on(s, route{get, "/schedules/{id}/gaps", "list-gaps", "List when nobody is on the track that is called first", Read, 0, "duty"}, s.gaps)
	on(s, route{get, "/schedules/{id}/chain", "get-chain", "Show in which order a call tries people, and why", Read, 0, "duty"}, s.chain)
	on(s, route{get, "/schedules/{id}/fairness", "get-fairness", "Show how hours, nights, weekends, holidays and calls are spread", Read, 0, "insight"}, s.fairness)
	on(s, route{get, "/people", "list-people", "List the people; devices with oncall:people alone", Read, 0, "people"}, s.people)
	on(s, route{get, "/people/{id}", "get-person", "Show a person; devices with oncall:people alone", Read, 0, "people"}, s.onePerson)
	on(s, route{get, "/people/{id}/next", "get-next-turn", "Show the present or next turn of a person", Read, 0, "people"}, s.nextTurn)
	on(s, route{get, "/people/{id}/turns", "list-turns", "List the turns of a person", Read, 0, "people"}, s.turns)
	on(s, route{get, "/calendars", "list-calendars", "List the years of production calendars", Read, 0, "schedules"}, s.calendars)
	on(s, route{get, "/lint", "lint", "List what may hurt: gaps, single people, missing calendars, and the like", Read, 0, "insight"}, s.lint)
	on(s, route{get, "/history", "list-history", "List edits, newest first", Read, 0, "insight"}, s.history)
	on(s, route{get, "/version", "get-version", "Show the version of the rota, of the program, of the zones, and of the nodes", Read, 0, "insight"}, s.version)

	on(s, route{post, "/preview", "preview", "Show what an edit would do; nothing is written", Write, 0, "edits"}, s.preview)
	on(s, route{post, "/edits", "edit", "Make an edit", Write, 0, "edits"}, s.edit)
	on(s, route{post, "/import", "import", "Take over a calendar or a table: all of its rows or none", Write, 0, "edits"}, s.imports)
	on(s, route{post, "/take", "take", "Take the line now, for a while", Write, http.StatusCreated, "edits"}, s.take)
	resource(s, overrides())
	resource(s, absences())
	resource(s, temporaries())
	on(s, route{get, "/requests", "list-requests", "List the open requests for cover and swaps", Read, 0, "requests"}, s.requests)
	on(s, route{get, "/requests/{id}", "get-request", "Show a request", Read, 0, "requests"}, s.request)
	on(s, route{post, "/requests", "ask", "Ask for cover or a swap; it changes nothing until somebody accepts", Write, http.StatusCreated, "requests"}, s.ask)
	on(s, route{post, "/requests/{id}/answer", "answer", "Accept, decline or withdraw a request; the first acceptance wins", Write, 0, "requests"}, s.settle)
}
