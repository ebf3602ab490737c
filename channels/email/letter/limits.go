package letter

// Limits of one letter. Their sum keeps a mail below 64 MiB and a second of a
// CPU; real mails stay far below each of them.
const (
	maxMail      = 36 << 20  // bytes of a mail that are read: a raw signal has at most 32 MiB
	maxDecoded   = 36 << 20  // bytes of all decoded contents
	maxHead      = 256 << 10 // bytes of one header
	maxHeads     = 2 << 20   // bytes of all headers
	maxFields    = 1000      // fields of one header
	maxField     = 64 << 10  // bytes of one field
	maxDepth     = 24        // entities in entities
	maxParts     = 1000      // entities of one mail
	maxFiles     = 200       // attachments; as many as a signal takes
	maxTextPart  = 1 << 20   // bytes of one text or HTML part
	maxTexts     = 1 << 20   // bytes of all of them
	maxShown     = 384 << 10 // bytes of HTML, all parts together
	maxText      = 1 << 20   // bytes of the full text
	maxStripped  = 256 << 10 // bytes of the text that quotes are looked for in
	maxCopied    = 8 << 20   // bytes of a mail that is mended as a whole
	maxDetected  = 4         // texts of one mail that the costly detector is asked about
	maxNesting   = 128       // elements in elements of HTML that is shown
	maxAddresses = 500       // of one field
	maxIDs       = 200       // ids of one field
	maxMarkers   = 20        // ticket numbers of one letter
	maxFaults    = 100       // faults that are named, the last one says so
	maxLine      = 1000      // runes of a subject, a name, a detail
	maxName      = 200       // runes of a file name
	maxReports   = 100       // recipients of one delivery report
	maxPieces    = 100_000   // pieces of the contents of a signed mail; programs write a kilobyte in each
	maxContainer = 4         // containers in containers: TNEF in CMS in CMS
)

// desk is what one Read works on: its budget and what it has found.
type desk struct {
	r       *Reader
	raw     []byte
	out     *Letter
	hint    string // charset that an earlier label or guess of this mail named
	decoded int    // bytes spent of maxDecoded
	texts   int    // bytes spent of maxTexts
	shown   int    // bytes of HTML among them
	detects int    // spent of maxDetected
	heads   int    // bytes spent of maxHeads
	parts   int    // entities seen of maxParts
	inner   int    // containers we are in: their bytes have no place in the raw mail
	inside  int    // attached mails we are in: their files stay in them
	envel   Envelope
	head    head
	found   findings
}

// findings are the leaves that have a meaning beside the text.
type findings struct {
	status    []string // bodies of message/delivery-status
	receipt   []string // bodies of message/disposition-notification
	original  *head    // header of the mail that a report is about
	forwarded *head    // header of a mail that is attached
	attached  []block  // texts of attached mails
	reported  string   // report-type of the outermost multipart/report
}

// spend takes n bytes of the budget of decoded contents.
func (d *desk) spend(n int) bool {
	if d.decoded+n > maxDecoded {
		return false
	}
	d.decoded += n
	return true
}

// fault notes what could not be read.
func (d *desk) fault(code FaultCode, e entity, detail string) {
	d.faultAt(code, e.path, detail, e.off, e.size)
}

func (d *desk) faultAt(code FaultCode, part, detail string, off, size int) {
	switch n := len(d.out.Faults); {
	case n < maxFaults-1:
		if d.inner > 0 {
			off, size = 0, 0
		}
		d.out.Faults = append(d.out.Faults, Fault{Code: code, Part: part, Detail: line(detail, maxLine), Offset: off, Size: size})
	case n == maxFaults-1:
		d.out.Faults = append(d.out.Faults, Fault{Code: FaultTooMany, Detail: "more faults than are named"})
	}
}
