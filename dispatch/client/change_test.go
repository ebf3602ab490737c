package client

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/butlerspb/vahta/dispatch/sla"
)

func cards() []Organisation {
	return []Organisation{
		{
			ID: "romashka", Name: "ООО «Ромашка»", Numbers: []string{"8 812 456-78-90"}, Domains: []string{"romashka.example"},
			Addresses: []Address{{"monitor", "Zabbix.Romashka"}},
			Contract:  Contract{ID: "17", FirstContact: 10 * time.Minute, Channels: []string{"email", "portal", "sms"}},
			Contacts: []Contact{
				{ID: "ivan", Name: "Иван Петров", Numbers: []string{"+7 921 123-45-67", "101"}, Addresses: []Address{{"email", "Ivan@Romashka.example"}}, VIP: true},
				{ID: "olga", Name: "Ольга", Addresses: []Address{{"email", "olga77@mail.ru"}, {"telegram", "77"}}, Duty: true, Language: "en"},
			},
			Assets: []Asset{{ID: "srv", Name: "Сервер", Accesses: []Access{{ID: "rdp", Way: "rdp", Secret: "vault:romashka/rdp"}}}},
		},
		{ID: "acme", Name: "ACME", Numbers: []string{"+7 921 123 45 67"}},
	}
}

func TestMatchAddress(t *testing.T) {
	t.Parallel()
	b, err := NewBook(cards(), Default())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ channel, address, org, contact string }{
		{"email", "ivan@romashka.example", "romashka", "ivan"},
		{"email", "Иван <IVAN@romashka.EXAMPLE>", "romashka", "ivan"},
		{"email", "new@romashka.example", "romashka", ""},        // by its domain
		{"email", "nas@backup.romashka.example", "romashka", ""}, // by one above
		{"email", "x@notromashka.example", "", ""},               // not by its end
		{"email", "olga77@mail.ru", "romashka", "olga"},          // a free-mail address is a person's
		{"email", "olga78@mail.ru", "", ""},                      // and says nothing of others there
		{"email", "not an address", "", ""},
		{"telegram", "77", "romashka", "olga"},
		{"telegram", "78", "", ""},
		{"monitor", "zabbix.romashka", "romashka", ""},
		{"sms", "88124567890", "romashka", ""},
		{"call", "anonymous", "", ""},
		{"", "", "", ""},
	} {
		m := b.MatchAddress(c.channel, c.address)
		if m.Org != c.org || m.Contact != c.contact || (m.Level == Known) != (c.org != "") {
			t.Errorf("%s %s: %+v, want %s %s", c.channel, c.address, m, c.org, c.contact)
		}
	}
	if m := b.MatchAddress("sms", "+79211234567"); m.Level != Maybe || len(m.Others) != 1 {
		t.Errorf("a number of two clients: %+v", m)
	}
	if m := b.MatchAddress("email", "ivan@romashka.example"); !m.VIP || m.Language != "" {
		t.Errorf("a VIP: %+v", m)
	}
	if m := b.MatchAddress("telegram", "77"); m.VIP || m.Language != "en" {
		t.Errorf("a person with a language: %+v", m)
	}
}

func TestCardsAreChecked(t *testing.T) {
	t.Parallel()
	for path, spoil := range map[string]func(*Organisation){
		"domains[0]: gmail.com is a free-mail":      func(o *Organisation) { o.Domains = []string{"@Gmail.com"} },
		"domains[0]: \"localhost\" is no domain":    func(o *Organisation) { o.Domains = []string{"localhost"} },
		"addresses[0]: \"email:olga\" is":           func(o *Organisation) { o.Addresses = []Address{{"email", "olga"}} },
		"addresses[1]: the address stands here":     func(o *Organisation) { o.Addresses = []Address{{"telegram", "A"}, {"telegram", "a"}} },
		"addresses[0]: \"sms\" is a telephone":      func(o *Organisation) { o.Addresses = []Address{{"sms", "+7921"}} },
		"zone: \"Mars\"":                            func(o *Organisation) { o.Zone = "Mars" },
		"language: \"de\"":                          func(o *Organisation) { o.Language = "de" },
		"contacts[1].id: required":                  func(o *Organisation) { o.Contacts[1].ID = "ivan" },
		"contract.plan: is below zero":              func(o *Organisation) { o.Contract.Plan = -1 },
		"contract.hours.week: \"mo 9-18\"":          func(o *Organisation) { o.Contract.Hours.Week = []string{"mo 9-18"} },
		"contract.hours.zone: \"Nowhere\"":          func(o *Organisation) { o.Contract.Hours.Zone = "Nowhere" },
		"assets[1]: id and name":                    func(o *Organisation) { o.Assets = append(o.Assets, o.Assets[0]) },
		"assets[srv].accesses[0].secret: this must": func(o *Organisation) { o.Assets[0].Accesses[0].Secret = "qwerty123" },
		"assets[srv].accesses[0]: id and way":       func(o *Organisation) { o.Assets[0].Accesses[0].Way = "" },
	} {
		all := cards()
		spoil(&all[0])
		b, err := NewBook(all, Default())
		if err == nil || !strings.Contains(err.Error(), "clients[romashka]."+path) {
			t.Errorf("%v\ndoes not say %q", err, path)
		}
		if b.Match("+79211234567").Level != Maybe {
			t.Errorf("%s: the rest of the cards is not used", path)
		}
	}
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	b, err := NewBook(cards(), Default())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		org, contact string
		want         []Route
	}{
		"a person": {"romashka", "ivan", []Route{
			{"email", "Ivan@Romashka.example", "Иван Петров", "ivan"}, {Channel: "portal"}, {"sms", "+79211234567", "Иван Петров", "ivan"},
		}},
		"whoever is on duty": {"romashka", "", []Route{{"email", "olga77@mail.ru", "Ольга", "olga"}, {Channel: "portal"}}},
		"nobody":             {"romashka", "nobody", []Route{{Channel: "portal"}}},
		"a stranger":         {"none", "", nil},
	} {
		if d := cmp.Diff(c.want, b.Routes(c.org, c.contact)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func window(from, to int) sla.Window { return sla.Window{From: from, To: to} }

func TestPolicy(t *testing.T) {
	t.Parallel()
	all := cards()
	all[0].Contract.Stabilisation, all[0].Contract.ReportDays, all[0].Contract.Attempts = 4*time.Hour, 2, 3
	all[0].Contract.Hours = Hours{Zone: "Asia/Yekaterinburg", Week: []string{"mon-thu 09:00-18:00", "fri 09:00-16:45", "sat 22:00-06:00"}}
	b, err := NewBook(all, Default())
	if err != nil {
		t.Fatal(err)
	}
	b = b.In(Company{Zone: "Europe/Moscow", Calendars: Calendars{"ru": {"2026-06-11": DayShort, "2026-06-12": DayOff, "2026-06-20": DayOn, "2026-06-15": DayOn}}})
	p := b.Policy("romashka")
	if want := map[sla.Name]sla.Limit{
		sla.FirstContactClock: {Time: 10 * time.Minute}, sla.StabiliseClock: {Time: 4 * time.Hour}, sla.ReportClock: {Days: 2},
	}; !reflect.DeepEqual(p.Limits, want) || p.Attempts != 3 || !strings.HasPrefix(p.Version, "17@") {
		t.Errorf("%+v", p)
	}
	if d := cmp.Diff(&sla.Calendar{
		Zone: "Asia/Yekaterinburg",
		Week: [7][]sla.Window{1: {window(540, 1080)}, 2: {window(540, 1080)}, 3: {window(540, 1080)}, 4: {window(540, 1080)}, 5: {window(540, 1005)}, 6: {window(1320, 1800)}},
		Days: map[string][]sla.Window{"2026-06-11": {window(540, 1020)}, "2026-06-12": {}},
	}, p.Calendar); d != "" {
		t.Error(d)
	}
	if usual := b.Policy("acme"); usual.Calendar.Zone != "Europe/Moscow" || len(usual.Limits) != 0 || usual.Calendar.Days["2026-06-20"][0] != (sla.Window{From: 540, To: 1080}) {
		t.Errorf("a contract that says nothing: %+v", usual)
	}
	if b.Policy("stranger").Version != b.Policy("acme").Version {
		t.Error("a stranger has no contract, which is one that says nothing")
	}
	all[0].Contract.NextUpdate = time.Hour
	changed, err := NewBook(all, Default())
	if err != nil || changed.Policy("romashka").Version == p.Version {
		t.Errorf("another wording has the same version %s, %v", p.Version, err)
	}
}

func TestApply(t *testing.T) {
	t.Parallel()
	card := Organisation{ID: "vasilek", Name: "Василёк", Numbers: []string{"+7 812 111-22-33"}}
	for name, c := range map[string]struct {
		change Change
		says   string // "" = made
		check  func(*Book) bool
	}{
		"a new card":     {Change{Put: []Organisation{card}}, "", func(b *Book) bool { return b.Match("+78121112233").Org == "vasilek" }},
		"another card":   {Change{Put: []Organisation{{ID: "acme", Name: "Acme Corp"}}}, "", func(b *Book) bool { return b.Match("+79211234567").Contact == "ivan" }},
		"remove":         {Change{Remove: []string{"acme"}}, "", func(b *Book) bool { _, ok := b.Organisation("acme"); return !ok }},
		"forget":         {Change{Forget: &Person{"romashka", "ivan"}}, "", func(b *Book) bool { return b.Match("+79211234567").Org == "acme" }},
		"a bad number":   {Change{Put: []Organisation{{ID: "x", Name: "X", Numbers: []string{"hello"}}}}, "clients[x].numbers[0]", nil},
		"a bad id":       {Change{Put: []Organisation{{ID: "ООО Икс", Name: "X"}}}, "such as iks", nil},
		"twice":          {Change{Put: []Organisation{card, card}}, "twice", nil},
		"nothing":        {Change{}, "does 0", nil},
		"two things":     {Change{Put: []Organisation{card}, Remove: []string{"acme"}}, "does 2", nil},
		"remove nobody":  {Change{Remove: []string{"x"}}, "vahta client list", nil},
		"forget nobody":  {Change{Forget: &Person{"romashka", "x"}}, "vahta client show romashka", nil},
		"merge itself":   {Change{Merge: &Merge{"acme", "acme"}}, "itself", nil},
		"merge a nobody": {Change{Merge: &Merge{"x", "acme"}}, `no client "x"`, nil},
	} {
		orgs := cards()
		after, _, err := Apply(orgs, c.change, Default())
		if d := cmp.Diff(cards(), orgs); d != "" {
			t.Errorf("%s: what was given has changed: %s", name, d)
		}
		if c.says != "" {
			var refused *ChangeError
			if !errors.As(err, &refused) || !strings.Contains(refused.Why, c.says) {
				t.Errorf("%s: %v, want %q", name, err, c.says)
			}
			continue
		}
		b, _ := NewBook(after, Default())
		if err != nil || !c.check(b) {
			t.Errorf("%s: %v, %+v", name, err, after)
		}
	}
}

// A card that is faulty already is no obstacle to mending another.
func TestOldFaultsAreNoObstacle(t *testing.T) {
	t.Parallel()
	orgs := append(cards(), Organisation{ID: "bad", Name: "Bad", Numbers: []string{"hello"}})
	if _, _, err := Apply(orgs, Change{Put: []Organisation{{ID: "x", Name: "X"}}}, Default()); err != nil {
		t.Error(err)
	}
}

// A card that was shown is put back as it was: whoever shows one has seen no
// secret, and whoever saves it loses none.
func TestVeil(t *testing.T) {
	t.Parallel()
	shown := cards()[0].Veil()
	if got := shown.Assets[0].Accesses[0].Secret; got != Veiled {
		t.Errorf("shown: %q", got)
	}
	shown.Assets[0].Accesses = append(shown.Assets[0].Accesses, Access{ID: "new", Way: "ssh", Secret: Veiled})
	after, _, err := Apply(cards(), Change{Put: []Organisation{shown}}, Default())
	if err != nil {
		t.Fatal(err)
	}
	if ways := after[0].Assets[0].Accesses; ways[0].Secret != "vault:romashka/rdp" || ways[1].Secret != "" {
		t.Errorf("saved: %+v", ways)
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	orgs := append(cards(), Organisation{
		ID: "romashka-2", Name: "Ромашка", Zone: "Europe/Samara", Numbers: []string{"+78124567890", "+78124567891"}, Domains: []string{"ROMASHKA.example"},
		VIP: true, Contract: Contract{ID: "18"},
		Contacts: []Contact{
			{ID: "petrov", Name: "И. Петров", Role: "директор", Numbers: []string{"89211234567"}, Duty: true},
			{ID: "olga", Name: "Другая Ольга", Numbers: []string{"+7 921 000-00-00"}},
		},
		Assets: []Asset{{ID: "srv", Name: "Другой сервер"}},
	})
	b, _ := NewBook(orgs, Default())
	if twins := b.Twins(); len(twins) != 3 || twins[2].A != "romashka" || twins[2].B != "romashka-2" ||
		!reflect.DeepEqual(twins[2].Why, []string{"+78124567890", "+79211234567", "@romashka.example", "romashka"}) {
		t.Errorf("twins %+v", twins)
	}
	after, touched, err := Apply(orgs, Change{Merge: &Merge{"romashka-2", "romashka"}}, Default())
	if err != nil || !reflect.DeepEqual(touched, []string{"romashka-2", "romashka"}) {
		t.Fatal(touched, err)
	}
	b, err = NewBook(after, Default())
	if err != nil {
		t.Fatal(err)
	}
	o, ok := b.Resolve("romashka-2")
	if !ok || o.ID != "romashka" || !o.VIP || o.Zone != "Europe/Samara" || o.Contract.ID != "17" || len(o.Numbers) != 2 || len(o.Domains) != 1 {
		t.Errorf("%+v", o)
	}
	ivan, _ := o.Contact("ivan")
	second, _ := o.Contact("olga-2")
	if len(o.Contacts) != 3 || ivan.Role != "директор" || !ivan.Duty || len(ivan.Numbers) != 2 || second.Name != "Другая Ольга" {
		t.Errorf("contacts %+v", o.Contacts)
	}
	if _, ok := o.Asset("srv-2"); !ok {
		t.Errorf("assets %+v", o.Assets)
	}
	if b.Policy("romashka-2").Version != b.Policy("romashka").Version {
		t.Error("a ticket of the duplicate has another contract")
	}
	for says, c := range map[string]Change{
		"edit that one":                {Put: []Organisation{{ID: "romashka-2", Name: "X"}}},
		"merged into romashka already": {Merge: &Merge{"romashka-2", "acme"}},
		"merge into that one":          {Merge: &Merge{"acme", "romashka-2"}},
		"remove it too":                {Remove: []string{"romashka"}},
	} {
		if _, _, err := Apply(after, c, Default()); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
	onward, _, err := Apply(after, Change{Merge: &Merge{"romashka", "acme"}}, Default())
	if err != nil {
		t.Fatal(err)
	}
	b, _ = NewBook(onward, Default())
	if o, _ := b.Resolve("romashka-2"); o.ID != "acme" {
		t.Errorf("merged twice: %+v", o)
	}
}

// Nothing that somebody could be found by is lost by a merge.
func TestMergeLosesNobody(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.SampledFrom([]string{"+78121112233", "88121112233", "+78121112234", "101", "+79211234567"})
		address := rapid.SampledFrom([]Address{{"email", "a@x.example"}, {"email", "A@x.example"}, {"telegram", "1"}, {"email", "b@x.example"}})
		id := rapid.SampledFrom([]string{"ivan", "olga"})
		org := func(name string) Organisation {
			o := Organisation{ID: name, Name: name, Numbers: rapid.SliceOfN(number, 0, 2).Draw(t, "numbers"), Addresses: rapid.SliceOfN(address, 0, 2).Draw(t, "addresses")}
			for range rapid.IntRange(0, 2).Draw(t, "people") {
				o.Contacts = append(o.Contacts, Contact{
					ID: id.Draw(t, "id") + string(rune('a'+len(o.Contacts))), Numbers: rapid.SliceOfN(number, 0, 2).Draw(t, "n"), Addresses: rapid.SliceOfN(address, 0, 2).Draw(t, "a"),
				})
			}
			return o
		}
		orgs := []Organisation{org("one"), org("two")}
		if _, err := NewBook(orgs, Default()); err != nil {
			t.Skip("a card with a number twice")
		}
		before, _ := NewBook(orgs, Default())
		after, _, err := Apply(orgs, Change{Merge: &Merge{"one", "two"}}, Default())
		if err != nil {
			t.Fatal(err)
		}
		b, _ := NewBook(after, Default())
		for n := range before.owners {
			if m := b.Match(n); m.Org != "two" || m.Level != Known {
				t.Fatalf("%s: %+v", n, m)
			}
		}
		for a := range before.addresses {
			if m := b.MatchAddress(a.Channel, a.Value); m.Org != "two" {
				t.Fatalf("%s: %+v", a, m)
			}
		}
	})
}

func TestCardComesBack(t *testing.T) {
	t.Parallel()
	all := cards()
	all[0].Contract = Contract{
		ID: "17", FirstContact: 90 * time.Second, Plan: time.Hour, Stabilisation: 90 * time.Minute, NextUpdate: 30 * time.Minute, RootCauseDays: 5,
		ReportDays: 3, Hours: Hours{"Europe/Moscow", []string{"mon-fri 09:00-18:00"}}, Calendar: "ru", CountFromOccurrence: true, LetSleep: true,
		Attempts: 3, Urgent: true, Channels: []string{"email"}, Quantum: 15 * time.Minute, Retention: Retention{30, 90},
	}
	for _, o := range all {
		body, err := Encode(o)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(body)
		if d := cmp.Diff(o, got); d != "" || err != nil {
			t.Error(d, err)
		}
	}
	body, _ := Encode(all[0])
	if !strings.Contains(string(body), `"stabilisation":"1h30m"`) || !strings.Contains(string(body), `"plan":"1h"`) || !strings.Contains(string(body), `"first_contact":"1m30s"`) {
		t.Errorf("times are not in words: %s", body)
	}
	for _, bad := range []string{`{"id":"x","contract":{"first_kiss":"1m"}}`, `{"id":"x","feet":2}`, `{"id":"x"}{}`, `{"contract":{"plan":"soon"}}`} {
		if _, err := Decode([]byte(bad)); err == nil {
			t.Errorf("%s is read", bad)
		}
	}
	old, err := Decode([]byte(`{"id":"x","name":"X","contract":{"first_contact_ns":600000000000}}`))
	if err != nil || old.Contract.FirstContact != 10*time.Minute {
		t.Errorf("as an earlier version wrote it: %+v, %v", old, err)
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := WriteCSV(&b, cards()); err != nil {
		t.Fatal(err)
	}
	table := b.String()
	got, err := ReadCSV(strings.NewReader(table), cards(), Default())
	if d := cmp.Diff(cards(), got); d != "" || err != nil {
		t.Errorf("a table over the cards that it was made of: %s %v", d, err)
	}
	if !strings.Contains(table, "'+7 921") {
		t.Errorf("a spreadsheet takes numbers for formulas: %s", table)
	}
	for name, c := range map[string]struct {
		table string
		want  func([]Organisation) bool
	}{
		"as a spreadsheet writes it": {
			"\xef\xbb\xbfname;numbers;contact_name;contact_numbers;first_contact\r\nООО «Василёк»;8 812 111-22-33;Анна Кузнецова;\"+7 921 555-01-23; +7 921 555-01-24\";10\r\n",
			func(l []Organisation) bool {
				return l[0].ID == "vasilek" && l[0].Contacts[0].ID == "anna-kuznetsova" && len(l[0].Contacts[0].Numbers) == 2 && l[0].Contract.FirstContact == 10*time.Minute
			},
		},
		"a column that is missing changes nothing": {"id,contact_id,contact_role\nromashka,ivan,директор\n", func(l []Organisation) bool {
			ivan, _ := l[0].Contact("ivan")
			return len(l) == 1 && ivan.Role == "директор" && len(ivan.Numbers) == 2 && len(l[0].Contacts) == 2 && l[0].Contract.ID == "17"
		}},
		"two people of one": {"id\tname\tcontact_name\tcontact_duty\nx\tX\tA\tда\nx\t\tB\tнет", func(l []Organisation) bool {
			return len(l) == 1 && len(l[0].Contacts) == 2 && l[0].Contacts[0].Duty && !l[0].Contacts[1].Duty
		}},
	} {
		got, err := ReadCSV(strings.NewReader(c.table), cards(), Default())
		if err != nil || !c.want(got) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for table, says := range map[string]string{
		"":                             "no lines",
		"id,name\n":                    "no lines",
		"id,shoe\nx,42\n":              `"shoe"`,
		"id,vip\nx,maybe\ny,perhaps\n": "line 3: vip",
		"name\n!!!\n":                  "line 2: id and name",
		"id,first_contact\nx,soon\n":   `"soon"`,
		"id,addresses\nx,nothing\n":    "channel:value",
		"id,name\nx,\xd0\n":            "UTF-8",
		"id,numbers\nx,101; 12\n":      `line 2: numbers: "12" is no number of a client: it has 2 digits`,
		"id,contact_id,contact_numbers\nx,a,+7 812 555-01-00\ny,b,hello\n": "line 3: contact_numbers: read number",
		"id,numbers\nx,+999 12\ny,\nz,+1 2\n":                              "line 4: numbers",
		"id,name\nx,\"y\n":                                                 "not CSV",
	} {
		if _, err := ReadCSV(strings.NewReader(table), nil, Default()); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", table, err, says)
		}
	}
}

func TestSlug(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"ООО «Ромашка»": "romashka", "Щёлково-Юг 2": "shchelkovo-yug-2", "ACME Ltd": "acme", "Подъёмник": "podemnik", "ООО": "", "«»": "",
	} {
		if got := Slug(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestFreeMailIsSorted(t *testing.T) {
	t.Parallel()
	for _, d := range freeMail() {
		if !FreeMail(d) || !FreeMail(strings.ToUpper(d)) {
			t.Errorf("%s is not found", d)
		}
	}
}

// Whatever a table has in it, reading it ends, and what is read can be written
// and read again.
func FuzzReadCSV(f *testing.F) {
	f.Add("id,name,numbers\nx,X,101\n")
	f.Add("\xef\xbb\xbfname;contact_name\nА;Б\n")
	f.Fuzz(func(t *testing.T, table string) {
		got, err := ReadCSV(strings.NewReader(table), cards(), Default())
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := WriteCSV(&b, got); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadCSV(&b, got, Default()); err != nil && !strings.Contains(err.Error(), "no lines") {
			t.Fatalf("%v\n%s", err, b.String())
		}
	})
}

// A number that can be nobody's is no client's, whichever way it comes; one that stood on the card before stays.
func TestImplausibleNumbersAreRefused(t *testing.T) {
	t.Parallel()
	old := []Organisation{{ID: "x", Name: "X", Numbers: []string{"12"}, Contacts: []Contact{{ID: "a", Name: "A", Numbers: []string{"+7 812 555-01-00"}}}}}
	card := old[0].Clone()
	card.Note = "looked at"
	if _, _, err := Apply(old, Change{Put: []Organisation{card}}, Default()); err != nil {
		t.Errorf("a number that was there: %v", err)
	}
	card.Contacts[0].Numbers = []string{"7", "101"}
	_, _, err := Apply(old, Change{Put: []Organisation{card}}, Default())
	if err == nil || !strings.Contains(err.Error(), `clients[x].contacts[0].numbers[0]: "7" is no number of a client`) || strings.Contains(err.Error(), "101") {
		t.Errorf("a number of one digit: %v", err)
	}
	_, _, err = Apply(nil, Change{Put: []Organisation{{ID: "y", Name: "Y", Numbers: []string{"101", "1-2"}}}}, Default())
	if err == nil || !strings.Contains(err.Error(), `clients[y].numbers[1]: "1-2" is no number of a client: it has 2 digits`) {
		t.Errorf("a number of two digits: %v", err)
	}
}
