//go:build !unix

package pressure

import "errors"

func (m *machine) fileLimit() int64 { return 0 }

func exhausted(error) bool { return false }

func (m *machine) disk(string) (free, size int64, err error) { return 0, 0, errors.ErrUnsupported }
