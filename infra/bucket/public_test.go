package bucket

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestOpeningKeepsWhatOthersPutIntoThePolicy(t *testing.T) {
	const theirs = `{"Version":"2012-10-17","Id":"x","Statement":[{"Sid":"Theirs","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/pr/*"}]}`
	once, err := opened(theirs, "b", Public())
	if err != nil {
		t.Fatal(err)
	}
	twice, err := opened(once, "b", Public())
	if err != nil {
		t.Fatal(err)
	}
	if once != twice {
		t.Errorf("twice is otherwise than once:\n%s\n%s", once, twice)
	}
	for _, want := range []string{`"Sid":"Theirs"`, `"Id":"x"`, `"arn:aws:s3:::b/composes/*"`, `"s3:GetObject"`} {
		if !strings.Contains(once, want) {
			t.Errorf("no %s in %s", want, once)
		}
	}
	if strings.Contains(once, "ListBucket") || !json.Valid([]byte(once)) {
		t.Error(once)
	}
	if _, err := opened("{", "b", nil); err == nil {
		t.Error("a policy that cannot be read is replaced")
	}
}
