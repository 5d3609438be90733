package awssource

import (
	"context"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/slsflow/slsflow/params/variables"
)

// maxObject bounds the size of an object that a variable reads, in bytes.
const maxObject = 16 << 20

// Objects is the source of ${s3:bucket/key} and ${s3(region):bucket/key}: an object
// as a text. An object that does not exist is absent, a bucket that does not is an
// error.
func (a *AWS) Objects() variables.Source {
	return variables.Parallel(trace(a.object))
}

func (a *AWS) object(ctx context.Context, params []any, address any) (any, variables.Origin, bool, error) {
	const want = "${s3:BUCKET/KEY}"
	written, err := text(address, want)
	if err != nil {
		return nil, variables.Origin{}, false, err
	}
	bucket, key, ok := strings.Cut(written, "/")
	if !ok || bucket == "" || key == "" {
		return nil, variables.Origin{}, false, fmt.Errorf("%q names no object of a bucket, want %s", written, want)
	}
	region, _, err := a.words(params)
	if err != nil {
		return nil, variables.Origin{}, false, err
	}
	body, found, err := a.objects.Do(ctx, region+" "+written, func(ctx context.Context) (string, bool, error) {
		return a.get(ctx, region, bucket, key)
	})
	if err == nil && found && !utf8.ValidString(body) {
		return nil, variables.Origin{}, false, fmt.Errorf("s3://%s is no UTF-8 text", written)
	}
	return body, variables.Origin{Object: "s3://" + written}, found && err == nil, err
}

// get fetches one object.
func (a *AWS) get(outer context.Context, region, bucket, key string) (body string, found bool, err error) {
	ctx, cancel := context.WithTimeout(outer, a.timeout)
	defer cancel()
	where := "s3://" + bucket + "/" + key
	client := s3.NewFromConfig(a.config(region), func(o *s3.Options) {
		o.DisableLogOutputChecksumValidationSkipped = true // many objects have none
		o.UsePathStyle = o.BaseEndpoint != nil             // an endpoint of one's own has no host for each bucket
	})
	out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if is(err, "NoSuchKey") {
		return "", false, nil
	}
	if err != nil {
		return "", false, a.fault(outer, "s3:GetObject", where, err)
	}
	defer out.Body.Close()
	src, err := io.ReadAll(io.LimitReader(out.Body, maxObject+1))
	if err != nil {
		return "", false, a.fault(outer, "s3:GetObject", where, err)
	}
	if len(src) > maxObject {
		return "", false, fmt.Errorf("%s is larger than %d MiB", where, maxObject>>20)
	}
	return string(src), true, nil
}

// An Object is one object of a bucket, read with the credentials of an [AWS]. It
// is where a state of Terraform can be.
type Object struct {
	AWS *AWS
	// Region of the bucket. Default: that of the service.
	Region      string
	Bucket, Key string
}

// Read returns the object, or false if it does not exist. It is fetched once.
func (o Object) Read(ctx context.Context) (data []byte, found bool, err error) {
	region, _, err := o.AWS.words([]any{nilOr(o.Region)})
	if err != nil {
		return nil, false, err
	}
	body, found, err := o.AWS.objects.Do(ctx, region+" "+o.Bucket+"/"+o.Key, func(ctx context.Context) (string, bool, error) {
		return o.AWS.get(ctx, region, o.Bucket, o.Key)
	})
	return []byte(body), found, err
}

// String returns the URL of the object.
func (o Object) String() string { return "s3://" + o.Bucket + "/" + o.Key }

func nilOr(s string) any {
	if s == "" {
		return nil
	}
	return s
}
