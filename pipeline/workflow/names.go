package workflow

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/stage"
)

// cloudName is a name and where it comes from.
type cloudName struct {
	stage.CloudName
	path []string // in the serverless file
}

// namer collects the names that AWS will see of a service.
type namer struct {
	*loaded
	res     *variables.Result
	stage   stage.Name
	account string // "" if it is not known
	list    []cloudName
}

// cloudNames returns what AWS will see of a service.
func (l *loaded) cloudNames(res *variables.Result, n stage.Name, prof profile.Profile) []cloudName {
	m := &namer{loaded: l, res: res, stage: n, account: prof.Account}
	m.add("stack", m.stackName(), stackLimit, "provider", "stackName")
	m.functions()
	m.deploymentBucket()
	m.apis()
	m.resources()
	return m.list
}

// add adds a name, if it is known.
func (m *namer) add(what, text string, most limit, path ...string) {
	if text != "" && !strings.Contains(text, "${") {
		c := stage.CloudName{Service: m.service.Name, What: what, Text: text, Limit: most.max, Lower: most.lower, Cut: most.cut, Stage: m.stage}
		m.list = append(m.list, cloudName{c, path})
	}
}

// at returns the name at a path: "" if it is not known, and byDefault if there is
// none.
func (m *namer) at(byDefault string, path ...string) string {
	v, ok := m.res.At(path...)
	if !ok || v == nil {
		return byDefault
	}
	text, _ := v.(string)
	return text
}

// mapAt returns the map at a path, which may be nil.
func (m *namer) mapAt(path ...string) map[string]any {
	v, _ := m.res.At(path...)
	fields, _ := v.(map[string]any)
	return fields
}

// prefix is what the framework begins the names of a service with.
func (m *namer) prefix() string { return m.service.Name + "-" + m.stage.String() }

func (m *namer) stackName() string { return m.at(m.prefix(), "provider", "stackName") }

// functions adds the functions, their role, and what their events make.
func (m *namer) functions() {
	shared := false // a function needs the role that the framework makes
	functions := m.mapAt("functions")
	for _, key := range slices.Sorted(maps.Keys(functions)) {
		f, ok := functions[key].(map[string]any)
		if !ok {
			continue
		}
		shared = shared || f["role"] == nil
		m.add("function "+key, m.at(m.prefix()+"-"+key, "functions", key, "name"), functionLimit, "functions", key, "name")
		events, _ := f["events"].([]any)
		for i, e := range events {
			event, _ := e.(map[string]any)
			m.event(event, "functions", key, "events", strconv.Itoa(i))
		}
	}
	_, old := m.res.At("provider", "role")
	role, given := m.res.At("provider", "iam", "role")
	_, made := role.(map[string]any)
	if shared && !old && (!given || made) {
		m.add("role", m.at(m.prefix()+"-"+m.region+"-lambdaRole", "provider", "iam", "role", "name"), roleLimit, "provider", "iam", "role", "name")
	}
	for _, key := range slices.Sorted(maps.Keys(m.mapAt("layers"))) {
		m.add("layer "+key, m.at(key, "layers", key, "name"), layerLimit, "layers", key, "name")
	}
}

// event adds what an event makes under a name of its own.
func (m *namer) event(event map[string]any, path ...string) {
	switch v := event["s3"].(type) {
	case string:
		m.bucket(v, path)
	case map[string]any:
		if name, ok := v["bucket"].(string); ok && v["existing"] != true {
			m.bucket(name, path)
		}
	}
	switch v := event["sns"].(type) {
	case string:
		m.topic(v, path)
	case map[string]any:
		if name, ok := v["topicName"].(string); ok && v["arn"] == nil {
			m.topic(name, path)
		}
	}
	if v, ok := event["schedule"].(map[string]any); ok {
		if name, ok := v["name"].(string); ok {
			m.add("schedule "+name, name, ruleLimit, path...)
		}
	}
}

// bucket adds the bucket of an event, which may be a key of provider.s3.
func (m *namer) bucket(name string, path []string) {
	m.add("bucket "+name, m.at(name, "provider", "s3", name, "name"), bucketLimit, path...)
}

func (m *namer) topic(name string, path []string) {
	if !strings.HasPrefix(name, "arn:") {
		m.add("topic "+name, name, topicLimit, path...)
	}
}

// deploymentBucket adds the bucket that the framework puts its packages into.
func (m *namer) deploymentBucket() {
	path := []string{"provider", "deploymentBucket"}
	bucket, _ := m.res.At(path...)
	given, isMap := bucket.(map[string]any)
	if isMap {
		path = append(path, "name")
	}
	if stack := m.stackName(); bucket == nil || isMap && given["name"] == nil {
		if stack != "" {
			// CloudFormation appends characters of its own.
			m.add("deployment bucket", strings.ToLower(stack)+"-serverlessdeploymentbucket-*************", madeBucketLimit, path...)
		}
		return
	}
	m.add("deployment bucket", m.at("", path...), bucketLimit, path...)
}

// apis adds the APIs that the events of the functions need, unless they are
// somebody else's.
func (m *namer) apis() {
	used := make(map[string]bool)
	for _, v := range m.mapAt("functions") {
		f, _ := v.(map[string]any)
		events, _ := f["events"].([]any)
		for _, e := range events {
			if text, ok := e.(string); ok {
				used[text] = true
			}
			event, _ := e.(map[string]any)
			for kind := range event {
				used[kind] = true
			}
		}
	}
	first := func(setting string) string { // the order that the framework writes stage and service in
		if v, _ := m.res.At("provider", setting, "shouldStartNameWithService"); v == true {
			return m.prefix()
		}
		return m.stage.String() + "-" + m.service.Name
	}
	if used["http"] && m.mapAt("provider", "apiGateway")["restApiId"] == nil {
		m.add("REST API", m.at(first("apiGateway"), "provider", "apiName"), restAPILimit, "provider", "apiName")
	}
	if used["httpApi"] && m.mapAt("provider", "httpApi")["id"] == nil {
		m.add("HTTP API", m.at(first("httpApi"), "provider", "httpApi", "name"), apiLimit, "provider", "httpApi", "name")
	}
	if used["websocket"] && m.mapAt("provider", "apiGateway")["websocketApiId"] == nil {
		m.add("websocket API", m.at(m.stage.String()+"-"+m.service.Name+"-websockets", "provider", "websocketsApiName"), apiLimit, "provider", "websocketsApiName")
	}
}
