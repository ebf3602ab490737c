package phone_test

import (
	"context"
	"fmt"
	"time"

	"github.com/butlerspb/vahta/sip/phone"
)

// An engineer's phone rings for a second, answers and presses 1; a caller calls
// it, talks for three seconds and tells each step as it happens.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	engineer, stop, err := phone.Start(ctx, phone.Default())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = stop() }()
	if err := engineer.Answer(phone.Accepting(time.Second, "1", 500*time.Millisecond)); err != nil {
		fmt.Println(err)
		return
	}

	caller, stop, err := phone.Start(ctx, phone.Default())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = stop() }()
	call, err := caller.Dial(ctx, engineer.URI(), phone.Options{Talk: phone.Talk{Tone: 440, For: 3 * time.Second}})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := call.Follow(ctx, func(step phone.Event) { fmt.Println(step) }); err != nil {
		fmt.Println(err)
	}
}
