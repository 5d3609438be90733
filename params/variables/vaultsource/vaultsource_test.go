package vaultsource_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/params/variables/vaultsource"
)

// vault answers as the server does, and counts.
type vault struct {
	mu    sync.Mutex
	asked map[string]int
}

func (v *vault) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.asked == nil {
		v.asked = make(map[string]int)
	}
	v.asked[r.URL.Path]++
	answers := map[string]struct {
		status int
		body   string
	}{
		"/v1/secret/data/db":   {200, `{"mount_type":"kv","data":{"data":{"user":"joe ${env:X}","port":5432,"deep":{"list":["a","b"]},"nothing":null},"metadata":{"version":3}}}`},
		"/v1/kv/db":            {200, `{"mount_type":"kv","data":{"user":"old"}}`},
		"/v1/database/creds/r": {200, `{"mount_type":"database","data":{"username":"v-r"}}`},
		"/v1/secret/data/none": {404, `{"errors":[]}`},
		"/v1/wrong/db":         {404, `{"errors":["no handler for route \"wrong/db\""]}`},
		"/v1/secret/a b/é":     {200, `{"data":{"x":"escaped"}}`},
		"/v1/sealed/db":        {503, `{"errors":["Vault is sealed"]}`},
		"/v1/html/db":          {200, `<html>`},
	}
	a, ok := answers[r.URL.Path]
	if r.Header.Get("X-Vault-Token") != "t0ken" || !ok {
		a.status, a.body = 403, `{"errors":["permission denied"]}`
	}
	w.WriteHeader(a.status)
	fmt.Fprint(w, a.body)
}

func resolve(t *testing.T, server string, text string) (*variables.Result, error) {
	t.Helper()
	source, err := vaultsource.New(vaultsource.Options{Address: server, Token: "t0ken"})
	require.NoError(t, err)
	doc, err := variables.ParseDocument("serverless.yml", []byte(text))
	require.NoError(t, err)
	r := variables.Resolver{Sources: map[string]variables.Source{"vault": source}}
	return r.Resolve(t.Context(), doc)
}

func TestValues(t *testing.T) {
	v := new(vault)
	server := httptest.NewServer(v)
	defer server.Close()
	result, err := resolve(t, server.URL+"/", `
user: ${vault:secret/data/db/user}
port: ${vault:secret/data/db/port}
item: ${vault:secret/data/db/deep.list.1}
null: ${vault:secret/data/db/nothing, 'fallback'}
key: ${vault:secret/data/db/no.such, 'fallback'}
secret: ${vault:secret/data/none/x, 'fallback'}
first: ${vault:kv/db/user}
other: ${vault:database/creds/r/username}
escaped: ${vault:secret/a b/é/x}
`)
	require.NoError(t, err)
	secret := params.NewSecret
	require.Equal(t, map[string]any{
		"user": secret("joe ${env:X}"), "port": secret("5432"), "item": secret("b"), "null": "fallback", "key": "fallback",
		"secret": "fallback", "first": secret("old"), "other": secret("v-r"), "escaped": secret("escaped"),
	}, result.Value())
	for path, times := range v.asked {
		require.Equal(t, 1, times, path)
	}
	require.Equal(t, []variables.Origin{{Type: "vault", Address: "secret/data/db/user", Object: "secret/data/db", Secret: true}}, result.Leaves()[0].Origins)
}

func TestErrors(t *testing.T) {
	server := httptest.NewServer(new(vault))
	defer server.Close()
	for address, want := range map[string]string{
		"wrong/db/x":     `vault: read wrong/db: no handler for route "wrong/db"`,
		"other/db/x":     "vault: read other/db: permission denied (let the policy of the token read it)",
		"sealed/db/x":    "vault: read sealed/db: Vault is sealed",
		"html/db/x":      "vault: read html/db: the answer is no JSON",
		"x":              "vault: the address names no secret and key, want ${vault:PATH/KEY}",
		"db/":            "vault: the address names no secret and key, want ${vault:PATH/KEY}",
		"../sys/raw/key": `vault: "../sys/raw" is no path of a secret`,
	} {
		_, err := resolve(t, server.URL, "a: ${vault:"+address+", 'fallback'}\n")
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "t0ken")
	}
	_, err := vaultsource.New(vaultsource.Options{})
	require.EqualError(t, err, "vault: no token")
	_, err = vaultsource.New(vaultsource.Options{Token: "t0ken", Address: "https://user:pass@host"})
	require.EqualError(t, err, "vault: the address is not of the form https://HOST:PORT")
}

func TestPathOfOptions(t *testing.T) {
	server := httptest.NewServer(new(vault))
	defer server.Close()
	source, err := vaultsource.New(vaultsource.Options{Address: server.URL, Token: "t0ken", Path: "/secret/data/"})
	require.NoError(t, err)
	v, found, err := source.Resolve(t.Context(), nil, "db/port")
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, int64(5432), v)
}
