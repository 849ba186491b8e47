package manifest

import (
	"errors"
	"net/url"

	"go.yaml.in/yaml/v3"

	"github.com/distaff-project/distaff/infra/local/broker/filter"
)

func (r *reader) broker(n *yaml.Node, top fields, o *Object, set *Set) {
	var b Broker
	var config Ref
	top["spec"] = func(n *yaml.Node, at string) {
		r.object(n, at, fields{
			"config":   func(n *yaml.Node, at string) { r.ref(n, at, &config) },
			"delivery": r.delivery(&b.Delivery),
		})
	}
	r.object(n, "", top)
	b.Object = *o
	set.Brokers = append(set.Brokers, b)
}

func (r *reader) trigger(n *yaml.Node, top fields, o *Object, set *Set) {
	var t Trigger
	top["spec"] = func(n *yaml.Node, at string) {
		r.object(n, at, fields{
			"broker": r.text(&t.Broker),
			"filter": func(n *yaml.Node, at string) {
				r.object(n, at, fields{"attributes": r.texts(&t.Attributes)})
			},
			"filters":    func(n *yaml.Node, at string) { t.Filters = r.filters(n, at, 0) },
			"subscriber": r.destination(&t.Subscriber),
			"delivery":   r.delivery(&t.Delivery),
		})
	}
	r.object(n, "", top)
	if len(r.errs) > 0 {
		return
	}
	if t.Broker == "" {
		r.failAt("spec.broker", "is missing")
	}
	if t.Subscriber == (Destination{}) {
		r.failAt("spec.subscriber", "is missing")
	}
	t.Object = *o
	t.Filter = r.filter(t.Attributes, t.Filters)
	set.Triggers = append(set.Triggers, t)
}

// filter checks both forms, although only one of them counts: so does the
// webhook.
func (r *reader) filter(attributes map[string]string, exprs []filter.Expr) filter.Filter {
	old, err := filter.Attributes(attributes)
	r.filterError("spec.filter.attributes", err)
	newer, err := filter.Compile(exprs)
	r.filterError("spec.filters", err)
	if len(exprs) > 0 {
		return newer
	}
	return old
}

func (r *reader) filterError(field string, err error) {
	var wrong *filter.Error
	if errors.As(err, &wrong) {
		r.failAt(field+wrong.Path, wrong.Problem)
	}
}

// mostNesting is far above what a person can read.
const mostNesting = 16

func (r *reader) filters(n *yaml.Node, at string, depth int) []filter.Expr {
	exprs := []filter.Expr{}
	r.list(n, at, func(n *yaml.Node, at string) {
		exprs = append(exprs, r.expr(n, at, depth+1))
	})
	return exprs
}

func (r *reader) expr(n *yaml.Node, at string, depth int) (expr filter.Expr) {
	if depth > mostNesting {
		r.fail(n, at, "is nested deeper than %d filters", mostNesting)
		return expr
	}
	r.object(n, at, fields{
		"exact":  r.texts(&expr.Exact),
		"prefix": r.texts(&expr.Prefix),
		"suffix": r.texts(&expr.Suffix),
		"all":    func(n *yaml.Node, at string) { expr.All = r.filters(n, at, depth) },
		"any":    func(n *yaml.Node, at string) { expr.Any = r.filters(n, at, depth) },
		"not": func(n *yaml.Node, at string) {
			inner := r.expr(n, at, depth+1)
			expr.Not = &inner
		},
		"cesql": r.text(&expr.CESQL),
	})
	return expr
}

func (r *reader) ref(n *yaml.Node, at string, ref *Ref) {
	before := len(r.errs)
	r.object(n, at, fields{
		"apiVersion": r.text(&ref.APIVersion),
		"kind":       r.text(&ref.Kind),
		"name":       r.name(&ref.Name),
		"namespace":  r.name(&ref.Namespace),
	})
	if len(r.errs) == before && (ref.APIVersion == "" || ref.Kind == "" || ref.Name == "") {
		r.fail(n, at, "wants apiVersion, kind and name")
	}
}

func (r *reader) destination(into *Destination) func(*yaml.Node, string) {
	return func(n *yaml.Node, at string) {
		var certs, audience string // for a cluster with TLS or OIDC
		before := len(r.errs)
		r.object(n, at, fields{
			"ref":      func(n *yaml.Node, at string) { r.ref(n, at, &into.Ref) },
			"uri":      r.text(&into.URI),
			"CACerts":  r.text(&certs),
			"audience": r.text(&audience),
		})
		if len(r.errs) > before {
			return
		}
		address, err := url.Parse(into.URI)
		switch {
		case err != nil:
			r.fail(n, at+".uri", "is no address")
		case into.Ref.Name == "" && into.URI == "":
			r.fail(n, at, "wants ref or uri")
		case into.Ref.Name == "" && (address.Host == "" || address.Scheme != "http" && address.Scheme != "https"):
			r.fail(n, at+".uri", "wants a whole http or https address when there is no ref")
		case into.Ref.Name != "" && address.IsAbs():
			r.fail(n, at+".uri", "wants a path when there is a ref")
		}
	}
}
