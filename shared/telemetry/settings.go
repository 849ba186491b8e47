package telemetry

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
)

// settings are what the environment says.
type settings struct {
	traces, metrics *exporter
	delay           time.Duration
	temporality     sdkmetric.TemporalitySelector
}

// environment reads variables and collects what is wrong with them.
type environment struct {
	lookup   func(string) (string, bool)
	problems []error
}

// of gives a variable of a signal (TRACES, METRICS), else the one for both.
func (e *environment) of(signal, name string) string {
	if v := e.get("OTEL_EXPORTER_OTLP_" + signal + "_" + name); v != "" {
		return v
	}
	return e.get("OTEL_EXPORTER_OTLP_" + name)
}

func (e *environment) get(name string) string {
	v, _ := e.lookup(name)
	return strings.TrimSpace(v)
}

func (e *environment) problem(format string, args ...any) {
	e.problems = append(e.problems, fmt.Errorf(format, args...))
}

func settingsOf(lookup func(string) (string, bool)) (settings, error) {
	e := &environment{lookup: lookup}
	if strings.EqualFold(e.get("OTEL_SDK_DISABLED"), "true") {
		return settings{}, nil
	}
	s := settings{delay: 5 * time.Second, temporality: deltaTemporality}
	s.traces = e.exporter("TRACES", "/v1/traces")
	s.metrics = e.exporter("METRICS", "/v1/metrics")
	if text := e.get("OTEL_BSP_SCHEDULE_DELAY"); text != "" {
		s.delay = e.milliseconds("OTEL_BSP_SCHEDULE_DELAY", text)
	}
	// The specification's default is cumulative. But an instance lives for a
	// minute, and its sums would each be a series of its own for ever.
	switch kind := strings.ToLower(e.get("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE")); kind {
	case "", "delta", "lowmemory":
	case "cumulative":
		s.temporality = sdkmetric.DefaultTemporalitySelector
	default:
		e.problem("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: %.40q is none; write delta or cumulative", kind)
	}
	return s, errors.Join(e.problems...)
}

func deltaTemporality(sdkmetric.InstrumentKind) metricdata.Temporality {
	return metricdata.DeltaTemporality
}

func (e *environment) milliseconds(name, text string) time.Duration {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		e.problem("%s: %.40q is no number of milliseconds", name, text)
	}
	return time.Duration(n) * time.Millisecond
}

// exporter makes what sends one signal; nil if it is not wanted. What is wrong is
// told without the values: an address may hold a key.
func (e *environment) exporter(signal, path string) *exporter {
	if e.get("OTEL_"+signal+"_EXPORTER") == "none" {
		return nil
	}
	name := "OTEL_EXPORTER_OTLP_" + signal + "_ENDPOINT"
	address := e.get(name) // is taken as it is; the common one is a base
	if address == "" {
		name = "OTEL_EXPORTER_OTLP_ENDPOINT"
		if address = e.get(name); address == "" {
			return nil
		}
		address = strings.TrimRight(address, "/") + path
	}
	if u, err := url.Parse(address); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		e.problem("%s: is no http address", name)
		return nil
	}
	switch protocol := e.of(signal, "PROTOCOL"); protocol {
	case "", "http/protobuf":
	default:
		e.problem("OTEL_EXPORTER_OTLP_PROTOCOL: %.20q is not spoken here; write http/protobuf, and the collector's port for it, mostly 4318", protocol)
	}
	out := &exporter{address: address, header: http.Header{}, timeout: 10 * time.Second}
	if text := e.of(signal, "TIMEOUT"); text != "" {
		out.timeout = e.milliseconds("OTEL_EXPORTER_OTLP_TIMEOUT", text)
	}
	out.gzip = e.of(signal, "COMPRESSION") == "gzip"
	for pair := range strings.SplitSeq(e.of(signal, "HEADERS"), ",") {
		key, value, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		switch {
		case strings.TrimSpace(pair) == "":
		case !ok || err != nil || strings.ContainsAny(value, "\r\n"):
			e.problem("OTEL_EXPORTER_OTLP_HEADERS: is not of the form name=value,name=value with %%XX for odd letters")
		default:
			out.header.Set(strings.TrimSpace(key), value)
		}
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: 5 * time.Second, IdleConnTimeout: 90 * time.Second, MaxIdleConnsPerHost: 2}
	if file := e.of(signal, "CERTIFICATE"); file != "" {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		raw, err := os.ReadFile(file)
		if err != nil || !pool.AppendCertsFromPEM(raw) {
			e.problem("OTEL_EXPORTER_OTLP_CERTIFICATE: no certificate is in %.200s", file)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	out.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return out
}

// resourceFrom is what the environment says of the instance.
func resourceFrom(lookup func(string) (string, bool)) (*resource.Resource, error) {
	e := &environment{lookup: lookup}
	var attrs []attribute.KeyValue
	for pair := range strings.SplitSeq(e.get("OTEL_RESOURCE_ATTRIBUTES"), ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		key, value, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if !ok || err != nil {
			return nil, errors.New("OTEL_RESOURCE_ATTRIBUTES: is not of the form name=value,name=value with %XX for odd letters")
		}
		attrs = append(attrs, attribute.String(strings.TrimSpace(key), value))
	}
	if name := e.get("OTEL_SERVICE_NAME"); name != "" {
		attrs = append(attrs, attribute.String("service.name", name))
	}
	return resource.NewSchemaless(attrs...), nil
}
