package config_test

import (
	"strings"
	"testing"

	"github.com/distaff-project/distaff/shared/config"
)

func TestPricesAreNumbersFromZeroOn(t *testing.T) {
	const rest = `
name: fedora
pages: https://ci.example.org/
bucket: {name: distaff}
forges: {fedora: {type: pagure, url: https://src.example.org, user: distaff}}
koji: {fedora: {server: https://koji.example.org/kojihub}}
checks: []
`
	cfg, err := config.Parse("c", []byte("prices: {currency: EUR, koji_minute: 1, gb_second: 1.5e-6, out_gb: 0.09, always_on: {pods: 2}}"+rest))
	if err != nil {
		t.Fatal(err)
	}
	if p := cfg.Prices; p.Currency != "EUR" || p.KojiMinute != 1 || p.GBSecond != 0.0000015 || p.OutGB != 0.09 || p.PutThousand != 0.005 || p.AlwaysOn.Pods != 2 || p.AlwaysOn.MemoryMiB != 128 {
		t.Errorf("%+v", p)
	}
	for line, want := range map[string]string{
		"prices: {gb_second: -1}":              "prices.gb_second: wants a price",
		"prices: {gb_second: free}":            "prices.gb_second: wants a price",
		"prices: {gb_second: .inf}":            "prices.gb_second: wants a price",
		"prices: {gb_second: 1e300}":           "prices.gb_second: wants a price",
		`prices: {currency: ""}`:               "prices.currency: wants a name",
		"prices: {currency: American dollars}": "prices.currency: wants a name",
		"prices: {always_on: {pods: 1001}}":    "prices.always_on.pods: wants at most",
		"prices: {gbsecond: 1}":                "did you mean gb_second?",
	} {
		if _, err := config.Parse("c", []byte(line+rest)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", line, err)
		}
	}
}
