package dopplersource_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/params/variables/dopplersource"
)

func server(t *testing.T, asked *atomic.Int32) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		q := r.URL.Query()
		switch {
		case r.URL.Path != "/v3/configs/config/secrets/download" || q.Get("format") != "json" || q.Get("config") != "qa":
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"messages":["Could not find requested config"],"success":false}`)
		case r.Header.Get("Authorization") != "Bearer t0ken":
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"messages":["Invalid Auth token"],"success":false}`)
		case q.Get("project") == "odd":
			fmt.Fprint(w, `[]`)
		case asked.Load() == 1:
			w.WriteHeader(http.StatusTooManyRequests)
		default:
			fmt.Fprintf(w, `{"DB_PASSWORD": "of-%s ${env:X}", "EMPTY": ""}`, q.Get("project"))
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func resolve(t *testing.T, o dopplersource.Options, text string) (*variables.Result, error) {
	t.Helper()
	source, err := dopplersource.New(o)
	require.NoError(t, err)
	doc, err := variables.ParseDocument("serverless.yml", []byte(text))
	require.NoError(t, err)
	r := variables.Resolver{Sources: map[string]variables.Source{"doppler": source}}
	return r.Resolve(t.Context(), doc)
}

func TestSecrets(t *testing.T) {
	var asked atomic.Int32
	o := dopplersource.Options{Token: "t0ken", Project: "shop", Config: "qa", Address: server(t, &asked)}
	result, err := resolve(t, o, `
a: ${doppler:DB_PASSWORD}
b: x-${doppler:net/DB_PASSWORD}
empty: ${doppler:EMPTY, 'not used'}
none: ${doppler:NONE, 'fallback'}
`)
	require.NoError(t, err)
	require.Equal(t, map[string]any{
		"a": params.NewSecret("of-shop ${env:X}"), "b": params.NewSecret("x-of-net ${env:X}"), "empty": params.NewSecret(""), "none": "fallback",
	}, result.Value())
	require.EqualValues(t, 3, asked.Load(), "once for each project, and once again")

	for _, row := range []struct{ token, config, text, want string }{
		{"t0ken", "dev", "${doppler:X, 'not used'}", "doppler: read shop/dev: Could not find requested config"},
		{"other", "qa", "${doppler:X}", "doppler: read shop/qa: Invalid Auth token"},
		{"t0ken", "qa", "${doppler:odd/X}", "doppler: read odd/qa: the answer is no JSON of texts"},
		{"t0ken", "qa", "${doppler:a/b/c}", "doppler: the address names no project and secret, want ${doppler:PROJECT/SECRET}"},
		{"t0ken", "qa", "${doppler:}", "doppler: the address names no project and secret"},
	} {
		o.Token, o.Config = row.token, row.config
		_, err := resolve(t, o, "a: \""+row.text+"\"\n")
		require.ErrorContains(t, err, row.want)
	}
}

func TestOptions(t *testing.T) {
	for want, o := range map[string]dopplersource.Options{
		"doppler: no token":  {Config: "dev"},
		"doppler: no config": {Token: "t"},
		"doppler: the address is not of the form https://HOST": {Token: "t", Config: "dev", Address: "ftp://x"},
	} {
		_, err := dopplersource.New(o)
		require.EqualError(t, err, want)
	}
}

func Example() {
	// In place of Doppler itself.
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"DB_PASSWORD": "s3cret"}`) }))
	defer server.Close()

	source, err := dopplersource.New(dopplersource.Options{Token: "dp.st.example", Project: "shop", Config: "dev", Address: server.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	doc, err := variables.ParseDocument("serverless.yml", []byte("url: postgres://app:${doppler:DB_PASSWORD}@db\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	r := variables.Resolver{Sources: map[string]variables.Source{"doppler": source}}
	result, err := r.Resolve(context.Background(), doc)
	fmt.Println(result.Value(), err)
	// Output: map[url:REDACTED] <nil>
}
