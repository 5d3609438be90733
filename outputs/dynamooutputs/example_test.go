package dynamooutputs_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/slsflow/slsflow/outputs/dynamooutputs"
)

// A store of an account, whose table and key a stack makes beforehand.
func Example() {
	o := dynamooutputs.Options{KMSKey: "alias/slsflow-outputs"}
	var template struct {
		Resources map[string]struct{ Type string }
	}
	if err := json.Unmarshal(o.Template(), &template); err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(template.Resources)) {
		fmt.Println(name, template.Resources[name].Type)
	}
	_, err := dynamooutputs.New(aws.Config{Region: "eu-west-1" /* and the access of the account */}, o)
	fmt.Println(err)
	// Output:
	// Alias AWS::KMS::Alias
	// Key AWS::KMS::Key
	// Table AWS::DynamoDB::Table
	// <nil>
}
