package awssource_test

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/params/variables/awssource"
)

// The configuration is that of the deployment: its credentials come from the role
// of the profile. Nothing is asked that no variable needs.
func Example() {
	doc, err := variables.ParseDocument("serverless.yml", []byte(`
service: tasks
custom:
  bucket: arn:${aws:partition}:s3:::tasks-${aws:region}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	account, err := awssource.New(aws.Config{}, &awssource.Options{Region: "cn-north-1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := variables.Resolver{Sources: account.Sources()}
	result, err := r.Resolve(context.Background(), doc)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.At("custom", "bucket"))
	// Output: arn:aws-cn:s3:::tasks-cn-north-1 true
}
