package graph

// bundle is several functions that all say the same several events: one line
// stands for the arrows from each to each.
type bundle struct{ from, to []*spot }

// bundleLeast is how many events make a bundle.
const bundleLeast = 3

// bundle notes that all of some functions say a type, by which functions they
// are. Only what is said into the next column is drawn so.
func (d *drawing) bundle(from []*spot, to *spot) {
	key := ""
	for _, one := range from {
		key += " " + one.label
		if one.column != to.column-1 {
			for _, one := range from {
				join(one, to)
			}
			return
		}
	}
	if d.bundles[key] == nil {
		d.bundles[key] = &bundle{from: from}
	}
	d.bundles[key].to = append(d.bundles[key].to, to)
}

// unbundle draws arrows where a bundle would be of little.
func (d *drawing) unbundle() {
	for _, key := range sorted(d.bundles) {
		b := d.bundles[key]
		if len(b.from) > 1 && len(b.to) >= bundleLeast {
			for _, one := range b.from {
				one.bundled = append(one.bundled, b.to...)
			}
			for _, one := range b.to {
				one.bundled, one.receives = append(one.bundled, b.from...), true
			}
			continue
		}
		for _, to := range b.to {
			for _, from := range b.from {
				join(from, to)
			}
		}
		delete(d.bundles, key)
	}
}
