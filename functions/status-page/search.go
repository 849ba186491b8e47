package statuspage

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/find"
	"github.com/distaff-project/distaff/shared/page"
)

const (
	// hitsMost is how many hits of a kind are shown.
	hitsMost = 20
	// placesMost is in how many repositories a name is looked for, builtMost how
	// many pull requests are read for a build, and nearMost how many names like one
	// are looked for. A text may need all of that: 2·4 + 16 + 6 is 30 requests.
	placesMost = 4
	builtMost  = 16
	nearMost   = 6
)

// search leads to what was looked for, or shows what there is to choose from,
// or says that there is nothing.
func (s site) search(ctx context.Context, text string) (reply, error) {
	if text == "" {
		return reply{code: http.StatusOK, move: "index"}, nil
	}
	q := parseQuery(text)
	hits, err := s.hits(ctx, q)
	if err != nil {
		return reply{}, err
	}
	if len(hits) == 1 {
		return reply{code: http.StatusSeeOther, move: hits[0].Place}, nil
	}
	r := page.Results{Query: q.text, Hits: hits, Days: s.Days}
	out := reply{code: http.StatusOK, query: first(q.text, queryMost)}
	if len(hits) == 0 {
		r.Searched, out.code = q.searched(), http.StatusNotFound
		if r.Near, err = s.near(ctx, q); err != nil {
			return reply{}, err
		}
	}
	for _, h := range hits {
		out.tags = append(out.tags, string(h.Place)+h.Said)
	}
	out.make = of(r)
	return out, nil
}

// hits looks for all that a query may mean.
func (s site) hits(ctx context.Context, q query) ([]page.Hit, error) {
	tasks, err1 := find.Tasks(ctx, s.Lister, q.task, hitsMost)
	commits, err2 := find.Commits(ctx, s.Lister, q.commit, hitsMost)
	var hits []page.Hit
	for _, t := range tasks {
		hits = append(hits, page.Hit{Kind: "Koji task", Text: t.String(), Place: placeOfRun(t.PullRequest, t.Number), Said: "task " + t.By})
	}
	for _, c := range commits {
		hits = append(hits, page.Hit{Kind: "commit", Text: c.String(), Place: placeOfRun(c.PullRequest, c.Number), Said: c.By})
	}
	var named []page.Hit
	var err3, err4 error
	switch {
	case q.number > 0:
		named, err3 = s.namedPullRequests(ctx, q)
	case q.repo != "":
		named, err3 = s.namedPackages(ctx, q.repo)
	}
	hits = append(hits, named...)
	if q.build != "" && len(named) == 0 {
		var built []page.Hit
		built, err4 = s.builds(ctx, q)
		hits = append(hits, built...)
	}
	return hits, errors.Join(err1, err2, err3, err4)
}

// places gives the repositories a name may mean, as packages of number 1.
func (s site) places(repo, host string) []event.PullRequestID {
	var all []event.PullRequestID
	add := func(forge, repo string) {
		id := event.PullRequestID{Forge: forge, Repo: repo, Number: 1}
		if good(id) && len(all) < placesMost && !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	front, rest, split := strings.Cut(repo, "/")
	for _, forge := range slices.Sorted(maps.Keys(s.Forges)) {
		switch {
		case host == "" && split && forge == front:
			add(forge, rest)
		case split:
			add(forge, repo)
		default:
			for _, namespace := range s.Forges[forge].Namespaces {
				add(forge, namespace+"/"+repo)
			}
		}
	}
	return all
}

func (s site) namedPullRequests(ctx context.Context, q query) ([]page.Hit, error) {
	ids := s.places(q.repo, q.host)
	for i := range ids {
		ids[i].Number = q.number
	}
	documents, err := s.readAll(ctx, ids)
	var hits []page.Hit
	for _, d := range documents {
		if u, err := url.Parse(d.URL); q.host != "" && (err != nil || u.Host != q.host) {
			continue
		}
		hit := page.Hit{Kind: "pull request", Text: d.String(), Place: placeOf(d.PullRequestID), Said: d.Title}
		if q.run > 0 {
			hit = page.Hit{Kind: "run", Text: q.runOf(d.PullRequestID).String(), Place: placeOfRun(d.PullRequestID, q.run), Said: d.Title}
		}
		hits = append(hits, hit)
	}
	return hits, err
}

func (s site) namedPackages(ctx context.Context, repo string) ([]page.Hit, error) {
	var hits []page.Hit
	for _, id := range s.places(repo, "") {
		ids, _, err := s.pullRequests(ctx, id)
		if err != nil {
			return nil, err
		}
		if len(ids) > 0 {
			hits = append(hits, page.Hit{Kind: "package", Text: packageName(id), Place: placeOfPackage(id)})
		}
	}
	return hits, nil
}

// builds finds the runs that built a name-version-release, among the newest runs
// of its package's last pull requests.
func (s site) builds(ctx context.Context, q query) ([]page.Hit, error) {
	var ids []event.PullRequestID
	for _, id := range s.places(q.name, "") {
		of, _, err := s.pullRequests(ctx, id)
		if err != nil {
			return nil, err
		}
		ids = append(ids, of...)
	}
	documents, err := s.readAll(ctx, ids[:min(len(ids), builtMost)])
	var hits []page.Hit
	for _, d := range documents {
		for _, check := range d.Run.Checks {
			for _, a := range check.Artifacts {
				if strings.HasPrefix(a.Name, q.build+".") {
					hit := page.Hit{
						Kind: "build", Text: fmt.Sprintf("%s/%d", d.PullRequestID, d.Run.Number),
						Place: placeOfRun(d.PullRequestID, d.Run.Number), Said: q.build,
					}
					if !slices.Contains(hits, hit) {
						hits = append(hits, hit)
					}
				}
			}
		}
	}
	return hits, err
}

// near finds packages whose names begin so, one request for each.
func (s site) near(ctx context.Context, q query) ([]page.Hit, error) {
	var hits []page.Hit
	if len(q.near) < 2 {
		return nil, nil
	}
	asked := 0
	for _, place := range s.places(q.near, "") {
		name := strings.TrimSuffix(string(placeOfPackage(place)), "/")
		prefix := "pr/" + strings.TrimPrefix(name, "package/")
		after := ""
		for range nearMost / 2 {
			if asked++; asked > nearMost {
				return hits, nil
			}
			infos, err := s.List(ctx, prefix, after, 1)
			if err != nil {
				return nil, fmt.Errorf("look for packages: %w", err)
			}
			if len(infos) == 0 {
				break
			}
			document := strings.TrimSuffix(strings.TrimPrefix(infos[0].Key, "pr/"), jsonSuffix)
			cut := strings.LastIndexByte(document, '/')
			if cut < 0 {
				break
			}
			after = "pr/" + document[:cut] + "0" // sorts behind the slash of this package
			id, ok := pullRequestAt(strings.Split(document, "/"))
			if ok {
				hits = append(hits, page.Hit{Kind: "package", Text: packageName(id), Place: placeOfPackage(id)})
			}
		}
	}
	return hits, nil
}
