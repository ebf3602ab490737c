package ticket

// decoders read the stored form of each kind of body.
var decoders = map[Kind]func([]byte) (Body, error){ //nolint:gochecknoglobals // a constant table
	KindOpened:           decode[Opened],
	KindJoined:           decode[Joined],
	KindAttempted:        decode[Attempted],
	KindAccepted:         decode[Accepted],
	KindCallEnded:        decode[CallEnded],
	KindPageRaised:       decode[PageRaised],
	KindAcknowledged:     decode[Acknowledged],
	KindNoted:            decode[Noted],
	KindMoved:            decode[Moved],
	KindCategorised:      decode[Categorised],
	KindPrioritised:      decode[Prioritised],
	KindMerged:           decode[MergedInto],
	KindRecallAsked:      decode[RecallAsked],
	KindRecallTried:      decode[RecallTried],
	KindRecallEnded:      decode[RecallEnded],
	KindSpecialistAsked:  decode[SpecialistAsked],
	KindSpecialistTook:   decode[SpecialistTook],
	KindSpecialistMissed: decode[SpecialistMissed],
	KindNobodyReached:    decode[NobodyReached],
	KindReported:         decode[Reported],
	KindSignalled:        decode[Signalled],
	KindMessaged:         decode[Messaged],
	KindSent:             decode[Sent],
	KindUnsent:           decode[Unsent],
	KindContacted:        decode[Contacted],
	KindContactTry:       decode[ContactTried],
	KindTriaged:          decode[Triaged],
	KindAnswered:         decode[Answered],
	KindStepped:          decode[Stepped],
	KindAssigned:         decode[Assigned],
	KindHandedOver:       decode[HandedOver],
	KindTookPart:         decode[TookPart],
	KindPlanned:          decode[Planned],
	KindPlanTold:         decode[PlanTold],
	KindUpdated:          decode[Updated],
	KindStabilised:       decode[Restored],
	KindConfirmed:        decode[ClientConfirmed],
	KindPaused:           decode[Paused],
	KindResumed:          decode[Resumed],
	KindReopened:         decode[Reopened],
	KindAbsorbed:         decode[Absorbed],
	KindUnmerged:         decode[Unmerged],
	KindReleased:         decode[Released],
	KindSplit:            decode[Split],
	KindLinked:           decode[Linked],
	KindUnlinked:         decode[Unlinked],
	KindTasked:           decode[Tasked],
	KindTaskDone:         decode[TaskDone],
	KindConnected:        decode[Connected],
	KindDisconnect:       decode[Disconnected],
	KindRevealed:         decode[Revealed],
	KindTimed:            decode[Timed],
	KindTimeSettled:      decode[TimeSettled],
	KindRootCaused:       decode[RootCaused],
	KindExplained:        decode[Explained],
	KindCurated:          decode[Curated],
	KindDrafted:          decode[Drafted],
	KindApproved:         decode[Approved],
	KindReportRead:       decode[ReportRead],
	KindRated:            decode[Rated],
	KindT0Moved:          decode[T0Moved],
	KindRecomputed:       decode[Recomputed],
	KindWarned:           decode[Warned],
	KindClassified:       decode[Classified],
}

// Kind implements Body.
func (Opened) Kind() Kind { return KindOpened }

// Kind implements Body.
func (Joined) Kind() Kind { return KindJoined }

// Kind implements Body.
func (Attempted) Kind() Kind { return KindAttempted }

// Kind implements Body.
func (Accepted) Kind() Kind { return KindAccepted }

// Kind implements Body.
func (CallEnded) Kind() Kind { return KindCallEnded }

// Kind implements Body.
func (PageRaised) Kind() Kind { return KindPageRaised }

// Kind implements Body.
func (Acknowledged) Kind() Kind { return KindAcknowledged }

// Kind implements Body.
func (Noted) Kind() Kind { return KindNoted }

// Kind implements Body.
func (Moved) Kind() Kind { return KindMoved }

// Kind implements Body.
func (Categorised) Kind() Kind { return KindCategorised }

// Kind implements Body.
func (Prioritised) Kind() Kind { return KindPrioritised }

// Kind implements Body.
func (MergedInto) Kind() Kind { return KindMerged }

// Kind implements Body.
func (RecallAsked) Kind() Kind { return KindRecallAsked }

// Kind implements Body.
func (RecallTried) Kind() Kind { return KindRecallTried }

// Kind implements Body.
func (RecallEnded) Kind() Kind { return KindRecallEnded }

// Kind implements Body.
func (SpecialistAsked) Kind() Kind { return KindSpecialistAsked }

// Kind implements Body.
func (SpecialistTook) Kind() Kind { return KindSpecialistTook }

// Kind implements Body.
func (SpecialistMissed) Kind() Kind { return KindSpecialistMissed }

// Kind implements Body.
func (NobodyReached) Kind() Kind { return KindNobodyReached }

// Kind implements Body.
func (Reported) Kind() Kind { return KindReported }

// Kind implements Body.
func (Signalled) Kind() Kind { return KindSignalled }

// Kind implements Body.
func (Messaged) Kind() Kind { return KindMessaged }

// Kind implements Body.
func (Sent) Kind() Kind { return KindSent }

// Kind implements Body.
func (Unsent) Kind() Kind { return KindUnsent }

// Kind implements Body.
func (Contacted) Kind() Kind { return KindContacted }

// Kind implements Body.
func (ContactTried) Kind() Kind { return KindContactTry }

// Kind implements Body.
func (Triaged) Kind() Kind { return KindTriaged }

// Kind implements Body.
func (Answered) Kind() Kind { return KindAnswered }

// Kind implements Body.
func (Stepped) Kind() Kind { return KindStepped }

// Kind implements Body.
func (Assigned) Kind() Kind { return KindAssigned }

// Kind implements Body.
func (HandedOver) Kind() Kind { return KindHandedOver }

// Kind implements Body.
func (TookPart) Kind() Kind { return KindTookPart }

// Kind implements Body.
func (Planned) Kind() Kind { return KindPlanned }

// Kind implements Body.
func (PlanTold) Kind() Kind { return KindPlanTold }

// Kind implements Body.
func (Updated) Kind() Kind { return KindUpdated }

// Kind implements Body.
func (Restored) Kind() Kind { return KindStabilised }

// Kind implements Body.
func (ClientConfirmed) Kind() Kind { return KindConfirmed }

// Kind implements Body.
func (Paused) Kind() Kind { return KindPaused }

// Kind implements Body.
func (Resumed) Kind() Kind { return KindResumed }

// Kind implements Body.
func (Reopened) Kind() Kind { return KindReopened }

// Kind implements Body.
func (Absorbed) Kind() Kind { return KindAbsorbed }

// Kind implements Body.
func (Unmerged) Kind() Kind { return KindUnmerged }

// Kind implements Body.
func (Released) Kind() Kind { return KindReleased }

// Kind implements Body.
func (Split) Kind() Kind { return KindSplit }

// Kind implements Body.
func (Linked) Kind() Kind { return KindLinked }

// Kind implements Body.
func (Unlinked) Kind() Kind { return KindUnlinked }

// Kind implements Body.
func (Tasked) Kind() Kind { return KindTasked }

// Kind implements Body.
func (TaskDone) Kind() Kind { return KindTaskDone }

// Kind implements Body.
func (Connected) Kind() Kind { return KindConnected }

// Kind implements Body.
func (Disconnected) Kind() Kind { return KindDisconnect }

// Kind implements Body.
func (Revealed) Kind() Kind { return KindRevealed }

// Kind implements Body.
func (Timed) Kind() Kind { return KindTimed }

// Kind implements Body.
func (TimeSettled) Kind() Kind { return KindTimeSettled }

// Kind implements Body.
func (RootCaused) Kind() Kind { return KindRootCaused }

// Kind implements Body.
func (Explained) Kind() Kind { return KindExplained }

// Kind implements Body.
func (Curated) Kind() Kind { return KindCurated }

// Kind implements Body.
func (Drafted) Kind() Kind { return KindDrafted }

// Kind implements Body.
func (Approved) Kind() Kind { return KindApproved }

// Kind implements Body.
func (ReportRead) Kind() Kind { return KindReportRead }

// Kind implements Body.
func (Rated) Kind() Kind { return KindRated }

// Kind implements Body.
func (T0Moved) Kind() Kind { return KindT0Moved }

// Kind implements Body.
func (Recomputed) Kind() Kind { return KindRecomputed }

// Kind implements Body.
func (Warned) Kind() Kind { return KindWarned }

// Kind implements Body.
func (Classified) Kind() Kind { return KindClassified }
