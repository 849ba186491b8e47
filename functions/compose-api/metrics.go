package composeapi

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/distaff-project/distaff/shared/compose"
	"github.com/distaff-project/distaff/shared/compose/index"
	"github.com/distaff-project/distaff/shared/odcs"
)

// metricsType is Prometheus' text format
// (https://prometheus.io/docs/instrumenting/exposition_formats/).
const metricsType = "text/plain; version=0.0.4; charset=utf-8"

// alone is how often a commit of a raw_config must have been made to be counted
// by itself (server/odcs/server/metrics.py).
const alone = 5

// metrics answers GET /api/1/metrics/ with the names ODCS's dashboards know. The
// numbers are kept while composes change; nothing is counted here. ODCS's
// numbers of Celery workers have no counterpart: there are none; the lengths of
// its queues are how many composes wait.
func (a api) metrics(ctx context.Context, c call) (answer, error) {
	if _, err := a.authenticate(c); err != nil {
		return answer{}, err
	}
	counts, err := a.List.Counts(ctx)
	if err != nil {
		return answer{}, fmt.Errorf("count composes: %w", err)
	}
	var b strings.Builder
	composes(&b, counts)
	rawConfigs(&b, counts.Raw)
	queues(&b, counts)
	return answer{code: http.StatusOK, body: []byte(b.String()), media: metricsType}, nil
}

func head(b *strings.Builder, name, help, kind string) {
	fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

func composes(b *strings.Builder, counts index.Counts) {
	head(b, "composes_total", "Total number of composes", "gauge")
	for state, stateName := range odcs.States() {
		for _, typeName := range odcs.SourceTypes() {
			t, _ := odcs.TypeOf(typeName)
			fmt.Fprintf(b, "composes_total{source_type=%q,state=%q} %d.0\n", typeName, stateName, counts.Composes[t][compose.State(state)])
		}
	}
}

func rawConfigs(b *strings.Builder, raw []index.RawCount) {
	head(b, "raw_config_composes_count_total", "Total number of raw_config composes per source", "counter")
	var order []string
	totals := map[string]int{}
	for _, count := range raw {
		source := count.Source
		if count.Total() < alone {
			name, _, _ := strings.Cut(source, "#")
			source = name + index.OtherCommits
		}
		if _, ok := totals[source]; !ok {
			order = append(order, source)
		}
		totals[source] += count.Total()
	}
	for _, source := range order {
		fmt.Fprintf(b, "raw_config_composes_count_total{source=%q} %d.0\n", source, totals[source])
	}
	head(b, "raw_config_composes_total", "State with count", "counter")
	for _, count := range raw {
		for state, stateName := range odcs.States() {
			fmt.Fprintf(b, "raw_config_composes_total{source=%q,state=%q} %d.0\n", count.Source, stateName, count.States[state])
		}
	}
}

func queues(b *strings.Builder, counts index.Counts) {
	head(b, "celery_queue_length", "Number of tasks in the queue.", "gauge")
	waiting := map[bool]int{}
	for t, by := range counts.Composes {
		waiting[t == compose.Pulp] += by[compose.Wait]
	}
	fmt.Fprintf(b, "celery_queue_length{queue_name=\"pungi_composes\"} %d.0\n", waiting[false])
	fmt.Fprintf(b, "celery_queue_length{queue_name=\"pulp_composes\"} %d.0\n", waiting[true])
}
