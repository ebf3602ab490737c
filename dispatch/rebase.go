package dispatch

import "errors"

// ErrAway says that the store cannot be asked now: it is not there, or it
// refuses. Work goes on without it.
var ErrAway = errors.New("the record is away")
