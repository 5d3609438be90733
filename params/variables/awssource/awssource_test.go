package awssource_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go/middleware"
	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/mototest"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/params/variables/awssource"
)

// calls counts the calls of a configuration, by operation.
type calls struct {
	mu    sync.Mutex
	count map[string]int
}

func count(cfg aws.Config) (aws.Config, *calls) {
	c := &calls{count: make(map[string]int)}
	cfg = cfg.Copy()
	cfg.APIOptions = append(cfg.APIOptions, func(s *middleware.Stack) error {
		return s.Initialize.Add(middleware.InitializeMiddlewareFunc("count", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			c.mu.Lock()
			c.count[awsmiddleware.GetOperationName(ctx)]++
			c.mu.Unlock()
			return next.HandleInitialize(ctx, in)
		}), middleware.After)
	})
	return cfg, c
}

const account = "111111111111"

func sources(t *testing.T, cfg aws.Config) map[string]variables.Source {
	t.Helper()
	a, err := awssource.New(cfg, nil)
	require.NoError(t, err)
	return a.Sources()
}

func resolve(t *testing.T, sources map[string]variables.Source, text string) (*variables.Result, error) {
	t.Helper()
	doc, err := variables.ParseDocument("serverless.yml", []byte(text))
	require.NoError(t, err)
	r := variables.Resolver{Sources: sources}
	return r.Resolve(t.Context(), doc)
}

func put(t *testing.T, cfg aws.Config, name, value string, kind types.ParameterType) {
	t.Helper()
	_, err := ssm.NewFromConfig(cfg).PutParameter(t.Context(), &ssm.PutParameterInput{Name: &name, Value: &value, Type: kind, Overwrite: aws.Bool(true)})
	require.NoError(t, err)
}

func TestMoto(t *testing.T) {
	server := mototest.Start(t)
	cfg := server.Config(account)
	ireland := cfg.Copy()
	ireland.Region = "eu-west-1"

	t.Run("ssm", func(t *testing.T) {
		put(t, cfg, "/app/text", "plain", types.ParameterTypeString)
		put(t, cfg, "/app/text", "plain again", types.ParameterTypeString)
		put(t, cfg, "/app/list", "a, b,c", types.ParameterTypeStringList)
		put(t, cfg, "/app/secret", "s3cret ${env:X}", types.ParameterTypeSecureString)
		put(t, cfg, "/app/sealed", "not shown", types.ParameterTypeSecureString)
		put(t, cfg, "/app/json", `{"user": "joe", "port": 5432, "big": 9007199254740993}`, types.ParameterTypeSecureString)
		put(t, cfg, "/app/broken", `{"user"`, types.ParameterTypeSecureString)
		put(t, ireland, "/app/text", "from Ireland", types.ParameterTypeString)

		cfg, called := count(cfg)
		result, err := resolve(t, sources(t, cfg), `
text: ${ssm:/app/text}
first: ${ssm:/app/text:1}
list: ${ssm:/app/list}
rawList: ${ssm(raw):/app/list}
secret: ${ssm:/app/secret}
inText: x-${ssm:/app/secret}
json: ${ssm:/app/json}
rawJSON: ${ssm(raw):/app/json}
broken: ${ssm:/app/broken}
sealed: ${ssm(noDecrypt):/app/sealed}
there: ${ssm(eu-west-1):/app/text}
thereRaw: ${ssm(raw, eu-west-1):/app/text}
arn: ${ssm:arn:aws:ssm:us-east-1:111111111111:parameter/app/text}
none: ${ssm:/app/none, 'fallback'}
`)
		require.NoError(t, err)
		value, _ := result.Value().(map[string]any)
		require.IsType(t, "", value["sealed"]) // the cipher text is no secret
		require.NotContains(t, []string{"", "not shown"}, value["sealed"])
		delete(value, "sealed")
		secret := params.NewSecret
		require.Equal(t, map[string]any{
			"text": "plain again", "first": "plain", "list": []any{"a", " b", "c"}, "rawList": "a, b,c",
			"secret": secret("s3cret ${env:X}"), "inText": secret("x-s3cret ${env:X}"),
			"json":    map[string]any{"user": secret("joe"), "port": secret("5432"), "big": secret("9007199254740993")},
			"rawJSON": secret(`{"user": "joe", "port": 5432, "big": 9007199254740993}`),
			"broken":  secret(`{"user"`), "there": "from Ireland", "thereRaw": "from Ireland",
			"arn": "plain again", "none": "fallback",
		}, value)
		require.Equal(t, map[string]int{"GetParameters": 3, "GetParameter": 1}, called.count) // here, sealed, Ireland; a version
		for _, leaf := range result.Leaves() {
			if leaf.Path == "text" {
				require.Equal(t, []variables.Origin{{Type: "ssm", Address: "/app/text", Object: "arn:aws:ssm:us-east-1:111111111111:parameter/app/text", Version: 2}}, leaf.Origins)
			}
		}
	})

	t.Run("ssm by ten", func(t *testing.T) {
		var text strings.Builder
		for i := range 25 {
			put(t, cfg, fmt.Sprintf("/many/%d", i), fmt.Sprint("v", i), types.ParameterTypeString)
			fmt.Fprintf(&text, "a%d: ${ssm:/many/%d}\nb%d: x${ssm:/many/%d}\n", i, i, i, i)
		}
		cfg, called := count(cfg)
		all := sources(t, cfg)
		for range 3 { // documents of one run
			result, err := resolve(t, all, text.String())
			require.NoError(t, err)
			last, _ := result.At("b24")
			require.Equal(t, "xv24", last)
		}
		require.Equal(t, map[string]int{"GetParameters": 3}, called.count)
	})

	t.Run("secrets manager", func(t *testing.T) {
		server.CreateSecret(t, account, "db", `{"password":"p4ss"}`)
		result, err := resolve(t, sources(t, cfg), `
db: ${ssm:/aws/reference/secretsmanager/db}
none: ${ssm:/aws/reference/secretsmanager/none, 'fallback'}
`)
		require.NoError(t, err)
		require.Equal(t, map[string]any{"db": map[string]any{"password": params.NewSecret("p4ss")}, "none": "fallback"}, result.Value())
	})

	t.Run("cf", func(t *testing.T) {
		for region, name := range map[string]string{"us-east-1": "here", "eu-west-1": "there"} {
			in := cfg.Copy()
			in.Region = region
			_, err := cloudformation.NewFromConfig(in).CreateStack(t.Context(), &cloudformation.CreateStackInput{
				StackName:    aws.String("net-dev"),
				TemplateBody: aws.String(`{"Resources":{"T":{"Type":"AWS::SNS::Topic"}},"Outputs":{"Name":{"Value":"` + name + `"},"Port":{"Value":"80"}}}`),
			})
			require.NoError(t, err)
		}
		cfg, called := count(cfg)
		result, err := resolve(t, sources(t, cfg), `
here: ${cf:net-dev.Name}
port: ${cf:net-dev.Port}
there: ${cf(eu-west-1):net-dev.Name}
output: ${cf:net-dev.None, 'no output'}
stack: ${cf:none.Name, 'no stack'}
`)
		require.NoError(t, err)
		require.Equal(t, map[string]any{"here": "here", "port": "80", "there": "there", "output": "no output", "stack": "no stack"}, result.Value())
		require.Equal(t, map[string]int{"DescribeStacks": 3}, called.count)
	})

	t.Run("s3", func(t *testing.T) {
		client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
		_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("things")})
		require.NoError(t, err)
		for key, body := range map[string]string{"a/b.txt": "text of ${aws:region}", "binary": "\xff\xfe"} {
			_, err = client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("things"), Key: &key, Body: strings.NewReader(body)})
			require.NoError(t, err)
		}
		cfg, called := count(cfg)
		result, err := resolve(t, sources(t, cfg), "a: ${s3:things/a/b.txt}\nb: ${s3:things/a/b.txt}\nc: ${s3:things/none, 'fallback'}\n")
		require.NoError(t, err)
		require.Equal(t, map[string]any{"a": "text of us-east-1", "b": "text of us-east-1", "c": "fallback"}, result.Value())
		require.Equal(t, map[string]int{"GetObject": 2}, called.count)

		_, err = resolve(t, sources(t, cfg), "a: ${s3:nothing/x, 'fallback'}\nb: ${s3:things/binary}\n")
		require.ErrorContains(t, err, "serverless.yml:1:4: ${s3:nothing/x, 'fallback'}: s3:GetObject s3://nothing/x: NoSuchBucket: ")
		require.ErrorContains(t, err, "serverless.yml:2:4: ${s3:things/binary}: s3://things/binary is no UTF-8 text")
	})

	t.Run("aws with names", func(t *testing.T) {
		put(t, cfg, "/named/a", "here", types.ParameterTypeString)
		put(t, cfg, "/named/b", "here too", types.ParameterTypeString)
		put(t, ireland, "/named/a", "from Ireland", types.ParameterTypeString)
		cfg, called := count(cfg)
		account, err := awssource.New(cfg, nil)
		require.NoError(t, err)
		named, err := account.AccountWith(map[string]awssource.Named{"eu": {Type: "ssm", Region: "eu-west-1"}})
		require.NoError(t, err)
		result, err := resolve(t, map[string]variables.Source{"team-a": named}, `
a: ${team-a:ssm:/named/a}
b: ${team-a:ssm:/named/b}
eu: ${team-a:eu:/named/a}
back: ${team-a(us-east-1):eu:/named/a}
none: ${team-a:cf:no-stack.A, 'fallback'}
id: ${team-a:accountId}
`)
		require.NoError(t, err)
		require.Equal(t, map[string]any{"a": "here", "b": "here too", "eu": "from Ireland", "back": "here", "none": "fallback", "id": "111111111111"}, result.Value())
		require.Equal(t, map[string]int{"GetParameters": 2, "DescribeStacks": 1, "GetCallerIdentity": 1}, called.count)
		require.Equal(t, "arn:aws:ssm:us-east-1:111111111111:parameter/named/a", result.Leaves()[0].Origins[0].Object)
		for _, wrong := range []awssource.Named{{Type: "sqs"}, {Type: "ssm", Region: "nowhere"}} {
			_, err := account.AccountWith(map[string]awssource.Named{"x": wrong})
			require.ErrorContains(t, err, "x: ")
		}
	})

	t.Run("aws", func(t *testing.T) {
		cfg, called := count(cfg)
		result, err := resolve(t, sources(t, cfg), "id: ${aws:accountId}\narn: arn:${aws:partition}:iam::${aws:accountId}:root\nregion: ${aws:region}\n")
		require.NoError(t, err)
		require.Equal(t, map[string]any{"id": account, "arn": "arn:aws:iam::" + account + ":root", "region": "us-east-1"}, result.Value())
		require.Equal(t, map[string]int{"GetCallerIdentity": 1}, called.count)
	})
}

// store is a Parameter Store that refuses some names.
func store(t *testing.T, answer func(target string, names []string) (status int, body string)) aws.Config {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Name  string
			Names []string
		}
		_ = json.NewDecoder(r.Body).Decode(&in)
		if in.Name != "" {
			in.Names = []string{in.Name}
		}
		_, target, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		status, body := answer(target, in.Names)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
	}
}

// One name that may not be read does not take the others of its call with it.
func TestOneIsRefused(t *testing.T) {
	cfg := store(t, func(target string, names []string) (int, string) {
		if slices.Contains(names, "/b") {
			return http.StatusBadRequest, `{"__type":"AccessDeniedException","message":"not you"}`
		}
		require.Equal(t, "GetParameter", target)
		return http.StatusOK, `{"Parameter":{"Name":"` + names[0] + `","Type":"String","Value":"v` + names[0] + `","Version":1}}`
	})
	result, err := resolve(t, sources(t, cfg), "a: ${ssm:/a}\nb: ${ssm:/b, 'not used'}\nc: ${ssm:/c}\n")
	require.EqualError(t, err, "serverless.yml:2:4: ${ssm:/b, 'not used'}: ssm:GetParameter /b in us-east-1: AccessDeniedException: not you (let the role do ssm:GetParameter)")
	require.Equal(t, map[string]any{"a": "v/a", "b": "${ssm:/b, 'not used'}", "c": "v/c"}, result.Value())
}

// A store that is not there is one call, not one for each name.
func TestStoreIsDown(t *testing.T) {
	var asked sync.Map
	cfg := store(t, func(target string, _ []string) (int, string) {
		asked.Store(target, true)
		return http.StatusServiceUnavailable, `{"__type":"ServiceUnavailable","message":"later"}`
	})
	_, err := resolve(t, sources(t, cfg), "a: ${ssm:/a}\nb: ${ssm:/b}\n")
	require.EqualError(t, err, `serverless.yml:1:4: ${ssm:/a}: ssm:GetParameters /a in us-east-1: ServiceUnavailable: later
serverless.yml:2:4: ${ssm:/b}: ssm:GetParameters /b in us-east-1: ServiceUnavailable: later`)
	_, alone := asked.Load("GetParameter")
	require.False(t, alone)
}

func TestDeadline(t *testing.T) {
	end := make(chan struct{})
	cfg := store(t, func(string, []string) (int, string) { <-end; return http.StatusOK, "{}" })
	defer close(end)
	a, err := awssource.New(cfg, &awssource.Options{Timeout: 50 * time.Millisecond})
	require.NoError(t, err)
	_, err = resolve(t, a.Sources(), "a: ${ssm:/a}\n")
	require.EqualError(t, err, "serverless.yml:1:4: ${ssm:/a}: ssm:GetParameters /a in us-east-1: no answer within 50ms")
}

// Somebody who gives up leaves nothing behind for those who come later.
func TestGivenUp(t *testing.T) {
	begun, end := make(chan struct{}, 1), make(chan struct{})
	cfg := store(t, func(string, []string) (int, string) {
		begun <- struct{}{}
		<-end
		return http.StatusOK, `{"Parameters":[{"Name":"/a","Type":"String","Value":"v","Version":1}]}`
	})
	all := sources(t, cfg)
	doc, err := variables.ParseDocument("serverless.yml", []byte("a: ${ssm:/a}\n"))
	require.NoError(t, err)
	r := variables.Resolver{Sources: all}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { _, err := r.Resolve(ctx, doc); done <- err }()
	<-begun
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	close(end)
	result, err := r.Resolve(t.Context(), doc)
	require.NoError(t, err)
	require.Equal(t, map[string]any{"a": "v"}, result.Value())
}

// What is written wrongly asks nothing.
func TestWrongAddresses(t *testing.T) {
	cfg := store(t, func(string, []string) (int, string) { t.Error("asked"); return http.StatusOK, "{}" })
	for written, want := range map[string]string{
		"${aws:acount}":                  `aws has no "acount", want ${aws:accountId}, ${aws:region}, ${aws:partition} or ${aws:ssm:/NAME}`,
		"${aws:}":                        "no address, want ${aws:accountId}, ${aws:region}, ${aws:partition} or ${aws:ssm:/NAME}",
		"${cf:stack}":                    `"stack" names no output of a stack, want ${cf:STACK.OUTPUT}`,
		"${cf(raw):a.b}":                 `"raw" is no region, want one such as us-east-1`,
		"${s3:bucket}":                   `"bucket" names no object of a bucket, want ${s3:BUCKET/KEY}`,
		"${ssm:}":                        "no address, want ${ssm:/NAME}",
		"${ssm(us-east-1, eu-west-1):a}": `"us-east-1" and "eu-west-1" stand in the parentheses, want one region or raw or noDecrypt`,
		"${ssm('x.example.com/'):/a}":    `"x.example.com/" is no region, want one such as us-east-1`,
		"${ssm(12):/a}":                  "12 stands in the parentheses, want a region or raw or noDecrypt",
	} {
		_, err := resolve(t, sources(t, cfg), `a: "`+written+`"`)
		require.ErrorContains(t, err, want, written)
	}
	_, err := awssource.New(aws.Config{Region: "evil.example.com"}, nil)
	require.EqualError(t, err, `"evil.example.com" is no region, want one such as us-east-1`)
}

func TestPartition(t *testing.T) {
	for region, want := range map[string]string{"eu-west-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov", "us-isob-east-1": "aws-iso-b", "eusc-de-east-1": "aws-eusc"} {
		a, err := awssource.New(aws.Config{Region: region}, nil)
		require.NoError(t, err)
		v, found, err := a.Account().Resolve(t.Context(), nil, "partition")
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, want, v)
	}
}

func TestNoCredentials(t *testing.T) {
	cfg := aws.Config{Region: "us-east-1", Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, errors.New("nobody is signed in")
	})}
	_, err := resolve(t, sources(t, cfg), "a: ${ssm:/a}\nb: ${aws:accountId}\n")
	const why = "there are no credentials (sign in, or name a profile in AWS_PROFILE): nobody is signed in"
	require.ErrorContains(t, err, "serverless.yml:1:4: ${ssm:/a}: ssm:GetParameters /a in us-east-1: "+why)
	require.ErrorContains(t, err, "serverless.yml:2:4: ${aws:accountId}: sts:GetCallerIdentity in us-east-1: "+why)
}
