package main

import (
	"fmt"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/slsflow/slsflow/examples/internal/script"
	"github.com/slsflow/slsflow/internal/ststest"
	"github.com/slsflow/slsflow/profile/awsaccess"
)

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"verify": main}) }

// Each script has an STS with the access role of two accounts, of which the second
// trusts another external ID.
func TestScripts(t *testing.T) {
	script.Run(t, func(env *testscript.Env) error {
		sts := ststest.New()
		env.Defer(sts.Close)
		sts.User("AKIACI", "arn:aws:iam::999999999999:user/ci", false)
		for account, id := range map[string]string{"111111111111": "of-dev", "333333333333": "of-prod"} {
			role := awsaccess.AccessRole{
				Principals: []string{"999999999999"}, ExternalID: id, Services: []string{"db"},
				OIDC: []awsaccess.OIDC{{Issuer: awsaccess.GitLab, Subjects: []string{"project_path:shop/db:*"}}},
			}
			trust, err := role.TrustPolicy(account)
			if err != nil {
				return err
			}
			if err := sts.Role(fmt.Sprintf("arn:aws:iam::%s:role/slsflow-deploy", account), trust); err != nil {
				return err
			}
		}
		for name, value := range map[string]string{
			"AWS_ENDPOINT_URL_STS": sts.URL, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIACI", "AWS_SECRET_ACCESS_KEY": "secret-of-AKIACI",
			"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
			"TOKEN": sts.Token(awsaccess.GitLab, "project_path:shop/db:ref_type:branch:ref:main", awsaccess.Audience),
		} {
			env.Setenv(name, value)
		}
		return nil
	})
}
