package awsaccess

import (
	"encoding/json"
	"fmt"
)

// template is a CloudFormation template, in the order that people write it.
type template struct {
	AWSTemplateFormatVersion string
	Description              string
	Resources                map[string]any
	Outputs                  map[string]templateOutput
}

type roleResource struct {
	Type       string
	DependsOn  []string `json:",omitempty"`
	Properties struct {
		RoleName                 string
		Description              string
		MaxSessionDuration       int
		AssumeRolePolicyDocument document
		Policies                 []inlinePolicy
	}
}

type inlinePolicy struct {
	PolicyName     string
	PolicyDocument document
}

type providerResource struct {
	Type       string
	Properties struct {
		URL          string   `json:"Url"`
		ClientIDList []string `json:"ClientIdList"`
	}
}

type templateOutput struct {
	Description string
	Value       any
}

// Template returns the CloudFormation template of the role, in JSON. The same role
// has the same bytes. Deploy it with CAPABILITY_NAMED_IAM; its output RoleArn is
// what a profile names. The error is that of [AccessRole.Check].
func (r AccessRole) Template() ([]byte, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	t := template{
		AWSTemplateFormatVersion: "2010-09-09",
		Description:              "The role that slsflow deploys with",
		Outputs: map[string]templateOutput{
			"RoleArn": {"The role of the profile", map[string][]string{"Fn::GetAtt": {"Role", "Arn"}}},
		},
	}
	role := &roleResource{Type: "AWS::IAM::Role"}
	t.Resources = map[string]any{"Role": role}
	role.Properties.RoleName = r.name()
	role.Properties.Description = "Deploys with the Serverless Framework"
	role.Properties.MaxSessionDuration = int(MaxDuration.Seconds())
	role.Properties.AssumeRolePolicyDocument = r.trust()
	role.Properties.Policies = []inlinePolicy{{"deploy", r.permissions()}}
	for _, o := range r.OIDC {
		if !o.Create {
			continue
		}
		p := &providerResource{Type: "AWS::IAM::OIDCProvider"}
		p.Properties.URL, p.Properties.ClientIDList = o.Issuer, []string{o.audience()}
		id := fmt.Sprintf("Provider%d", len(t.Resources))
		t.Resources[id] = p
		role.DependsOn = append(role.DependsOn, id)
	}
	b, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("access role: %w", err)
	}
	return append(b, '\n'), nil
}
