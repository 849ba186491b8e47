package kojitest

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"time"
)

// taggedInfo is a row of listTagged.
func (s *Server) taggedInfo(b tagged, extra bool) map[string]any {
	row := map[string]any{
		"tag_id": b.tag, "tag_name": s.past.Tags[b.tag-1].Name, "create_event": b.event,
		"id": b.ID, "build_id": b.ID, "version": b.Version, "release": b.Release, "epoch": epoch(b.Epoch, b.HasEpoch),
		"state": int64(b.State), "completion_time": iso(b.Completed), "promotion_time": nil, "start_time": iso(b.Created),
		"task_id": orNil(b.Task), "draft": b.Draft, "owner_id": s.userID(b.Owner), "owner_name": b.Owner,
		"promoter_id": nil, "promoter_name": nil, "creation_event_id": b.Event, "creation_time": iso(b.Created),
		"volume_id": volumeID(b.Volume), "volume_name": b.Volume, "package_id": b.Package,
		"package_name": b.Name, "name": b.Name, "nvr": b.String(),
	}
	if extra {
		row["extra"] = extraOf(b.buildRow)
	}
	return row
}

// buildInfo is what getBuild answers.
func (s *Server) buildInfo(b *buildRow) map[string]any {
	row := s.taggedInfo(tagged{buildRow: b, tag: 1}, true)
	for _, name := range []string{"tag_id", "tag_name", "create_event"} {
		delete(row, name)
	}
	row["creation_ts"], row["start_ts"], row["completion_ts"], row["promotion_ts"] = ts(b.Created), ts(b.Created), ts(b.Completed), nil
	row["source"], row["cg_id"], row["cg_name"] = nil, nil, nil
	if b.Source != "" {
		row["source"] = b.Source
	}
	if b.Generator != "" {
		row["cg_id"], row["cg_name"] = 1, b.Generator
	}
	return row
}

func extraOf(b *buildRow) any {
	if b.Extra == nil {
		return nil
	}
	return b.Extra
}

func (s *Server) userID(name string) int64 {
	i := slices.IndexFunc(s.users, func(u *user) bool { return u.name == name })
	return int64(i + 1) // 0 for one that has no account any more
}

func epoch(n int, has bool) any {
	if !has {
		return nil
	}
	return n
}

func orNil(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

// volumeID numbers the store of a build. Only that there is another one shows.
func volumeID(name string) int64 {
	if name == "DEFAULT" {
		return 0
	}
	return 1
}

// iso is Python's isoformat(" ") of a time in microseconds; nil for none.
func iso(micro int64) any {
	if micro == 0 {
		return nil
	}
	row := map[string]any{}
	putTime(row, "x", time.UnixMicro(micro))
	return row["x_time"]
}

func ts(micro int64) any {
	if micro == 0 {
		return nil
	}
	return float64(micro) / 1e6
}

// rpmInfo is a row of listBuildRPMs and getRPM.
func rpmInfo(p *rpmRow, draft bool) map[string]any {
	return map[string]any{
		"id": p.ID, "name": p.Name, "version": p.Version, "release": p.Release, "epoch": epoch(p.Epoch, p.HasEpoch), "arch": p.Arch,
		"build_id": p.Build, "buildroot_id": nil, "buildtime": p.Built, "size": p.Size, "payloadhash": p.MD5,
		"external_repo_id": 0, "external_repo_name": "INTERNAL", "metadata_only": false, "draft": draft, "extra": nil,
	}
}

// rpmInList is a row of listTaggedRPMS. It is written straight to the answer: a
// tag has tens of thousands.
type rpmInList struct {
	row              *rpmRow
	draft, extra     bool
	signed, unsigned bool // asked for signatures; there is none, not even of none
	sigkey           string
}

func (p rpmInList) encode(out *bytes.Buffer) {
	text := func(name, value string) {
		out.WriteString("<member>\n<name>" + name + "</name>\n<value><string>")
		escape(out, value)
		out.WriteString("</string></value>\n</member>\n")
	}
	none := func(name string) {
		out.WriteString("<member>\n<name>" + name + "</name>\n<value><nil/></value></member>\n")
	}
	whole := func(name string, value int64) {
		kind := "int"
		if value > math.MaxInt32 {
			kind = "i8"
		}
		fmt.Fprintf(out, "<member>\n<name>%s</name>\n<value><%s>%d</%s></value>\n</member>\n", name, kind, value, kind)
	}
	flag := func(name string, value bool) {
		digit := "0"
		if value {
			digit = "1"
		}
		out.WriteString("<member>\n<name>" + name + "</name>\n<value><boolean>" + digit + "</boolean></value>\n</member>\n")
	}
	out.WriteString("<value><struct>\n")
	text("name", p.row.Name)
	text("version", p.row.Version)
	text("release", p.row.Release)
	text("arch", p.row.Arch)
	whole("id", p.row.ID)
	if p.row.HasEpoch {
		whole("epoch", int64(p.row.Epoch))
	} else {
		none("epoch")
	}
	flag("draft", p.draft)
	text("payloadhash", p.row.MD5)
	whole("size", p.row.Size)
	whole("buildtime", p.row.Built)
	none("buildroot_id")
	whole("build_id", p.row.Build)
	flag("metadata_only", false)
	switch {
	case !p.signed:
	case p.unsigned:
		none("sigkey")
	default:
		text("sigkey", p.sigkey)
	}
	if p.extra {
		none("extra")
	}
	out.WriteString("</struct></value>\n")
}
