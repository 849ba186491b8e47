package stories

import (
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"

	"github.com/distaff-project/distaff/infra/local/world"
)

// shown is what the forge shows in the end, by commit.
func (p *player) shown() (string, error) {
	var b strings.Builder
	for _, commit := range p.names.commits {
		var lines []string
		for _, f := range p.world.Forge.Flags(commit) {
			name := strings.TrimPrefix(f.Name, "distaff - ")
			lines = append(lines, fmt.Sprintf("%s  %-28s %-8s %s\n", p.names.of(commit), name, f.Status, p.names.of(f.Comment)))
		}
		slices.Sort(lines)
		b.WriteString(strings.Join(lines, ""))
	}
	if b.Len() == 0 {
		return "nothing\n", nil
	}
	return b.String(), nil
}

var (
	hidden = regexp.MustCompile(`(?s)<(style|title|script|svg)\b.*?</(style|title|script|svg)>`)
	block  = regexp.MustCompile(`(?i)</?(p|div|h\d|li|ul|ol|tr|table|section|header|footer|pre|details|summary|main|dl|dd|dt|body|caption)\b[^>]*>`)
	tag    = regexp.MustCompile(`<[^>]*>`)
	clocks = regexp.MustCompile(`\d\d:\d\d|\d{4}-\d\d-\d\d|\b\d+ ?(s|min|h|m|d)\b`) // Testing Farm is in the real time
)

// page is the text of the newest run's page down to its timeline, without what
// a clock says.
func (p *player) page() (string, error) {
	all, err := world.PullRequests(p.ctx, p.world.Files)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, pr := range all {
		object, err := p.world.Files.Get(p.ctx, fmt.Sprintf("runs/%s/%d/index.html", pr.Document(), pr.Run.Number))
		if err != nil {
			return "", err
		}
		text := tag.ReplaceAllString(block.ReplaceAllString(hidden.ReplaceAllString(string(object.Body), ""), "\n"), " ")
		for line := range strings.Lines(html.UnescapeString(text)) {
			line = p.names.of(strings.Join(strings.Fields(line), " "))
			if line == "Timeline" {
				break
			}
			if line != "" && !clocks.MatchString(line) && line != "Skip to the result" && !slices.Contains([]string{"Branch", "Author", "Started", "Ended", "State Check Time Links"}, line) {
				b.WriteString(line + "\n")
			}
		}
	}
	return b.String(), nil
}
