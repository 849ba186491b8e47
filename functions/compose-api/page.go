package composeapi

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
)

const htmlType = "text/html; charset=utf-8"

//go:embed page.html
var pageText string

// page answers GET / with where to look.
func (a api) page(_ context.Context, c call) (answer, error) {
	page, err := template.New("page").Parse(pageText)
	if err != nil {
		return answer{}, fmt.Errorf("read the page: %w", err)
	}
	var b bytes.Buffer
	err = page.Execute(&b, map[string]string{"Composes": a.URLs.Composes, "API": a.address(c.Request) + "/api/1"})
	policy := http.Header{"Content-Security-Policy": {"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}}
	return answer{code: http.StatusOK, body: b.Bytes(), media: htmlType, header: policy}, err
}
