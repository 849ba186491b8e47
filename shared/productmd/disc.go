package productmd

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Disc is what .discinfo and media.repo tell of a tree.
type Disc struct {
	Description string // "Fedora 45"
	Arch        string
	Made        time.Time
}

// WriteDiscInfo writes .discinfo, by which Anaconda knows a disc.
func (d Disc) WriteDiscInfo(w io.Writer) error {
	if strings.ContainsFunc(d.Description+d.Arch, control) || d.Description == "" || d.Arch == "" {
		return wrong(".discinfo of %.80q for %.40q", d.Description, d.Arch)
	}
	_, err := fmt.Fprintf(w, "%s\n%s\n%s\nALL\n", d.timestamp(), d.Description, d.Arch)
	return err
}

// WriteMediaRepo writes media.repo, the repository that an installed system
// has of the disc.
func (d Disc) WriteMediaRepo(w io.Writer) error {
	if strings.ContainsFunc(d.Description, control) || d.Description == "" {
		return wrong("media.repo of %.80q", d.Description)
	}
	_, err := fmt.Fprintf(w, "[InstallMedia]\nname=%s\nmediaid=%s\nmetadata_expire=-1\ngpgcheck=0\ncost=500\n",
		d.Description, d.timestamp())
	return err
}

// timestamp is Unix seconds with six places, as Python's %f has them.
func (d Disc) timestamp() string {
	return fmt.Sprintf("%d.%06d", d.Made.Unix(), d.Made.Nanosecond()/1000)
}
