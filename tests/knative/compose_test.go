package knative

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/distaff-project/distaff/shared/koji/kojitest"
)

// A compose is asked for as ODCS's clients do, and is what dnf can install from;
// asked for once more it is the same; and a fix that is tagged is in the latest
// compose of its tag within a tick of the clock.
func TestAComposeIsMadeAndARuleMakesAnother(t *testing.T) {
	s := onStage(t)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	const tag = "f45-knative"
	if err := s.world.Koji.AddBulk(kojitest.Bulk{Tag: tag, Builds: 40, RPMs: 2}); err != nil {
		t.Fatal(err)
	}
	request := `{"source": {"type": "tag", "source": "` + tag + `", "sigkeys": [""]}, "flags": ["no_deps"], "arches": ["x86_64"]}`
	began := time.Now()
	first := s.compose(ctx, request)
	t.Logf("the first compose took %.1f s", time.Since(began).Seconds())
	if n := s.repository(ctx, fmt.Sprint(s.world.Addresses.Composes(), "/odcs-", first, "/compose/Temporary/x86_64/os/")); n < 40 {
		t.Errorf("the compose has %d packages", n)
	}
	began = time.Now()
	second := s.compose(ctx, strings.Replace(request, `"arches"`, `"label": "RC-1.0", "arches"`, 1))
	t.Logf("another of the same tag took %.1f s", time.Since(began).Seconds())
	if second == first {
		t.Error("two requests are one compose")
	}

	// The rule of the local world: f45-security, found as latest-f45-security.
	latest := s.world.Addresses.Composes() + "/latest-f45-security/"
	if err := s.world.Koji.AddPackages("f45-security", "bulk-00000"); err != nil {
		t.Fatal(err)
	}
	if err := s.world.Koji.Tag("f45-security", "bulk-00000-1.0-1.fc45", "distaff"); err != nil {
		t.Fatal(err)
	}
	began = time.Now()
	if err := s.tick(ctx); err != nil {
		t.Fatal(err)
	}
	for minutes := 0; ; minutes++ {
		if err := s.settle(ctx); err != nil {
			t.Fatal(err)
		}
		if minutes == 10 {
			_, all := fetch(ctx, t, s.nodes.Service(s.namespace, "compose-api").URL+"/api/1/composes/?per_page=1")
			t.Fatalf("no compose is the latest after ten minutes; the newest is %s", all)
		}
		if code, _ := fetch(ctx, t, latest+"f45-security.repo"); code == http.StatusOK {
			break
		}
		s.clock.advance(time.Minute)
		if err := s.tick(ctx); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("the fix was there %.1f s after the tick", time.Since(began).Seconds())
	_, mirror := fetch(ctx, t, latest+"mirrors/x86_64")
	if n := s.repository(ctx, strings.TrimSpace(string(mirror))); n == 0 {
		t.Errorf("%s has no package", mirror)
	}
}

// compose asks for a compose and waits until it is done.
func (s *stage) compose(ctx context.Context, request string) int {
	s.t.Helper()
	address := s.nodes.Service(s.namespace, "compose-api").URL + "/api/1/composes/"
	shown := struct {
		ID     int
		State  string `json:"state_name"`
		Reason string `json:"state_reason"`
	}{}
	call := func(method, address, body string) {
		r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
		if err != nil {
			s.t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			s.t.Fatal(err)
		}
		raw, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err == nil {
			err = json.Unmarshal(raw, &shown)
		}
		if err != nil || answer.StatusCode != http.StatusOK {
			s.t.Fatalf("%s %s: %d %s %v", method, address, answer.StatusCode, raw, err)
		}
	}
	call(http.MethodPost, address, request)
	for shown.State == "wait" || shown.State == "generating" {
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			s.t.Fatalf("compose %d is %s: %s", shown.ID, shown.State, shown.Reason)
		}
		call(http.MethodGet, fmt.Sprint(address, shown.ID), "")
	}
	if shown.State != "done" {
		s.t.Fatalf("compose %d is %s: %s", shown.ID, shown.State, shown.Reason)
	}
	return shown.ID
}

// repository reads a repository as dnf would, checks every checksum, and tells
// how many packages it lists.
func (s *stage) repository(ctx context.Context, address string) int {
	s.t.Helper()
	var md struct {
		Data []struct {
			Type     string `xml:"type,attr"`
			Checksum string `xml:"checksum"`
			Size     int    `xml:"size"`
			Location struct {
				Href string `xml:"href,attr"`
			} `xml:"location"`
		} `xml:"data"`
	}
	code, raw := fetch(ctx, s.t, address+"repodata/repomd.xml")
	if err := xml.Unmarshal(raw, &md); err != nil || code != http.StatusOK {
		s.t.Fatalf("%srepodata/repomd.xml: %d %v", address, code, err)
	}
	packages := 0
	for _, data := range md.Data {
		code, raw := fetch(ctx, s.t, address+data.Location.Href)
		if sum := sha256.Sum256(raw); code != http.StatusOK || hex.EncodeToString(sum[:]) != data.Checksum || len(raw) != data.Size {
			s.t.Errorf("%s: %d, %d bytes with %x", data.Location.Href, code, len(raw), sum)
		}
		if data.Type == "primary" {
			packages = s.listed(raw)
		}
	}
	return packages
}

// listed tells how many packages a primary.xml.zst says it has.
func (s *stage) listed(raw []byte) int {
	s.t.Helper()
	plain, err := unzstd(raw)
	if err != nil {
		s.t.Fatal(err)
	}
	var n int
	at := bytes.Index(plain, []byte(`packages="`))
	if at < 0 {
		s.t.Fatalf("this is no primary.xml: %.200s", plain)
	}
	_, _ = fmt.Sscanf(string(plain[at:]), `packages="%d"`, &n)
	return n
}

func fetch(ctx context.Context, t *testing.T, address string) (int, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, raw
}

// unzstd unpacks a whole file.
func unzstd(raw []byte) ([]byte, error) {
	decoder, err := zstd.NewReader(nil)
	if err != nil {
		return nil, err
	}
	defer decoder.Close()
	return decoder.DecodeAll(raw, nil)
}
