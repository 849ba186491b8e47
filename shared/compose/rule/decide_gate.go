package rule

import (
	"slices"

	"github.com/distaff-project/distaff/shared/event"
	"github.com/distaff-project/distaff/shared/rpm"
)

// take makes what happened the reason of this round, with all that has to pass
// the gate before there can be a compose: what the gate was shut for before is
// still in the tag, and what came while the gate was asked is there by now.
func (t *turn) take() {
	r := Reason{}
	if w := t.s.Working; w != nil {
		r = *w
		r.Texts, r.Subjects = slices.Clone(w.Texts), slices.Clone(w.Subjects)
	}
	r.add(t.s.Shut)
	if p := t.s.Pending; p != nil {
		if r.Times == 0 {
			r.First = p.First
		}
		r.Times += p.Times
		r.Unasked += p.Unasked
		r.Texts = append(r.Texts, p.Texts...)
		r.Texts = r.Texts[max(0, len(r.Texts)-textsMost):]
		r.add(p.Subjects)
	}
	t.s.Working, t.s.Pending, t.s.Shut = &r, nil, nil
}

// add adds what a gate is to be asked about. A build takes the place of one of
// the same package: a tag has the newest.
func (r *Reason) add(subjects []event.GateSubject) {
	all := slices.Clone(r.Subjects)
	size := 0
	for _, s := range all {
		size += sizeOf(s)
	}
	for _, s := range subjects {
		same := func(other event.GateSubject) bool {
			return other.Type == s.Type && other.Tag == s.Tag && (other.Item == s.Item || s.Type == event.SubjectBuild && rpm.NameOf(other.Item) == rpm.NameOf(s.Item))
		}
		if at := slices.IndexFunc(all, same); at >= 0 {
			size -= sizeOf(all[at])
			all = slices.Delete(all, at, at+1)
		}
		if size += sizeOf(s); size > subjectsMost {
			size -= sizeOf(s)
			r.Unasked++
			continue
		}
		all = append(all, s)
	}
	r.Subjects = all
}

// gone forgets a build that left the tag it came by: nobody need be asked about
// it.
func (t *turn) gone(pending *Reason, build event.GateSubject) {
	without := func(list []event.GateSubject) []event.GateSubject {
		return slices.DeleteFunc(slices.Clone(list), func(s event.GateSubject) bool { return s == build })
	}
	pending.Subjects, t.s.Shut = without(pending.Subjects), without(t.s.Shut)
	if t.s.Working != nil {
		w := *t.s.Working
		w.Subjects = without(w.Subjects)
		t.s.Working = &w
	}
}

// sizeOf is about how many bytes a subject takes in a document.
func sizeOf(s event.GateSubject) int { return len(s.Type) + len(s.Item) + len(s.Tag) + 40 }

// builds are those of what a gate was asked about. Updates come with their
// builds, and one that nobody pushes would keep the gate shut for ever.
func (r *Reason) builds() []event.GateSubject {
	return slices.DeleteFunc(slices.Clone(r.Subjects), func(s event.GateSubject) bool { return s.Type != event.SubjectBuild })
}
