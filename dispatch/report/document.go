package report

// Document is a report arranged: what its forms (Markdown, HTML, PDF) have in
// common. Texts are plain; each form escapes them its own way.
type Document struct {
	Language string
	Title    string // "Report on an incident"
	Number   string
	Subject  string // the trouble in a line
	Client   string
	Provider Provider
	Draft    string // the word for a draft; empty = approved
	Edition  string // "version 2 of 23 November 2026"
	Running  string // the line at the head of further pages
	Zone     string // which clock the times are told by
	Tiles    []Tile
	Fields   []Field
	Sections []Section
	Page     string // "page {n} of {all}"
	Private  string // that it is for the client alone
}

// Tile is one of the figures that stand first.
type Tile struct {
	Label, Value, Note string
	Tone               Tone
}

// Tone says how a thing is to be taken.
type Tone uint8

// The tones.
const (
	Plain Tone = iota
	Good
	Bad
	Muted
)

// Field is a name with its value.
type Field struct{ Name, Value string }

// Section is a part of the report with a heading.
type Section struct {
	ID     string // for anchors
	Number int
	Title  string
	Blocks []Block
}

// Block is one of Para, List, Items, Table, Fields.
type Block interface{ block() }

// Para is a paragraph.
type Para struct {
	Text string
	Lead bool // of the summary
	Tone Tone
}

// List is a list of short texts under a name that may be empty.
type List struct {
	Name    string
	Ordered bool
	Items   []string
}

// Items are numbered texts with a line of details each.
type Items struct{ Items []Item }

// Item is one of Items.
type Item struct{ Text, Detail string }

// Table has columns, rows that may be grouped, and a name that may be empty.
type Table struct {
	Name    string
	Columns []Column
	Groups  []Group
}

// Column says how a column is set. Width is its share of the room that columns
// of a fixed width leave.
type Column struct {
	Title string
	Width float64
	Fixed bool // Width is in millimetres
	Right bool
}

// Group are rows under a name; without a name they only follow.
type Group struct {
	Name string
	Rows []Row
}

// Row is a row of a table.
type Row struct {
	Cells  []string
	Tones  map[int]Tone // of single cells
	Strong bool         // a sum
	Key    bool         // a turning point
	Note   string       // a line below the row, over its whole width
}

// Fields are names with values, one below the other.
type Fields struct{ Fields []Field }

func (Para) block()   {}
func (List) block()   {}
func (Items) block()  {}
func (Table) block()  {}
func (Fields) block() {}
