package awsaccess_test

import (
	"testing"

	"github.com/slsflow/slsflow/internal/ststest"
)

// trust is a trust policy that names one ARN, or everybody in an account.
func trust(who, externalID, actions string) string {
	condition := ""
	if externalID != "" {
		condition = `, "Condition": {"StringEquals": {"sts:ExternalId": "` + externalID + `"}}`
	}
	return `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "` + who + `"}, "Action": [` + actions + `]` + condition + `}]}`
}

const (
	alice = "arn:aws:iam::999999999999:user/alice"
	both  = `"sts:AssumeRole", "sts:TagSession"`
)

func newSTS(tb testing.TB) *ststest.Server {
	tb.Helper()
	s, err := startSTS()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s
}

// startSTS has three roles, that trust alice, and three users.
func startSTS() (*ststest.Server, error) {
	s := ststest.New()
	for arn, document := range map[string]string{
		deployRole:   trust(alice, "workshop", both),
		openRole:     trust(alice, "", both),
		untaggedRole: trust(alice, "", `"sts:AssumeRole"`),
	} {
		if err := s.Role(arn, document); err != nil {
			return nil, err
		}
	}
	s.User("AKIAALICE", alice, false)
	s.User("AKIABOB", "arn:aws:iam::999999999999:user/bob", false)
	s.User("AKIAOLD", "arn:aws:iam::999999999999:user/old", true)
	return s, nil
}
