package media

func recorderChild() bool { return false }
