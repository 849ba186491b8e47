package fedmsgtest

// Fate is what becomes of a message on its way from the exchange to the
// queues. The archive gets it in any case.
type Fate int

// The fates.
const (
	Delivered  Fate = iota // to every queue bound, as it should be
	Dropped                // to none: as if the queue had not been there
	Duplicated             // twice
	Late                   // after the one published next
)

// faults are what goes wrong next. The bus's lock guards them.
type faults struct {
	fate       func(topic, id string) Fate
	deliveries int // until a cut; 0 is never
	acks       int
	held       []*message
	refusals   int // answers of the archive that are 504
}

func (f *faults) delivery() bool { return count(&f.deliveries) }

func (f *faults) ack() bool { return count(&f.acks) }

func count(left *int) bool {
	if *left == 0 {
		return false
	}
	*left--
	return *left == 0
}

// Fates decides about each message published from now on; nil ends it.
func (b *Bus) Fates(decide func(topic, id string) Fate) {
	b.locked(func() { b.faults.fate = decide })
}

// Cut ends every connection without a word and says how many there were.
func (b *Bus) Cut() int {
	var cut int
	b.locked(func() {
		for c := range b.conns {
			c.cut()
			cut++
		}
	})
	return cut
}

// CutOnDelivery cuts a connection instead of making the nth delivery from now:
// to the queue it was delivered, the client has not seen it.
func (b *Bus) CutOnDelivery(n int) { b.locked(func() { b.faults.deliveries = n }) }

// CutOnAck cuts a connection instead of hearing the nth ack from now: the
// client has done its work, and will be given it again.
func (b *Bus) CutOnAck(n int) { b.locked(func() { b.faults.acks = n }) }

// ArchiveFails has the archive answer 504 n times, as it does under load.
func (b *Bus) ArchiveFails(n int) { b.locked(func() { b.faults.refusals = n }) }

// DeleteQueue removes a queue with all in it, as the public broker does after
// an hour without consumer.
func (b *Bus) DeleteQueue(name string) {
	b.locked(func() {
		if q := b.queues[name]; q != nil {
			b.remove(q)
		}
	})
}
