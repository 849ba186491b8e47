package config

// Prices are what `distaff cost` reckons with, in Currency. Each is that of the
// unit it names.
type Prices struct {
	Currency string `yaml:"currency"`
	// Requests to the bucket, a thousand of them.
	PutThousand  float64 `yaml:"put_thousand"`
	GetThousand  float64 `yaml:"get_thousand"`
	ListThousand float64 `yaml:"list_thousand"`
	// OutGB is a GB (2^30 bytes) read from the bucket.
	OutGB float64 `yaml:"out_gb"`
	// GBSecond is a GB of memory for a second, CPUSecond a processor.
	GBSecond  float64 `yaml:"gb_second"`
	CPUSecond float64 `yaml:"cpu_second"`
	// KojiMinute is a minute a build works, FarmMinute one a test does.
	KojiMinute float64  `yaml:"koji_minute"`
	FarmMinute float64  `yaml:"testing_farm_minute"`
	AlwaysOn   AlwaysOn `yaml:"always_on"`
}

// AlwaysOn is what the same functions would be as services that never stop.
type AlwaysOn struct {
	// Pods are how many each function has.
	Pods int `yaml:"pods"`
	// MemoryMiB and CPUMilli are what a pod may use where no instance has told;
	// a thousand CPUMilli are one processor.
	MemoryMiB int `yaml:"memory_mib"`
	CPUMilli  int `yaml:"cpu_milli"`
}

func (r *reader) completePrices(p *Prices) {
	fill(r, "prices.currency", &p.Currency, "USD")
	fill(r, "prices.put_thousand", &p.PutThousand, 0.005)
	fill(r, "prices.get_thousand", &p.GetThousand, 0.0004)
	fill(r, "prices.list_thousand", &p.ListThousand, 0.005)
	fill(r, "prices.gb_second", &p.GBSecond, 0.000002)
	fill(r, "prices.cpu_second", &p.CPUSecond, 0.000018)
	fill(r, "prices.always_on.pods", &p.AlwaysOn.Pods, 1)
	fill(r, "prices.always_on.memory_mib", &p.AlwaysOn.MemoryMiB, 128)
	fill(r, "prices.always_on.cpu_milli", &p.AlwaysOn.CPUMilli, 100)
}

// currencyMost is the longest name of a currency: it stands behind each number.
const currencyMost = 8

func (r *reader) checkPrices(p Prices) {
	if p.Currency == "" || len(p.Currency) > currencyMost {
		r.fail("prices.currency", "wants a name such as USD, at most %d long", currencyMost)
	}
	if p.AlwaysOn.Pods > 1000 {
		r.fail("prices.always_on.pods", "wants at most 1000")
	}
}
