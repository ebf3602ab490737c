package edit

// text is a refusal in one language.
type text struct {
	code        Code
	problem, do string
}

func textOf(key, language string) text { return text{} }
