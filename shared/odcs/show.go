package odcs

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/compose"
)

// URLs is where what composes made can be had.
type URLs struct {
	// Composes is the address of the directory of all composes, ODCS's
	// target_dir_url, without a slash behind it.
	Composes string
}

// Shown is a compose as ODCS writes it: every member is always there, and they
// are in the order of their names.
type Shown struct {
	Arches                       string  `json:"arches"`
	BaseModuleBrName             *string `json:"base_module_br_name"`
	BaseModuleBrStream           *string `json:"base_module_br_stream"`
	BaseModuleBrStreamVersionGTE *int64  `json:"base_module_br_stream_version_gte"`
	BaseModuleBrStreamVersionLTE *int64  `json:"base_module_br_stream_version_lte"`
	Builds                       *string `json:"builds"`
	ComposeType                  string  `json:"compose_type"`
	// Distaff is what ODCS does not tell; nil where it is not asked for.
	Distaff               *More    `json:"distaff,omitempty"`
	Flags                 []string `json:"flags"`
	ID                    int64    `json:"id"`
	KojiEvent             *int64   `json:"koji_event"`
	KojiTaskID            *int64   `json:"koji_task_id"`
	Label                 *string  `json:"label"`
	LookasideRepos        string   `json:"lookaside_repos"`
	ModularKojiTags       *string  `json:"modular_koji_tags"`
	ModuleDefaultsURL     *string  `json:"module_defaults_url"`
	Modules               *string  `json:"modules"`
	MultilibArches        string   `json:"multilib_arches"`
	MultilibMethod        int      `json:"multilib_method"`
	Owner                 string   `json:"owner"`
	Packages              *string  `json:"packages"`
	ParentPungiComposeIDs *string  `json:"parent_pungi_compose_ids"`
	PungiComposeID        *string  `json:"pungi_compose_id"`
	PungiConfigDump       *dump    `json:"pungi_config_dump,omitempty"`
	RemovedBy             *string  `json:"removed_by"`
	RespinOf              *string  `json:"respin_of"`
	ResultRepo            string   `json:"result_repo"`
	ResultRepofile        string   `json:"result_repofile"`
	Results               []string `json:"results"`
	ScratchBuildTasks     *string  `json:"scratch_build_tasks"`
	ScratchModules        *string  `json:"scratch_modules"`
	Sigkeys               string   `json:"sigkeys"`
	Source                string   `json:"source"`
	SourceType            int      `json:"source_type"`
	State                 int      `json:"state"`
	StateName             string   `json:"state_name"`
	StateReason           *string  `json:"state_reason"`
	TargetDir             string   `json:"target_dir"`
	TimeDone              *string  `json:"time_done"`
	TimeRemoved           *string  `json:"time_removed"`
	TimeStarted           *string  `json:"time_started"`
	TimeSubmitted         string   `json:"time_submitted"`
	TimeToExpire          string   `json:"time_to_expire"`
	ToplevelURL           string   `json:"toplevel_url"`
}

// dump is a member that is there only in the answer about one compose, and may
// be null there.
type dump struct{ text *string }

// MarshalJSON writes the text, or null.
func (d dump) MarshalJSON() ([]byte, error) { return json.Marshal(d.text) }

// Show is the JSON of a compose as it stands in lists, in messages and in the
// answers to POST and PATCH.
func Show(c compose.Compose, at URLs) json.RawMessage { return line(encode(Form(c, at))) }

// ShowOne is the JSON of a compose where it is asked for alone: with the
// configuration Pungi would have had, or null if text is empty.
func ShowOne(c compose.Compose, at URLs, text string) json.RawMessage {
	shown := Form(c, at)
	shown.PungiConfigDump = &dump{maybe(text)}
	return line(encode(shown))
}

// ShowAll is ShowOne with what ODCS does not tell besides.
func ShowAll(c compose.Compose, at URLs, text string) json.RawMessage {
	shown := Form(c, at)
	shown.PungiConfigDump, shown.Distaff = &dump{maybe(text)}, MoreOf(c)
	return line(encode(shown))
}

// DumpKey is where the configuration of a compose is kept, if there is one.
func DumpKey(id int64) string { return "compose/dump/" + strconv.FormatInt(id, 10) + ".txt" }

// line takes the newline away, which belongs to an answer and not to a value.
func line(raw []byte) json.RawMessage { return raw[:len(raw)-1] }

// Form is a compose in ODCS's form.
func Form(c compose.Compose, at URLs) Shown {
	r := c.Request
	s := Shown{
		Arches:                       join(r.Arches),
		BaseModuleBrName:             maybe(r.BaseModuleName),
		BaseModuleBrStream:           maybe(r.BaseModuleStream),
		BaseModuleBrStreamVersionGTE: number(r.BaseModuleVersionGTE),
		BaseModuleBrStreamVersionLTE: number(r.BaseModuleVersionLTE),
		Builds:                       maybe(join(r.Builds)),
		ComposeType:                  r.ComposeType,
		Flags:                        FlagNames(r.Flags),
		ID:                           c.ID,
		KojiEvent:                    number(r.Event),
		Label:                        maybe(r.Label),
		LookasideRepos:               join(r.LookasideRepos),
		ModularKojiTags:              maybe(join(r.ModularKojiTags)),
		ModuleDefaultsURL:            maybe(strings.TrimSpace(r.ModuleDefaultsURL + " " + r.ModuleDefaultsCommit)),
		Modules:                      maybe(join(r.Modules)),
		MultilibArches:               join(r.MultilibArches),
		MultilibMethod:               int(r.MultilibMethod),
		Owner:                        c.Owner,
		Packages:                     maybe(join(r.Packages)),
		ParentPungiComposeIDs:        maybe(join(r.Parents)),
		PungiComposeID:               maybe(c.PungiID),
		RemovedBy:                    maybe(c.RemovedBy),
		RespinOf:                     maybe(r.RespinOf),
		Results:                      ResultNames(r.Results),
		ScratchBuildTasks:            maybe(join(r.ScratchBuildTasks)),
		ScratchModules:               maybe(join(r.ScratchModules)),
		Sigkeys:                      join(r.Sigkeys),
		Source:                       join(r.Source),
		SourceType:                   int(r.SourceType),
		State:                        int(c.State),
		StateName:                    c.State.String(),
		StateReason:                  maybe(stateReason(c)),
		TargetDir:                    "default",
		TimeDone:                     moment(c.Done),
		TimeRemoved:                  moment(c.Removed),
		TimeStarted:                  moment(c.Started),
		TimeSubmitted:                stamp(c.Submitted),
		TimeToExpire:                 stamp(c.Expires),
	}
	if r.TargetDir != "" {
		s.TargetDir = r.TargetDir
	}
	s.place(c, at)
	return s
}

// place sets the addresses. A compose that shares another's content answers
// with that one's; one in a directory of its own has none, nor has raw_config a
// repository (models.py: result_repo_url, toplevel_url).
func (s *Shown) place(c compose.Compose, at URLs) {
	if c.Request.TargetDir != "" {
		return
	}
	name := compose.Name(c.DirOf())
	s.ToplevelURL = at.Composes + "/" + name
	if c.Request.SourceType != compose.RawConfig {
		s.ResultRepo = s.ToplevelURL + "/compose/Temporary"
		s.ResultRepofile = s.ResultRepo + "/" + name + ".repo"
	}
}

func join(list []string) string { return strings.Join(list, " ") }

// maybe is null for what is not there.
func maybe(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func number(n int64) *int64 {
	if n == 0 {
		return nil
	}
	return &n
}

func moment(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return maybe(stamp(t))
}

// stamp is a time in UTC, to the second.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// stateReason is ODCS's, and why the making cannot go on at present, which ODCS has no
// word for: who waits sees what it is that one waits for.
func stateReason(c compose.Compose) string {
	if c.State != compose.Generating || c.Trouble == "" {
		return c.Reason
	}
	return c.Reason + ". It cannot go on now and is tried again: " + c.Trouble
}
