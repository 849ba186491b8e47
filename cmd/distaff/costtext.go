package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// write tells the bill: the result first, then what it is made of.
func (b *bill) write(out io.Writer) {
	_, _ = fmt.Fprintf(out, "%s took %s in the %s to %s.\n", b.Instance, b.money(b.Total), span(b.Until.Sub(b.Since)), b.Until.UTC().Format("2006-01-02 15:04"))
	if b.AlwaysOn.Pods > 0 {
		_, _ = fmt.Fprintf(out, "Always on, its %d pods alone would be %s%s.\n", b.AlwaysOn.Pods, b.money(b.AlwaysOn.Cost), b.times())
	}
	_, _ = fmt.Fprintln(out)
	rows := [][]string{{"", "", "", b.Currency}}
	if b.Instances.Number > 0 {
		rows = append(
			rows,
			[]string{"instances", count(b.Instances.GBSeconds) + " GB-s", count(b.Instances.CPUSeconds) + " CPU-s", b.price(b.Instances.Cost)},
			[]string{"always on", count(b.AlwaysOn.GBSeconds) + " GB-s", count(b.AlwaysOn.CPUSeconds) + " CPU-s", b.price(b.AlwaysOn.Cost)},
			[]string{"bucket", count(float64(b.Bucket.Puts)) + " puts", count(float64(b.Bucket.Gets)) + " gets", ""},
			[]string{"", count(float64(b.Bucket.Lists)) + " lists", size(b.Bucket.In + b.Bucket.Out), b.price(b.Bucket.Cost)},
		)
	}
	rows = append(rows, b.composeRows()...)
	columns(out, append(
		rows,
		[]string{"Koji", "", count(b.Koji.Minutes) + " min", b.price(b.Koji.Cost)},
		[]string{"Testing Farm", "", count(b.Farm.Minutes) + " min", b.price(b.Farm.Cost)},
	))
	b.writeFunctions(out)
	b.writeRuns(out)
	_, _ = fmt.Fprintf(out, "\nThis report asked the bucket for %s lists and %s gets: %s.\n", count(float64(b.Report.Lists)), count(float64(b.Report.Gets)), b.money(b.Report.Cost))
	for _, note := range b.Notes {
		_, _ = fmt.Fprintf(out, "Note: %s.\n", note)
	}
}

func (b *bill) writeFunctions(out io.Writer) {
	if len(b.Functions) == 0 {
		return
	}
	rows := [][]string{{"function", "events", "failed", "cold", "busy", "GB-s", "requests", b.Currency}}
	for _, f := range b.Functions {
		rows = append(rows, []string{
			f.Function, count(float64(f.Events)), count(float64(f.Failed)), count(float64(f.Cold)), count(f.Seconds) + " s",
			count(f.GBSeconds), count(float64(f.Requests())), b.price(f.Cost),
		})
	}
	_, _ = fmt.Fprintln(out)
	columns(out, rows)
}

// packagesMost is how many packages are told of; JSON has all.
const packagesMost = 20

func (b *bill) writeRuns(out io.Writer) {
	if len(b.Packages) == 0 {
		return
	}
	rows := [][]string{{"package", "runs", "Koji min", "Farm min", b.Currency}}
	for _, p := range b.Packages[:min(packagesMost, len(b.Packages))] {
		rows = append(rows, []string{p.Package, strconv.Itoa(p.Runs), count(p.Koji), count(p.Farm), b.price(p.Cost)})
	}
	_, _ = fmt.Fprintln(out)
	columns(out, rows)
	if more := len(b.Packages) - packagesMost; more > 0 {
		_, _ = fmt.Fprintf(out, "and %d packages more; -o json has all\n", more)
	}
	rows = [][]string{{"dearest pull requests", "runs", "Koji min", "Farm min", b.Currency}}
	for _, p := range b.Dearest {
		rows = append(rows, []string{p.PullRequest, strconv.Itoa(len(p.Runs)), count(p.Koji), count(p.Farm), b.price(p.Cost)})
	}
	_, _ = fmt.Fprintln(out)
	columns(out, rows)
}

// times says how many times as much always on would be.
func (b *bill) times() string {
	ours := b.Instances.Cost
	switch {
	case ours <= 0 || b.AlwaysOn.Cost <= 0:
		return ""
	case b.AlwaysOn.Cost >= ours:
		return fmt.Sprintf(" against %s for instances: %s times as much", b.money(ours), ratio(b.AlwaysOn.Cost/ours))
	}
	return fmt.Sprintf(" against %s for instances, which run so much that always on would be cheaper", b.money(ours))
}

func ratio(x float64) string {
	if x < 10 {
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return count(x)
}

func (b *bill) money(x float64) string { return b.price(x) + " " + b.Currency }

// price writes an amount. All have as many digits after the point, so that they
// stand below each other: two in a large bill, four in a small one.
func (b *bill) price(x float64) string {
	digits, least := 4, 0.0001
	if max(b.Total, b.AlwaysOn.Cost) >= 100 {
		digits, least = 2, 0.01
	}
	switch {
	case x == 0:
		return "0"
	case x < least:
		return "<" + strconv.FormatFloat(least, 'f', digits, 64)
	}
	return strconv.FormatFloat(x, 'f', digits, 64)
}

// count writes a quantity: small ones with one digit after the point, large ones
// in groups of three.
func count(x float64) string {
	switch {
	case x > 0 && x < 0.01:
		return "<0.01"
	case x < 1:
		return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(x, 'f', 2, 64), "0"), ".")
	case x < 100:
		return strings.TrimSuffix(strconv.FormatFloat(x, 'f', 1, 64), ".0")
	}
	text := strconv.FormatFloat(x, 'f', 0, 64)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// size writes bytes.
func size(n int64) string {
	units := []string{"bytes", "KiB", "MiB", "GiB", "TiB"}
	x := float64(n)
	for x >= 1024 && len(units) > 1 {
		x, units = x/1024, units[1:]
	}
	return count(x) + " " + units[0]
}

func span(d time.Duration) string {
	switch hours := d.Hours(); {
	case hours >= 48:
		return count(hours/24) + " days"
	case hours >= 2:
		return count(hours) + " hours"
	}
	return count(d.Minutes()) + " minutes"
}

// columns writes rows: the first column to the left, numbers to the right.
func columns(out io.Writer, rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				line.WriteString(cell + pad)
				continue
			}
			line.WriteString("  " + pad + cell)
		}
		_, _ = fmt.Fprintln(out, strings.TrimRight(line.String(), " "))
	}
}
