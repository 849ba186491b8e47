package config

// Source names the place of a value that is not in the file: an environment
// variable or a file. The zero value names none.
type Source struct {
	Env  string
	File string
	// at is where the configuration names it, or could have.
	at Problem
	// keys are what can be written there: "token_env or token_file".
	keys string
	// least is how many bytes the value has at least.
	least int
}

// IsZero tells that no place is named.
func (s Source) IsZero() bool { return s.Env == "" && s.File == "" }

func (s Source) place() string {
	if s.Env != "" {
		return "the variable " + s.Env
	}
	return "the file " + s.File
}
