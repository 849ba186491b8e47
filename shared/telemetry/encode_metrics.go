package telemetry

import (
	"math"
	"time"

	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	"google.golang.org/protobuf/encoding/protowire"
)

// encodeMetrics writes an ExportMetricsServiceRequest (metrics.proto).
func encodeMetrics(res *resource.Resource, data metricdata.ResourceMetrics) []byte {
	return all(res, func(m *message) {
		for _, scope := range data.ScopeMetrics {
			for _, metric := range scope.Metrics {
				m.in(2, func(m *message) { m.metric(metric) })
			}
		}
	})
}

func (m *message) metric(metric metricdata.Metrics) {
	m.text(1, metric.Name)
	m.text(2, metric.Description)
	m.text(3, metric.Unit)
	switch data := metric.Data.(type) { // these two are all that package telemetry uses
	case metricdata.Sum[int64]:
		m.in(7, func(m *message) {
			for _, point := range data.DataPoints {
				m.in(1, func(m *message) {
					m.span3(point.StartTime, point.Time)
					m.fixed(6, uint64(point.Value)) //nolint:gosec // two's complement
					m.attributes(7, point.Attributes.ToSlice())
				})
			}
			m.number(2, temporality(data.Temporality))
			m.number(3, protowire.EncodeBool(data.IsMonotonic))
		})
	case metricdata.Histogram[float64]:
		m.in(9, func(m *message) {
			for _, point := range data.DataPoints {
				m.in(1, func(m *message) { m.histogram(point) })
			}
			m.number(2, temporality(data.Temporality))
		})
	}
}

func (m *message) histogram(point metricdata.HistogramDataPoint[float64]) {
	m.span3(point.StartTime, point.Time)
	m.fixed(4, point.Count)
	m.float(5, point.Sum)
	var counts, bounds []byte
	for _, n := range point.BucketCounts {
		counts = protowire.AppendFixed64(counts, n)
	}
	for _, bound := range point.Bounds {
		bounds = protowire.AppendFixed64(bounds, math.Float64bits(bound))
	}
	m.bytes(6, counts)
	m.bytes(7, bounds)
	m.attributes(9, point.Attributes.ToSlice())
	if least, ok := point.Min.Value(); ok {
		m.float(11, least)
	}
	if most, ok := point.Max.Value(); ok {
		m.float(12, most)
	}
}

// span3 writes the stretch of time a point is about, fields 2 and 3 of all kinds
// of points.
func (m *message) span3(from, to time.Time) {
	m.fixed(2, uint64(from.UnixNano()))
	m.fixed(3, uint64(to.UnixNano()))
}

// temporality numbers DELTA 1 and CUMULATIVE 2.
func temporality(t metricdata.Temporality) uint64 {
	if t == metricdata.DeltaTemporality {
		return 1
	}
	return 2
}
