package terraformsource_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/mototest"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/params/variables/awssource"
	"github.com/slsflow/slsflow/params/variables/terraformsource"
)

const state = `{"version": 4, "terraform_version": "1.9.0", "serial": 12, "outputs": {
	"vpc": {"value": {"id": "vpc-1", "subnets": ["a", "b"], "size": 16}, "type": "any"},
	"password": {"value": "p4ss ${env:X}", "sensitive": true},
	"nothing": {"value": null}
}}`

var _ terraformsource.Backend = awssource.Object{}

func Example() {
	tree := fstest.MapFS{"net/terraform.tfstate": {Data: []byte(state)}}
	doc, err := variables.ParseDocument("serverless.yml", []byte("vpc: ${terraform:outputs:vpc.id}\npassword: ${terraform:outputs:password}\n"))
	if err != nil {
		log.Fatal(err)
	}
	r := variables.Resolver{Sources: map[string]variables.Source{
		"terraform": terraformsource.New(terraformsource.File{FS: tree, Name: "net/terraform.tfstate"}),
	}}
	result, err := r.Resolve(context.Background(), doc)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Value())
	// Output: map[password:REDACTED vpc:vpc-1]
}

const document = `
vpc: ${terraform:outputs:vpc}
subnet: ${terraform:outputs:vpc.subnets.1}
size: ${terraform:outputs:vpc.size}
password: ${terraform:outputs:password}
nothing: ${terraform:outputs:nothing, 'fallback'}
key: ${terraform:outputs:vpc.none, 'fallback'}
none: ${terraform:outputs:none, 'fallback'}
`

func resolve(t *testing.T, b terraformsource.Backend, text string) (*variables.Result, error) {
	t.Helper()
	doc, err := variables.ParseDocument("serverless.yml", []byte(text))
	require.NoError(t, err)
	r := variables.Resolver{Sources: map[string]variables.Source{"terraform": terraformsource.New(b)}}
	return r.Resolve(t.Context(), doc)
}

func check(t *testing.T, b terraformsource.Backend) {
	t.Helper()
	result, err := resolve(t, b, document)
	require.NoError(t, err)
	require.Equal(t, map[string]any{
		"vpc":    map[string]any{"id": "vpc-1", "subnets": []any{"a", "b"}, "size": int64(16)},
		"subnet": "b", "size": int64(16), "password": params.NewSecret("p4ss ${env:X}"),
		"nothing": "fallback", "key": "fallback", "none": "fallback",
	}, result.Value())
	require.Equal(t, []variables.Origin{{Type: "terraform", Address: "outputs:vpc", Object: b.String(), Version: 12}}, result.Leaves()[0].Origins)
}

func TestFile(t *testing.T) {
	check(t, terraformsource.File{FS: fstest.MapFS{"a.tfstate": {Data: []byte(state)}}, Name: "a.tfstate"})
}

func TestHTTP(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if user, password, _ := r.BasicAuth(); user != "joe" || password != "s3cret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if strings.HasSuffix(r.URL.Path, "/none") {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		fmt.Fprint(w, state)
	}))
	defer server.Close()
	check(t, terraformsource.HTTP{Address: server.URL + "/state", Username: "joe", Password: "s3cret"})
	require.EqualValues(t, 1, asked.Load())

	_, err := resolve(t, terraformsource.HTTP{Address: server.URL + "/state?token=t0ken"}, "a: ${terraform:outputs:x, 'no'}\n")
	require.EqualError(t, err, "serverless.yml:1:4: ${terraform:outputs:x, 'no'}: terraform: get "+server.URL+"/state: 401 Unauthorized")
	_, err = resolve(t, terraformsource.HTTP{Address: server.URL + "/none", Username: "joe", Password: "s3cret"}, "a: ${terraform:outputs:x}\n")
	require.EqualError(t, err, "serverless.yml:1:4: ${terraform:outputs:x}: no value: there is no state at "+server.URL+"/none (apply it first)")
	_, err = resolve(t, terraformsource.HTTP{Address: "https://joe:pass@host/"}, "a: ${terraform:outputs:x}\n")
	require.ErrorContains(t, err, "terraform: the address is not of the form https://HOST/PATH")
}

func TestS3(t *testing.T) {
	cfg := mototest.Start(t).Config("111111111111")
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("states")})
	require.NoError(t, err)
	_, err = client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("states"), Key: aws.String("net/dev"), Body: strings.NewReader(state)})
	require.NoError(t, err)
	account, err := awssource.New(cfg, nil)
	require.NoError(t, err)
	check(t, awssource.Object{AWS: account, Bucket: "states", Key: "net/dev"})
	result, err := resolve(t, awssource.Object{AWS: account, Bucket: "states", Key: "none"}, "a: ${terraform:outputs:x, 'fallback'}\n")
	require.NoError(t, err)
	require.Equal(t, map[string]any{"a": "fallback"}, result.Value())
}

func TestErrors(t *testing.T) {
	for src, want := range map[string]string{
		"{":                          "terraform: s is no state: no JSON of one",
		`{"version":3,"modules":[]}`: "terraform: s is a state of version 3, want 4 (apply it with Terraform 0.12 or later)",
		`{"version":4,"outputs":{}}`: "no value: s has no outputs:x (it has 0 outputs)",
		"  ":                         "no value: there is no state at s (apply it first)",
	} {
		_, err := resolve(t, terraformsource.File{FS: fstest.MapFS{"s": {Data: []byte(src)}}, Name: "s"}, "a: ${terraform:outputs:x}\n")
		require.ErrorContains(t, err, want)
	}
	_, err := resolve(t, terraformsource.File{FS: fstest.MapFS{}, Name: "s"}, "a: ${terraform:x}\n")
	require.ErrorContains(t, err, "terraform: the address names no output, want ${terraform:outputs:NAME}")
}
