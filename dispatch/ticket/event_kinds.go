package ticket

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

// decodeDesk reads the bodies that the work on a ticket makes.
func decodeDesk(k Kind, data []byte) (Body, error, bool) {
	switch k {
	case KindReported:
		b, err := decode[Reported](data)
		return b, err, true
	case KindSignalled:
		b, err := decode[Signalled](data)
		return b, err, true
	case KindMessaged:
		b, err := decode[Messaged](data)
		return b, err, true
	case KindSent:
		b, err := decode[Sent](data)
		return b, err, true
	case KindUnsent:
		b, err := decode[Unsent](data)
		return b, err, true
	case KindContacted:
		b, err := decode[Contacted](data)
		return b, err, true
	case KindContactTry:
		b, err := decode[ContactTried](data)
		return b, err, true
	case KindTriaged:
		b, err := decode[Triaged](data)
		return b, err, true
	case KindAnswered:
		b, err := decode[Answered](data)
		return b, err, true
	case KindStepped:
		b, err := decode[Stepped](data)
		return b, err, true
	case KindAssigned:
		b, err := decode[Assigned](data)
		return b, err, true
	case KindHandedOver:
		b, err := decode[HandedOver](data)
		return b, err, true
	case KindTookPart:
		b, err := decode[TookPart](data)
		return b, err, true
	case KindPlanned:
		b, err := decode[Planned](data)
		return b, err, true
	case KindPlanTold:
		b, err := decode[PlanTold](data)
		return b, err, true
	case KindUpdated:
		b, err := decode[Updated](data)
		return b, err, true
	case KindStabilised:
		b, err := decode[Restored](data)
		return b, err, true
	case KindConfirmed:
		b, err := decode[ClientConfirmed](data)
		return b, err, true
	case KindPaused:
		b, err := decode[Paused](data)
		return b, err, true
	case KindResumed:
		b, err := decode[Resumed](data)
		return b, err, true
	case KindReopened:
		b, err := decode[Reopened](data)
		return b, err, true
	case KindAbsorbed:
		b, err := decode[Absorbed](data)
		return b, err, true
	case KindUnmerged:
		b, err := decode[Unmerged](data)
		return b, err, true
	case KindReleased:
		b, err := decode[Released](data)
		return b, err, true
	case KindSplit:
		b, err := decode[Split](data)
		return b, err, true
	case KindLinked:
		b, err := decode[Linked](data)
		return b, err, true
	case KindUnlinked:
		b, err := decode[Unlinked](data)
		return b, err, true
	case KindTasked:
		b, err := decode[Tasked](data)
		return b, err, true
	case KindTaskDone:
		b, err := decode[TaskDone](data)
		return b, err, true
	case KindConnected:
		b, err := decode[Connected](data)
		return b, err, true
	case KindDisconnect:
		b, err := decode[Disconnected](data)
		return b, err, true
	case KindRevealed:
		b, err := decode[Revealed](data)
		return b, err, true
	case KindTimed:
		b, err := decode[Timed](data)
		return b, err, true
	case KindTimeSettled:
		b, err := decode[TimeSettled](data)
		return b, err, true
	case KindRootCaused:
		b, err := decode[RootCaused](data)
		return b, err, true
	case KindExplained:
		b, err := decode[Explained](data)
		return b, err, true
	case KindCurated:
		b, err := decode[Curated](data)
		return b, err, true
	case KindDrafted:
		b, err := decode[Drafted](data)
		return b, err, true
	case KindApproved:
		b, err := decode[Approved](data)
		return b, err, true
	case KindReportRead:
		b, err := decode[ReportRead](data)
		return b, err, true
	case KindRated:
		b, err := decode[Rated](data)
		return b, err, true
	case KindT0Moved:
		b, err := decode[T0Moved](data)
		return b, err, true
	case KindRecomputed:
		b, err := decode[Recomputed](data)
		return b, err, true
	case KindWarned:
		b, err := decode[Warned](data)
		return b, err, true
	case KindClassified:
		b, err := decode[Classified](data)
		return b, err, true
	}
	return nil, nil, false
}
