package mototest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Region is the region of each [Server.Config]. The server has all others too; set
// another one on a copy of the Config.
const Region = "us-east-1"

// Role is the name of the role that [Server.Config] and [Server.Env] assume. It need
// not exist: moto lets anybody assume any role.
const Role = "mototest"

// Config returns a configuration that acts in the account, such as "111111111111",
// with the credentials of an assumed role: moto knows the account of a request by its
// access key alone. The credentials are fetched when they are first needed, and again
// after [Server.Clear], so that a Config is good for as long as the server.
func (s *Server) Config(account string) aws.Config {
	return aws.Config{
		Region:       Region,
		BaseEndpoint: aws.String(s.URL),
		Credentials:  &assumed{server: s, account: account},
	}
}

// Env returns the environment variables that make an AWS command line act in the
// account: the endpoint, the region, keys of an assumed role, and, for osls, how often
// to look at a stack that is being changed (its default, five seconds, is most of the
// time that a deployment takes here). Nothing of this process's environment is in it.
func (s *Server) Env(ctx context.Context, account string) ([]string, error) {
	keys, err := s.assume(ctx, account)
	if err != nil {
		return nil, err
	}
	return []string{
		"AWS_ENDPOINT_URL=" + s.URL,
		"AWS_REGION=" + Region,
		"AWS_ACCESS_KEY_ID=" + keys.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY=" + keys.SecretAccessKey,
		"AWS_SESSION_TOKEN=" + keys.SessionToken,
		"SLS_AWS_MONITORING_FREQUENCY=200", // milliseconds
	}, nil
}

// assume returns credentials that moto takes for the account's.
func (s *Server) assume(ctx context.Context, account string) (aws.Credentials, error) {
	if !isAccount(account) { // moto would take anything
		return aws.Credentials{}, fmt.Errorf("mototest: credentials of account %q: want 12 digits", account)
	}
	client := sts.New(sts.Options{
		Region:       Region,
		BaseEndpoint: aws.String(s.URL),
		Credentials:  credentials.NewStaticCredentialsProvider("mototest", "mototest", ""),
	})
	out, err := client.AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn:         aws.String("arn:aws:iam::" + account + ":role/" + Role),
		RoleSessionName: aws.String(Role),
	})
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("mototest: credentials of account %s: %w", account, err)
	}
	return aws.Credentials{
		AccessKeyID:     aws.ToString(out.Credentials.AccessKeyId),
		SecretAccessKey: aws.ToString(out.Credentials.SecretAccessKey),
		SessionToken:    aws.ToString(out.Credentials.SessionToken),
		AccountID:       account,
		CanExpire:       true,
		Expires:         aws.ToTime(out.Credentials.Expiration),
	}, nil
}

func isAccount(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}

// assumed is the credentials of an account, fetched again when they are about to
// expire or were cleared.
type assumed struct {
	server  *Server
	account string

	mu     sync.Mutex
	resets int64 // of the server, when keys were fetched
	keys   aws.Credentials
}

var _ aws.CredentialsProvider = (*assumed)(nil)

// Retrieve implements [aws.CredentialsProvider].
func (a *assumed) Retrieve(ctx context.Context) (aws.Credentials, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	resets := a.server.resets.Load()
	if a.keys.HasKeys() && a.resets == resets && time.Until(a.keys.Expires) > time.Minute {
		return a.keys, nil
	}
	keys, err := a.server.assume(ctx, a.account)
	if err != nil {
		return aws.Credentials{}, err
	}
	a.keys, a.resets = keys, resets
	return keys, nil
}

// Setenv gives the process, until the test ends, the credentials of an account and
// none that the machine has.
func (s *Server) Setenv(t *testing.T, account string) {
	t.Helper()
	env, err := s.Env(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	for _, nameValue := range append(env, "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_EC2_METADATA_DISABLED=true") {
		name, value, _ := strings.Cut(nameValue, "=")
		t.Setenv(name, value)
	}
}
