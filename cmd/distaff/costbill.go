package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/config"
	used "github.com/distaff-project/distaff/shared/usage"
)

// bill is what was used and what that costs. Costs are in Currency.
type bill struct {
	Instance string    `json:"instance"`
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until"`
	Currency string    `json:"currency"`
	// Total is everything; AlwaysOn is what the same functions would have been
	// as services that never stop, over Measured seconds.
	Total    float64  `json:"total"`
	Measured float64  `json:"measured_seconds"`
	AlwaysOn alwaysOn `json:"always_on"`

	Instances instances  `json:"instances"`
	Bucket    bucketBill `json:"bucket"`
	Koji      minutes    `json:"koji"`
	Farm      minutes    `json:"testing_farm"`
	// Composes is a part of Instances and Bucket.
	Composes  composesBill  `json:"composes"`
	Functions []functionRow `json:"functions"`
	Packages  []packageRow  `json:"packages"`
	// Dearest are the pull requests that took most, the first most of all.
	Dearest []pullRow `json:"pull_requests"`
	// Report is what this report itself asked of the bucket.
	Report bucketBill `json:"report"`
	Notes  []string   `json:"notes,omitempty"`
}

type instances struct {
	Number     int     `json:"number"`
	Seconds    float64 `json:"seconds"`
	GBSeconds  float64 `json:"gb_seconds"`
	CPUSeconds float64 `json:"cpu_seconds"`
	Cost       float64 `json:"cost"`
}

type alwaysOn struct {
	Pods       int     `json:"pods"`
	GBSeconds  float64 `json:"gb_seconds"`
	CPUSeconds float64 `json:"cpu_seconds"`
	Cost       float64 `json:"cost"`
}

type bucketBill struct {
	Puts    int64   `json:"puts"`
	Gets    int64   `json:"gets"`
	Lists   int64   `json:"lists"`
	Deletes int64   `json:"deletes"`
	In      int64   `json:"bytes_put"`
	Out     int64   `json:"bytes_got"`
	Cost    float64 `json:"cost"`
}

type minutes struct {
	Minutes float64 `json:"minutes"`
	Cost    float64 `json:"cost"`
}

type functionRow struct {
	Function string `json:"function"`
	used.Work
	GBSeconds  float64 `json:"gb_seconds"`
	CPUSeconds float64 `json:"cpu_seconds"`
	Cost       float64 `json:"cost"`
}

type packageRow struct {
	Package string  `json:"package"`
	Runs    int     `json:"runs"`
	Koji    float64 `json:"koji_minutes"`
	Farm    float64 `json:"testing_farm_minutes"`
	Cost    float64 `json:"cost"`
}

type pullRow struct {
	PullRequest string   `json:"pull_request"`
	URL         string   `json:"url,omitempty"`
	Koji        float64  `json:"koji_minutes"`
	Farm        float64  `json:"testing_farm_minutes"`
	Cost        float64  `json:"cost"`
	Runs        []runRow `json:"runs"`
}

type runRow struct {
	Run     int     `json:"run"`
	Koji    float64 `json:"koji_minutes"`
	Farm    float64 `json:"testing_farm_minutes"`
	Cost    float64 `json:"cost"`
	Verdict string  `json:"verdict,omitempty"`
}

// dearest is how many pull requests are told of.
const dearest = 10

// reckon makes the bill. Functions are the names of all there are.
func reckon(s *spent, cfg *config.Config, functions []string, since, now time.Time) *bill {
	p := cfg.Prices
	b := &bill{Instance: cfg.Name, Since: since, Until: now, Currency: p.Currency, Notes: s.notes}
	b.instances(s.pieces, p)
	b.outside(s.runs, p)
	b.Composes = composesOf(s.composes, b.Functions)
	b.Report = bucketOf(s.asked, p)
	b.alwaysOn(s.pieces, p, functions)
	b.Total = b.Instances.Cost + b.Bucket.Cost + b.Koji.Cost + b.Farm.Cost
	if len(s.pieces) == 0 {
		b.Notes = append(b.Notes, "no instance has written what it used: those of `distaff dev` do not, and those in a cluster do when they end")
	}
	return b
}

func bucketOf(u blob.Usage, p config.Prices) bucketBill {
	return bucketBill{
		u.Puts, u.Gets, u.Lists, u.Deletes, u.In, u.Out,
		float64(u.Puts)/1000*p.PutThousand + float64(u.Gets)/1000*p.GetThousand + float64(u.Lists)/1000*p.ListThousand + float64(u.Out)/(1<<30)*p.OutGB,
	}
}

// instances adds up what instances wrote, and shares their lives among the
// functions by the time each was at work.
func (b *bill) instances(pieces []used.Piece, p config.Prices) {
	rows := map[string]*functionRow{}
	lives := map[string]bool{}
	var all blob.Usage
	for _, piece := range pieces {
		lives[piece.Service+"/"+piece.Instance] = true
		b.Instances.Seconds += piece.Seconds()
		b.Instances.GBSeconds += piece.GBSeconds()
		b.Instances.CPUSeconds += processors(piece, p)
		all.Puts++ // the piece itself
		for name, share := range shares(piece) {
			row := rows[name]
			if row == nil {
				row = &functionRow{Function: name}
				rows[name] = row
			}
			w := piece.Functions[name]
			row.Work = row.Add(w)
			row.GBSeconds += share * piece.GBSeconds()
			row.CPUSeconds += share * processors(piece, p)
			all = all.Add(blob.Usage{Gets: w.Gets, Puts: w.Puts, Lists: w.Lists, Deletes: w.Deletes, In: w.In, Out: w.Out})
		}
	}
	b.Instances.Number = len(lives)
	b.Instances.Cost = b.Instances.GBSeconds*p.GBSecond + b.Instances.CPUSeconds*p.CPUSecond
	b.Bucket = bucketOf(all, p)
	for _, row := range rows {
		own := blob.Usage{Gets: row.Gets, Puts: row.Puts, Lists: row.Lists, Out: row.Out}
		row.Cost = row.GBSeconds*p.GBSecond + row.CPUSeconds*p.CPUSecond + bucketOf(own, p).Cost
		b.Functions = append(b.Functions, *row)
	}
	slices.SortFunc(b.Functions, func(x, y functionRow) int {
		return cmp.Or(cmp.Compare(y.Cost, x.Cost), cmp.Compare(y.Seconds, x.Seconds), cmp.Compare(x.Function, y.Function))
	})
}

// processors is for how many CPU-seconds a piece is billed. One without a limit
// counts as a pod that is always on does, or with what it used if that is more:
// so the two can be compared.
func processors(piece used.Piece, p config.Prices) float64 {
	if piece.CPUs > 0 {
		return piece.CPUSeconds()
	}
	return max(piece.CPU, piece.Seconds()*float64(p.AlwaysOn.CPUMilli)/1000)
}

// shares tells which part of a piece each of its functions has; together 1. One
// in which nothing was done belongs to its service.
func shares(piece used.Piece) map[string]float64 {
	out := map[string]float64{}
	var sum float64
	for _, w := range piece.Functions {
		sum += w.Seconds
	}
	for name, w := range piece.Functions {
		if out[name] = 1 / float64(len(piece.Functions)); sum > 0 {
			out[name] = w.Seconds / sum
		}
	}
	if len(out) == 0 {
		out[piece.Service] = 1
	}
	return out
}

// outside adds up what Koji and Testing Farm worked.
func (b *bill) outside(runs []spell, p config.Prices) {
	packages, pulls := map[string]*packageRow{}, map[string]*pullRow{}
	for _, run := range runs {
		koji, farm := run.koji.Minutes(), run.farm.Minutes()
		cost := koji*p.KojiMinute + farm*p.FarmMinute
		b.Koji = minutes{b.Koji.Minutes + koji, b.Koji.Cost + koji*p.KojiMinute}
		b.Farm = minutes{b.Farm.Minutes + farm, b.Farm.Cost + farm*p.FarmMinute}
		name := run.id.Forge + "/" + run.id.Repo
		row := packages[name]
		if row == nil {
			row = &packageRow{Package: name}
			packages[name] = row
		}
		*row = packageRow{name, row.Runs + 1, row.Koji + koji, row.Farm + farm, row.Cost + cost}
		pull := pulls[run.id.String()]
		if pull == nil {
			pull = &pullRow{PullRequest: run.id.String(), URL: run.url}
			pulls[run.id.String()] = pull
		}
		pull.Koji, pull.Farm, pull.Cost = pull.Koji+koji, pull.Farm+farm, pull.Cost+cost
		pull.Runs = append(pull.Runs, runRow{run.run, koji, farm, cost, run.verdict})
	}
	for _, name := range slices.Sorted(maps.Keys(packages)) {
		b.Packages = append(b.Packages, *packages[name])
	}
	slices.SortStableFunc(b.Packages, func(x, y packageRow) int {
		return cmp.Or(cmp.Compare(y.Cost, x.Cost), cmp.Compare(y.Koji+y.Farm, x.Koji+x.Farm))
	})
	for _, name := range slices.Sorted(maps.Keys(pulls)) {
		slices.SortFunc(pulls[name].Runs, func(x, y runRow) int { return x.Run - y.Run })
		b.Dearest = append(b.Dearest, *pulls[name])
	}
	slices.SortStableFunc(b.Dearest, func(x, y pullRow) int {
		return cmp.Or(cmp.Compare(y.Cost, x.Cost), cmp.Compare(y.Koji+y.Farm, x.Koji+x.Farm))
	})
	b.Dearest = b.Dearest[:min(len(b.Dearest), dearest)]
}

// alwaysOn reckons the same functions as services that never stop: each has so
// many pods, with the memory its instances told of, for as long as instances
// were told of at all.
func (b *bill) alwaysOn(pieces []used.Piece, p config.Prices, functions []string) {
	if len(pieces) == 0 {
		return
	}
	first := b.Until
	type size struct{ gb, cpu float64 }
	sizes := map[string]size{}
	unlimited := false
	for _, piece := range pieces {
		if piece.From.Before(first) {
			first = piece.From
		}
		one := size{float64(piece.Memory) / (1 << 30), piece.CPUs}
		if one.cpu == 0 {
			one.cpu, unlimited = float64(p.AlwaysOn.CPUMilli)/1000, true
		}
		for name := range piece.Functions {
			known := sizes[name]
			sizes[name] = size{max(known.gb, one.gb), max(known.cpu, one.cpu)}
		}
	}
	b.Measured = max(0, b.Until.Sub(first).Seconds())
	for _, name := range functions {
		one, told := sizes[name]
		if !told {
			one = size{float64(p.AlwaysOn.MemoryMiB) / 1024, float64(p.AlwaysOn.CPUMilli) / 1000}
		}
		pods := float64(p.AlwaysOn.Pods)
		b.AlwaysOn.Pods += p.AlwaysOn.Pods
		b.AlwaysOn.GBSeconds += pods * one.gb * b.Measured
		b.AlwaysOn.CPUSeconds += pods * one.cpu * b.Measured
	}
	b.AlwaysOn.Cost = b.AlwaysOn.GBSeconds*p.GBSecond + b.AlwaysOn.CPUSeconds*p.CPUSecond
	if unlimited {
		b.Notes = append(b.Notes, fmt.Sprintf("some instances have no limit of processors: they count with %d milli, or with what they used if that is more", p.AlwaysOn.CPUMilli))
	}
}
