package media

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if recorderChild() {
		return
	}
	goleak.VerifyTestMain(m)
}
