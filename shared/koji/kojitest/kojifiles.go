package kojitest

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/distaff-project/distaff/shared/rpm"
)

// serveFile serves what lies below Config.Dir, by ranges and with the ETag
// Apache would give it, and files that are made only now.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	trouble := s.fileTrouble(name)
	counted := &countingWriter{ResponseWriter: w, server: s}
	s.mu.Lock()
	s.stats.Files++
	delay := s.trouble.wait
	s.mu.Unlock()
	if !pause(r, delay) {
		return
	}
	raw, at := s.made(name)
	if raw == nil {
		full := filepath.Join(s.config.Dir, filepath.FromSlash(name))
		info, err := os.Stat(full)
		if err != nil || info.IsDir() || name == kept || strings.HasPrefix(name, kept) {
			if err == nil && info.IsDir() && trouble == NoFileTrouble {
				http.FileServer(http.Dir(s.config.Dir)).ServeHTTP(counted, r)
				return
			}
			http.NotFound(counted, r)
			return
		}
		if trouble == NoFileTrouble {
			w.Header().Set("ETag", etag(info.Size(), info.ModTime()))
			http.ServeFile(counted, r, full)
			return
		}
		if raw, err = os.ReadFile(full); err != nil {
			http.NotFound(counted, r)
			return
		}
		at = info.ModTime()
	}
	s.serveBytes(counted, r, name, raw, at, trouble)
}

func etag(size int64, at time.Time) string { return fmt.Sprintf(`"%x-%x"`, size, at.UnixMicro()) }

// made gives a file of a bulk; nil if there is none of that name.
func (s *Server) made(name string) ([]byte, time.Time) {
	parts := strings.Split(name, "/")
	if len(parts) < 6 || parts[0] != "packages" || !strings.HasPrefix(parts[1], "bulk-") {
		return nil, time.Time{}
	}
	nvr := rpm.NVR{Name: parts[1], EVR: rpm.EVR{Version: parts[2], Release: parts[3]}}
	key := ""
	switch {
	case len(parts) == 9 && parts[4] == "data" && parts[5] == "signed":
		key = parts[6]
	case len(parts) != 6:
		return nil, time.Time{}
	}
	b, p := s.bulkRow(name, nvr.String(), parts[len(parts)-1], key)
	if p == nil {
		return nil, time.Time{}
	}
	raw, err := bulkFile(b, p, key)
	if err != nil {
		return nil, time.Time{}
	}
	return raw, time.Unix(p.Built, 0)
}

// bulkRow finds the package of a bulk a file is of; nil if there is none, or it
// was purged.
func (s *Server) bulkRow(name, nvr, file, key string) (*buildRow, *rpmRow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.past.build(nvr)
	if b == nil || s.purged(name) {
		return nil, nil
	}
	for _, id := range b.RPMs {
		p := s.past.RPMs[id-1]
		if p.part != 0 && p.File() == file && slices.ContainsFunc(p.Sigs, func(sig sigRow) bool { return sig.Key == key }) {
			return b, p
		}
	}
	return nil, nil
}

func (s *Server) purged(name string) bool {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if s.gone[dir] {
			return true
		}
	}
	return false
}

// serveBytes serves a file that is at hand, with what is to go wrong.
func (s *Server) serveBytes(w http.ResponseWriter, r *http.Request, name string, raw []byte, at time.Time, trouble FileTrouble) {
	w.Header().Set("Content-Type", "application/x-rpm")
	switch trouble {
	case FileMissing:
		http.NotFound(w, r)
		return
	case FilesOffline:
		http.Error(w, "Service Unavailable", http.StatusServiceUnavailable)
		return
	case RangeIgnored:
		r.Header.Del("Range")
	case FileTruncated:
		raw = raw[:len(raw)/2]
	case FileChanged:
		raw = slices.Clone(raw)
		raw[len(raw)/2] ^= 0xff
	case SizeLied:
		w = &lyingWriter{ResponseWriter: w, size: int64(len(raw))}
	case ConnectionCut:
		w.Header().Set("Content-Length", fmt.Sprint(len(raw)))
		_, _ = w.Write(raw[:len(raw)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	default:
	}
	w.Header().Set("ETag", etag(int64(len(raw)), at))
	http.ServeContent(w, r, path.Base(name), at, bytes.NewReader(raw))
}

// lyingWriter says in Content-Range that a file is larger than it is.
type lyingWriter struct {
	http.ResponseWriter
	size int64
}

func (w *lyingWriter) WriteHeader(code int) {
	if head, _, found := strings.Cut(w.Header().Get("Content-Range"), "/"); found {
		w.Header().Set("Content-Range", fmt.Sprintf("%s/%d", head, w.size+4096))
	}
	w.ResponseWriter.WriteHeader(code)
}

// Stats counts what was asked of a Koji.
type Stats struct {
	Calls map[string]int // by method; those inside a multiCall too
	Files int            // requests for files
	Bytes int64          // sent of them
}

// Stats gives the counts so far.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.stats
	out.Calls = map[string]int{}
	for name, n := range s.stats.Calls {
		out.Calls[name] = n
	}
	return out
}

type countingWriter struct {
	http.ResponseWriter
	server *Server
}

// Unwrap lets http.ResponseController flush.
func (w *countingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *countingWriter) Write(raw []byte) (int, error) {
	n, err := w.ResponseWriter.Write(raw)
	w.server.mu.Lock()
	w.server.stats.Bytes += int64(n)
	w.server.mu.Unlock()
	return n, err
}
