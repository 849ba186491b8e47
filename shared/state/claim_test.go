package state_test

import (
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/distaff-project/distaff/shared/blob"
	"github.com/distaff-project/distaff/shared/fn"
	"github.com/distaff-project/distaff/shared/state"
)

const build = paper + "/1/build/1"

func TestOfManyThatAskAtOnceOneAsks(t *testing.T) {
	d := newDesk()
	var ours, later atomic.Int64
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			claim, err := d.Take(t.Context(), build)
			switch code, after := fn.Verdict(err); {
			case err == nil && !claim.Answered(build) && !claim.Unsure:
				ours.Add(1)
			case code == http.StatusServiceUnavailable && after == state.Patience:
				later.Add(1)
			}
		})
	}
	wg.Wait()
	if ours.Load() != 1 || later.Load() != 49 {
		t.Errorf("%d ask, %d come later", ours.Load(), later.Load())
	}
}

func take(t *testing.T, d *desk) state.Claim {
	t.Helper()
	claim, err := d.Take(t.Context(), build)
	if err != nil {
		t.Fatal(err)
	}
	return claim
}

func TestWhatWasAnsweredIsGivenToAll(t *testing.T) {
	d := newDesk()
	claim := take(t, d)
	claim.Remote = map[string]string{build: "77"}
	if err := d.StoreClaim(t.Context(), &claim); err != nil {
		t.Fatal(err)
	}
	again := take(t, d)
	if !again.Answered(build) || again.Remote[build] != "77" || again.Unsure {
		t.Errorf("the claim is %+v", again)
	}
	if again.Answered(build, "another") {
		t.Error("another label is answered too")
	}
}

func TestARefusalIsAnAnswer(t *testing.T) {
	d := newDesk()
	claim := take(t, d)
	claim.Note = map[string]string{build: "no such target"}
	if err := d.StoreClaim(t.Context(), &claim); err != nil {
		t.Fatal(err)
	}
	if again := take(t, d); !again.Answered(build) || again.Note[build] != "no such target" {
		t.Errorf("the claim is %+v", again)
	}
}

func TestAClaimNobodyAnsweredIsTakenOverAndUnsure(t *testing.T) {
	d := newDesk()
	first := take(t, d)
	d.passes(20 * time.Second)
	_, err := d.Take(t.Context(), build)
	if _, after := fn.Verdict(err); after != 40*time.Second {
		t.Errorf("after 20 s: come back in %s, %v", after, err)
	}
	d.passes(40 * time.Second)
	second := take(t, d)
	if !second.Unsure || !second.First.Equal(first.First) || !second.Since.Equal(d.now) {
		t.Errorf("the claim is %+v", second)
	}
	if _, err := d.Take(t.Context(), build); err == nil {
		t.Error("a third took it at once")
	}
	// The first comes back to life: what it learned is too late.
	first.Remote = map[string]string{build: "77"}
	if err := d.StoreClaim(t.Context(), &first); err == nil {
		t.Error("the first overwrote the second")
	}
	second.Remote = map[string]string{build: "78"}
	if err := d.StoreClaim(t.Context(), &second); err != nil {
		t.Error(err)
	}
	if claim := take(t, d); claim.Remote[build] != "78" || !claim.Unsure {
		t.Errorf("the claim is %+v", claim)
	}
}

func TestAClaimThatIsGivenBackIsFreeAtOnce(t *testing.T) {
	d := newDesk()
	first := take(t, d)
	d.passes(time.Second)
	if err := d.GiveBack(t.Context(), &first); err != nil {
		t.Fatal(err)
	}
	second := take(t, d)
	if second.Unsure || second.Answered(build) || !second.First.Equal(first.First) || !second.Since.Equal(d.now) {
		t.Errorf("the claim is %+v", second)
	}
	_, err := d.Take(t.Context(), build)
	if code, after := fn.Verdict(err); code != http.StatusServiceUnavailable || after != state.Patience {
		t.Errorf("a third took it at once: %v", err)
	}
	if err := d.GiveBack(t.Context(), &first); err == nil {
		t.Error("the first gave back what the second holds")
	}
	d.passes(state.Patience)
	third := take(t, d)
	if !third.Unsure {
		t.Errorf("the second may have been heard: %+v", third)
	}
	if err := d.GiveBack(t.Context(), &third); err != nil {
		t.Fatal(err)
	}
	if fourth := take(t, d); !fourth.Unsure {
		t.Errorf("what was unsure before is sure now: %+v", fourth)
	}
}

func TestOfManyThatComeForAClaimGivenBackOneAsks(t *testing.T) {
	d := newDesk()
	first := take(t, d)
	if err := d.GiveBack(t.Context(), &first); err != nil {
		t.Fatal(err)
	}
	var ours, later atomic.Int64
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			_, err := d.Take(t.Context(), build)
			switch code, _ := fn.Verdict(err); {
			case err == nil:
				ours.Add(1)
			case code == http.StatusServiceUnavailable:
				later.Add(1)
			}
		})
	}
	wg.Wait()
	if ours.Load() != 1 || later.Load() != 49 {
		t.Errorf("%d ask, %d come later", ours.Load(), later.Load())
	}
}

func TestAClaimWhoseAnswerWasLostIsOurs(t *testing.T) {
	for name, step := range map[string]func(*desk) error{
		"when taken": func(d *desk) error { _, err := d.Take(t.Context(), build); return err },
		"when stored": func(d *desk) error {
			claim, err := d.Take(t.Context(), build)
			if err != nil {
				return err
			}
			d.put = lostOnce()
			claim.Remote = map[string]string{build: "77"}
			if err = d.StoreClaim(t.Context(), &claim); err != nil {
				return err
			}
			return d.StoreClaim(t.Context(), &claim) // with the tag of the write whose answer was lost
		},
		"when called off": func(d *desk) error {
			claim, err := d.Void(t.Context(), build)
			if err == nil && !claim.Void {
				err = errors.New("it is not off")
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			if name != "when stored" {
				d.put = lostOnce()
			}
			if err := step(d); err != nil {
				t.Error(err)
			}
		})
	}
}

// lostOnce stores the first write, and answers as the SDK does that repeated it.
func lostOnce() func(string, func() (blob.Tag, error)) (blob.Tag, error) {
	lost := false
	return func(_ string, do func() (blob.Tag, error)) (blob.Tag, error) {
		tag, err := do()
		if err == nil && !lost {
			lost = true
			return "", blob.ErrConflict
		}
		return tag, err
	}
}

func TestWhatIsCalledOffBeforeIsNeverAskedFor(t *testing.T) {
	d := newDesk()
	void, err := d.Void(t.Context(), build)
	if err != nil || !void.Void {
		t.Fatalf("%+v, %v", void, err)
	}
	if claim := take(t, d); !claim.Void {
		t.Errorf("the claim is %+v", claim)
	}
	d.passes(time.Hour)
	if claim := take(t, d); !claim.Void || claim.Unsure {
		t.Errorf("an hour later the claim is %+v", claim)
	}
}

func TestWhatIsCalledOffAfterIsGivenAsItIs(t *testing.T) {
	d := newDesk()
	claim := take(t, d)
	claim.Remote = map[string]string{build: "77"}
	if err := d.StoreClaim(t.Context(), &claim); err != nil {
		t.Fatal(err)
	}
	void, err := d.Void(t.Context(), build)
	if err != nil || void.Void || void.Remote[build] != "77" {
		t.Errorf("%+v, %v", void, err)
	}
}

func TestAClaimMayCoverSeveralLabels(t *testing.T) {
	d := newDesk()
	claim, err := d.Take(t.Context(), "batch", "a", "b")
	if err != nil {
		t.Fatal(err)
	}
	claim.Remote = map[string]string{"a": "1"}
	if err := d.StoreClaim(t.Context(), &claim); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Take(t.Context(), "batch", "a", "b"); err == nil {
		t.Error("half an answer is given as one")
	}
	d.passes(state.Patience)
	claim, err = d.Take(t.Context(), "batch", "a", "b")
	if err != nil || !claim.Unsure || claim.Remote["a"] != "1" {
		t.Errorf("%+v, %v", claim, err)
	}
}

func TestAClaimNobodyCanReadIsAnError(t *testing.T) {
	d := newDesk()
	if _, err := d.ReadClaim(t.Context(), build); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("ReadClaim = %v", err)
	}
	if _, err := d.Put(t.Context(), "claims/"+build+".json", []byte("{"), blob.Any); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Take(t.Context(), build); err == nil {
		t.Error("it was taken")
	}
	d.put = func(string, func() (blob.Tag, error)) (blob.Tag, error) { return "", errLost }
	if _, err := d.Take(t.Context(), "other"); !errors.Is(err, errLost) {
		t.Errorf("Take = %v", err)
	}
}

func TestPatienceOutlastsTheDeadline(t *testing.T) {
	if state.Patience < 2*fn.Deadline {
		t.Errorf("a claim is taken over after %s, and its holder may work for %s", state.Patience, fn.Deadline)
	}
}
