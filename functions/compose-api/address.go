package composeapi

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// What may stand in links.
var (
	aHost   = regexp.MustCompile(`^[A-Za-z0-9._-]+(:[0-9]+)?$|^\[[0-9a-fA-F:.]+\](:[0-9]+)?$`)
	aFolder = regexp.MustCompile(`^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$`)
)

// address is where this API is for whoever called it, without a slash at the
// end. A proxy of ours tells it as ODCS's does.
func (a api) address(r *http.Request) string {
	if a.URL != "" {
		return strings.TrimSuffix(a.URL, "/")
	}
	scheme, host, folder := "http", r.Host, mounted(r)
	if r.TLS != nil {
		scheme = "https"
	}
	if a.TrustProxy {
		for _, name := range []string{"X-Forwarded-Proto", "X-Scheme"} {
			if text := header(r, name); text == "http" || text == "https" {
				scheme = text
			}
		}
		if text := header(r, "X-Forwarded-Host"); text != "" {
			host = text
		}
		if text := strings.TrimSuffix(header(r, "X-Script-Name"), "/"); isFolder(text) {
			folder = text
		}
	}
	if !aHost.MatchString(host) {
		host = "localhost"
	}
	return scheme + "://" + host + folder
}

// header is the first of what proxies said.
func header(r *http.Request, name string) string {
	first, _, _ := strings.Cut(r.Header.Get(name), ",")
	return strings.TrimSpace(first)
}

// mounted is the folder of our server this function is in, which was cut off
// the path before it came here.
func mounted(r *http.Request) string {
	u, err := url.ParseRequestURI(r.RequestURI)
	if err != nil {
		return ""
	}
	folder, ok := strings.CutSuffix(u.Path, r.URL.Path)
	if !ok || !isFolder(folder) {
		return ""
	}
	return folder
}

func isFolder(path string) bool { return aFolder.MatchString(path) }
