package vaultsource_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/params/variables/vaultsource"
)

// What comes from Vault is a secret, and so is all that it goes into.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"mount_type":"kv","data":{"data":{"password":"p4ss"}}}`)
	}))
	defer server.Close()
	source, err := vaultsource.New(vaultsource.Options{Address: server.URL, Token: "t0ken"})
	if err != nil {
		log.Fatal(err)
	}
	doc, err := variables.ParseDocument("serverless.yml", []byte("url: joe:${vault:secret/data/db/password}@db.example.com\n"))
	if err != nil {
		log.Fatal(err)
	}
	r := variables.Resolver{Sources: map[string]variables.Source{"vault": source}}
	result, err := r.Resolve(context.Background(), doc)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.At("url"))
	// Output: REDACTED true
}
