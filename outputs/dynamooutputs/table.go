package dynamooutputs

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// creating is how long a new table may take until it can be used.
const creating = 3 * time.Minute

// Ensure makes the table if there is none, and waits until it can be used: paid by
// request, protected from deletion, with backups of the last 35 days. Of several
// that call it at once one makes it. A table of that name with other keys is an
// error. It makes no key of KMS.
func (s *Store) Ensure(ctx context.Context) error {
	if err := s.ensure(ctx); err != nil {
		return fmt.Errorf("table %s for outputs: %w", s.table, err)
	}
	return nil
}

func (s *Store) ensure(ctx context.Context) error {
	out, err := s.db.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &s.table})
	if err == nil && out.Table.TableStatus == types.TableStatusActive {
		return checkKeys(out.Table)
	}
	if _, none := errors.AsType[*types.ResourceNotFoundException](err); err != nil && !none {
		return err
	}
	if err != nil {
		_, err := s.db.CreateTable(ctx, &dynamodb.CreateTableInput{
			TableName:                 &s.table,
			BillingMode:               types.BillingModePayPerRequest,
			DeletionProtectionEnabled: aws.Bool(true),
			AttributeDefinitions: []types.AttributeDefinition{
				{AttributeName: aws.String(pk), AttributeType: types.ScalarAttributeTypeS},
				{AttributeName: aws.String(sk), AttributeType: types.ScalarAttributeTypeS},
			},
			KeySchema: []types.KeySchemaElement{
				{AttributeName: aws.String(pk), KeyType: types.KeyTypeHash},
				{AttributeName: aws.String(sk), KeyType: types.KeyTypeRange},
			},
		})
		if _, other := errors.AsType[*types.ResourceInUseException](err); err != nil && !other { // somebody else makes it
			return err
		}
	}
	waiter := dynamodb.NewTableExistsWaiter(s.db, func(o *dynamodb.TableExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = 200*time.Millisecond, 5*time.Second
	})
	made, err := waiter.WaitForOutput(ctx, &dynamodb.DescribeTableInput{TableName: &s.table}, creating)
	if err != nil {
		return err
	}
	if err := checkKeys(made.Table); err != nil {
		return err
	}
	for n := 1; ; n++ {
		_, err = s.db.UpdateContinuousBackups(ctx, &dynamodb.UpdateContinuousBackupsInput{
			TableName:                        &s.table,
			PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(true)},
		})
		if _, soon := errors.AsType[*types.ContinuousBackupsUnavailableException](err); !soon || n == attempts { // as of a new table
			return err
		}
		if err := s.pause(ctx, n); err != nil {
			return err
		}
	}
}

// checkKeys returns an error if the table is another one.
func checkKeys(table *types.TableDescription) error {
	var keys []string
	for _, k := range table.KeySchema {
		keys = append(keys, fmt.Sprintf("%s %s", k.KeyType, aws.ToString(k.AttributeName)))
	}
	if got, want := strings.Join(keys, ", "), "HASH pk, RANGE sk"; got != want {
		return fmt.Errorf("it is there for something else: its keys are %s, want %s (choose another name)", got, want)
	}
	return nil
}

// Template returns a template of CloudFormation, in JSON, that makes the same
// table as [Store.Ensure], and, if KMSKey is an alias, the key that has it, which
// is rotated each year. Both stay when the stack is deleted.
func (o Options) Template() []byte {
	type object = map[string]any
	resources := object{
		"Table": object{
			"Type": "AWS::DynamoDB::Table", "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain",
			"Properties": object{
				"TableName":                 cmp.Or(o.Table, DefaultTable),
				"BillingMode":               "PAY_PER_REQUEST",
				"DeletionProtectionEnabled": true,
				"AttributeDefinitions": []object{
					{"AttributeName": pk, "AttributeType": "S"},
					{"AttributeName": sk, "AttributeType": "S"},
				},
				"KeySchema": []object{
					{"AttributeName": pk, "KeyType": "HASH"},
					{"AttributeName": sk, "KeyType": "RANGE"},
				},
				"PointInTimeRecoverySpecification": object{"PointInTimeRecoveryEnabled": true},
			},
		},
	}
	stackOutputs := object{"TableArn": object{"Value": object{"Fn::GetAtt": []string{"Table", "Arn"}}}}
	if strings.HasPrefix(o.KMSKey, "alias/") {
		resources["Key"] = object{
			"Type": "AWS::KMS::Key", "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain",
			"Properties": object{
				"Description":       "secret outputs of slsflow",
				"EnableKeyRotation": true,
				"KeyPolicy": object{
					"Version": "2012-10-17",
					"Statement": []object{{ // so that policies of IAM decide who may use it
						"Effect": "Allow", "Action": "kms:*", "Resource": "*",
						"Principal": object{"AWS": object{"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}},
					}},
				},
			},
		}
		resources["Alias"] = object{
			"Type": "AWS::KMS::Alias", "DeletionPolicy": "Retain",
			"Properties": object{"AliasName": o.KMSKey, "TargetKeyId": object{"Ref": "Key"}},
		}
		stackOutputs["KeyArn"] = object{"Value": object{"Fn::GetAtt": []string{"Key", "Arn"}}}
	}
	text, _ := json.MarshalIndent(object{ // it is made of texts and bools
		"AWSTemplateFormatVersion": "2010-09-09",
		"Description":              "The outputs that services publish, by slsflow",
		"Resources":                resources,
		"Outputs":                  stackOutputs,
	}, "", "  ")
	return append(text, '\n')
}
