package workflow

// limit is what AWS allows of a name.
type limit struct {
	max   int  // 0: no limit is known
	lower bool // no capital letters
	cut   bool // CloudFormation makes the name, and cuts it
}

// How many characters AWS allows. Links without a host are of
// https://docs.aws.amazon.com.
//
//nolint:gochecknoglobals // constants
var (
	stackLimit      = limit{max: 128}                        // /AWSCloudFormation/latest/APIReference/API_CreateStack.html
	functionLimit   = limit{max: 64}                         // /lambda/latest/api/API_CreateFunction.html
	layerLimit      = limit{max: 140}                        // /lambda/latest/api/API_PublishLayerVersion.html
	roleLimit       = limit{max: 64}                         // /IAM/latest/UserGuide/reference_iam-quotas.html
	bucketLimit     = limit{max: 63, lower: true}            // /AmazonS3/latest/userguide/bucketnamingrules.html
	madeBucketLimit = limit{max: 63, lower: true, cut: true} // /AWSCloudFormation/latest/TemplateReference/aws-properties-name.html
	apiLimit        = limit{max: 128}                        // /apigatewayv2/latest/api-reference/apis.html
	restAPILimit    = limit{}                                // none is documented: /apigateway/latest/api/API_CreateRestApi.html
	ruleLimit       = limit{max: 64}                         // /eventbridge/latest/APIReference/API_PutRule.html
	topicLimit      = limit{max: 256}                        // /sns/latest/api/API_CreateTopic.html
)

// resourceLimits are the limits of the names in resources, by type and property.
//
//nolint:gochecknoglobals // a constant
var resourceLimits = map[string]limit{
	"AWS::ApiGateway::RestApi.Name":                                       restAPILimit,
	"AWS::ApiGatewayV2::Api.Name":                                         apiLimit,
	"AWS::Athena::WorkGroup.Name":                                         {max: 128},              // /athena/latest/APIReference/API_CreateWorkGroup.html
	"AWS::CloudFront::Function.Name":                                      {max: 64},               // /cloudfront/latest/APIReference/API_CreateFunction.html
	"AWS::CloudFront::OriginAccessControl.OriginAccessControlConfig.Name": {max: 64},               // /cloudfront/latest/APIReference/API_OriginAccessControlConfig.html
	"AWS::CloudWatch::Alarm.AlarmName":                                    {max: 255},              // /AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
	"AWS::CloudWatch::Dashboard.DashboardName":                            {max: 255},              // /AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
	"AWS::Cognito::IdentityPool.IdentityPoolName":                         {max: 128},              // /cognitoidentity/latest/APIReference/API_CreateIdentityPool.html
	"AWS::Cognito::UserPool.UserPoolName":                                 {max: 128},              // /cognito-user-identity-pools/latest/APIReference/API_CreateUserPool.html
	"AWS::Cognito::UserPoolClient.ClientName":                             {max: 128},              // /cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
	"AWS::Cognito::UserPoolDomain.Domain":                                 {max: 63, lower: true},  // /cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolDomain.html
	"AWS::DynamoDB::GlobalTable.TableName":                                {max: 255},              // /amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
	"AWS::DynamoDB::Table.TableName":                                      {max: 255},              // the same
	"AWS::EC2::SecurityGroup.GroupName":                                   {max: 255},              // /AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
	"AWS::ECR::Repository.RepositoryName":                                 {max: 256, lower: true}, // /AmazonECR/latest/APIReference/API_CreateRepository.html
	"AWS::ECS::Cluster.ClusterName":                                       {max: 255},              // /AmazonECS/latest/APIReference/API_CreateCluster.html
	"AWS::ECS::Service.ServiceName":                                       {max: 255},              // /AmazonECS/latest/APIReference/API_CreateService.html
	"AWS::ElasticLoadBalancingV2::LoadBalancer.Name":                      {max: 32},               // /elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
	"AWS::ElasticLoadBalancingV2::TargetGroup.Name":                       {max: 32},               // /elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
	"AWS::Elasticsearch::Domain.DomainName":                               {max: 28, lower: true},  // /opensearch-service/latest/APIReference/API_CreateDomain.html
	"AWS::Events::EventBus.Name":                                          {max: 256},              // /eventbridge/latest/APIReference/API_CreateEventBus.html
	"AWS::Events::Rule.Name":                                              ruleLimit,
	"AWS::IAM::Group.GroupName":                                           {max: 128}, // /IAM/latest/UserGuide/reference_iam-quotas.html
	"AWS::IAM::InstanceProfile.InstanceProfileName":                       {max: 128}, // the same
	"AWS::IAM::ManagedPolicy.ManagedPolicyName":                           {max: 128}, // the same
	"AWS::IAM::Policy.PolicyName":                                         {max: 128}, // the same
	"AWS::IAM::Role.RoleName":                                             roleLimit,
	"AWS::IAM::User.UserName":                                             {max: 64},  // the same
	"AWS::KMS::Alias.AliasName":                                           {max: 256}, // /kms/latest/APIReference/API_CreateAlias.html
	"AWS::Kinesis::Stream.Name":                                           {max: 128}, // /kinesis/latest/APIReference/API_CreateStream.html
	"AWS::KinesisFirehose::DeliveryStream.DeliveryStreamName":             {max: 64},  // /firehose/latest/APIReference/API_CreateDeliveryStream.html
	"AWS::Lambda::Alias.Name":                                             {max: 128}, // /lambda/latest/api/API_CreateAlias.html
	"AWS::Lambda::Function.FunctionName":                                  functionLimit,
	"AWS::Lambda::LayerVersion.LayerName":                                 layerLimit,
	"AWS::Logs::LogGroup.LogGroupName":                                    {max: 512},             // /AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
	"AWS::OpenSearchService::Domain.DomainName":                           {max: 28, lower: true}, // /opensearch-service/latest/APIReference/API_CreateDomain.html
	"AWS::RDS::DBCluster.DBClusterIdentifier":                             {max: 63},              // /AmazonRDS/latest/APIReference/API_CreateDBCluster.html
	"AWS::RDS::DBInstance.DBInstanceIdentifier":                           {max: 63},              // /AmazonRDS/latest/APIReference/API_CreateDBInstance.html
	"AWS::S3::Bucket.BucketName":                                          bucketLimit,
	"AWS::SNS::Topic.TopicName":                                           topicLimit,
	"AWS::SQS::Queue.QueueName":                                           {max: 80},  // /AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
	"AWS::Scheduler::Schedule.Name":                                       {max: 64},  // /scheduler/latest/APIReference/API_CreateSchedule.html
	"AWS::Scheduler::ScheduleGroup.Name":                                  {max: 64},  // /scheduler/latest/APIReference/API_CreateScheduleGroup.html
	"AWS::SecretsManager::Secret.Name":                                    {max: 512}, // /secretsmanager/latest/apireference/API_CreateSecret.html
	"AWS::StepFunctions::Activity.Name":                                   {max: 80},  // /step-functions/latest/apireference/API_CreateActivity.html
	"AWS::StepFunctions::StateMachine.StateMachineName":                   {max: 80},  // /step-functions/latest/apireference/API_CreateStateMachine.html
	"AWS::WAFv2::WebACL.Name":                                             {max: 128}, // /waf/latest/APIReference/API_CreateWebACL.html
}
