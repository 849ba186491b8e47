package github

// What is read of a web hook's body. go-github's types have every field GitHub
// ever sent and refuse a body for an odd one of them (Fedora's relay to its
// bus writes "" for times that are null), so these have the few that matter.

type payload struct {
	Action      string       `json:"action"`
	PullRequest *pullRequest `json:"pull_request"`
	Changes     struct {
		Base  *struct{} `json:"base"`
		Title *struct{} `json:"title"`
	} `json:"changes"`
	Issue      issue      `json:"issue"`
	Comment    comment    `json:"comment"`
	Repository repository `json:"repository"`
	Sender     user       `json:"sender"`
}

// pullRequest is a pull request, in messages and answers.
type pullRequest struct {
	Number  int    `json:"number"`
	Title   string `json:"title"`
	Merged  bool   `json:"merged"`
	User    user   `json:"user"`
	Updated string `json:"updated_at"`
	Head    place  `json:"head"`
	Base    place  `json:"base"`
}

type place struct {
	Ref  string      `json:"ref"`
	SHA  string      `json:"sha"`
	Repo *repository `json:"repo"` // null when it was deleted
}

type repository struct {
	HTMLURL string `json:"html_url"`
}

type user struct {
	Login string `json:"login"`
}

type issue struct {
	Number      int       `json:"number"`
	Title       string    `json:"title"`
	User        user      `json:"user"`
	Updated     string    `json:"updated_at"`
	PullRequest *struct{} `json:"pull_request"` // an issue has none
}

type comment struct {
	ID   int64  `json:"id"`
	User user   `json:"user"`
	Body string `json:"body"`
}
